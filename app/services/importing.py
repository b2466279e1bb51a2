"""Imports: where the files of a dataset lie and what their columns mean, kept by name.

``<workspace>/imports/<name>.json`` is what the command line and the app both work from. It is
written once a check has found no error; until then an import is a draft, in the folder ``drafts``
beside it, and what was kept under its name stays as it was.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError

from app.services.run_folder import write_json
from core.config import Settings
from core.data.sources import (
    SOURCES,
    ColumnMapping,
    ItemMapping,
    RawTables,
    UserMapping,
    guess_columns,
    guess_item_columns,
    guess_user_columns,
    load_raw,
)
from core.data.sources import preview as preview_file
from core.errors import ConfigError, DataError

LISTS: Final = ("text", "attributes")
"""Fields of a mapping that name several columns, separated by commas."""
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names of imports and datasets: never a path."""

AnyMapping = TypeVar("AnyMapping", ColumnMapping, ItemMapping, UserMapping)


class ImportPlan(Settings):
    """Where the files of an import lie, and what their columns mean."""

    name: str = Field(pattern=NAME)
    path: str
    items: str | None = None
    users: str | None = None
    mapping: ColumnMapping | None = None
    """None = guessed from common names."""
    item_mapping: ItemMapping | None = None
    user_mapping: UserMapping | None = None

    def load(self) -> RawTables:
        """Read the files.

        Raises:
            DataError: If they cannot be read.
        """
        return load_raw(
            self.path,
            self.mapping,
            self.items,
            self.item_mapping,
            self.users,
            self.user_mapping,
        )


def make_plan(
    path: Path,
    name: str | None = None,
    items: Path | None = None,
    users: Path | None = None,
    columns: Sequence[str] = (),
    item_columns: Sequence[str] = (),
    user_columns: Sequence[str] = (),
) -> ImportPlan:
    """Describe an import; columns that are not named are guessed.

    Args:
        path: File or folder of interactions.
        name: Name of the import; from the path if omitted.
        items: File of items.
        users: File of users.
        columns: ``field=column`` of the interactions.
        item_columns: The same for items.
        user_columns: The same for users.

    Raises:
        ConfigError: If a field is unknown or no name can be made.
        DataError: If there is nothing at ``path``.
    """
    for file in (path, items, users):
        if file is not None and not file.exists():
            raise DataError(f"There is nothing at {file}. Check the path.")
    name = name or name_of(path)
    try:
        return ImportPlan(
            name=name,
            path=str(path.resolve()),
            items=str(items.resolve()) if items else None,
            users=str(users.resolve()) if users else None,
            mapping=_mapping(ColumnMapping, path, columns, guess_columns),
            item_mapping=_mapping(ItemMapping, items, item_columns, guess_item_columns),
            user_mapping=_mapping(UserMapping, users, user_columns, guess_user_columns),
        )
    except ValidationError as error:
        raise ConfigError(
            f"'{name}' cannot be the name: use letters, digits, dot, dash and underscore."
        ) from error


def name_of(path: Path) -> str:
    """Name of an import made from its path; empty if no letter of it can be used."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().stem).strip("-._")[:64]


def save_plan(plan: ImportPlan, workspace: Path) -> Path:
    """Remember an import under its name; it is no draft any more."""
    path = _write(plan, workspace / "imports")
    draft = _file_of(plan.name, workspace, draft=True)
    with contextlib.suppress(OSError):
        if draft.read_bytes() == path.read_bytes():  # another one was drawn up meanwhile
            draft.unlink(missing_ok=True)
    return path


def save_draft(plan: ImportPlan, workspace: Path) -> Path:
    """Remember an import that was not checked yet; what is kept under its name stays."""
    return _write(plan, workspace / "imports" / "drafts")


def is_draft(name: str, workspace: Path) -> bool:
    """Whether the latest form of an import is one that no check has passed yet."""
    return _file_of(name, workspace, draft=True).is_file()


def open_names(workspace: Path) -> list[str]:
    """Names of the imports and drafts, the latest first."""
    places = [*workspace.glob("imports/*.json"), *workspace.glob("imports/drafts/*.json")]
    latest: dict[str, float] = {}
    for path in places:
        latest[path.stem] = max(path.stat().st_mtime, latest.get(path.stem, 0.0))
    return sorted(latest, key=lambda name: (-latest[name], name))


def open_plan(name: str, workspace: Path) -> ImportPlan:
    """Read the latest form of an import by its name, be it a draft.

    Raises:
        DataError: If there is none, or it is damaged.
    """
    return _read(name, workspace, draft=is_draft(name, workspace))


def names(workspace: Path) -> list[str]:
    """Names of the imports, the latest first."""
    found = {path.stem: path.stat().st_mtime for path in workspace.glob("imports/*.json")}
    return sorted(found, key=lambda name: (-found[name], name))


def find_plan(name_or_path: str, workspace: Path) -> ImportPlan:
    """Find an import by its name, or describe the file or folder at a path.

    Raises:
        DataError: If there is neither.
    """
    if _file_of(name_or_path, workspace).is_file() or not Path(name_or_path).exists():
        return stored_plan(name_or_path, workspace)
    return make_plan(Path(name_or_path))


def stored_plan(name: str, workspace: Path) -> ImportPlan:
    """Read an import by its name.

    Raises:
        DataError: If there is none, or it is damaged.
    """
    return _read(name, workspace, draft=False)


def _read(name: str, workspace: Path, draft: bool) -> ImportPlan:
    stored = _file_of(name, workspace, draft)
    try:
        return ImportPlan.model_validate_json(stored.read_bytes())
    except FileNotFoundError as error:
        known = ", ".join(sorted(names(workspace))) or "none"
        raise DataError(
            f"There is no import and no file named {name}. Imports are: {known}. "
            "Import the data first."
        ) from error
    except (OSError, ValidationError) as error:
        raise DataError(f"{stored} is damaged. Import the data again.") from error


def _write(plan: ImportPlan, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{plan.name}.json"
    write_json(path, plan.model_dump())
    return path


def _file_of(name: str, workspace: Path, draft: bool = False) -> Path:
    """File of an import; one that does not exist where the name is none."""
    known = name if re.fullmatch(NAME, name) else "-"
    return workspace / "imports" / ("drafts" if draft else "") / f"{known}.json"


def _mapping(
    kind: type[AnyMapping],
    file: Path | None,
    assignments: Sequence[str],
    guess: Callable[[Sequence[str]], Mapping[str, Any]],
) -> AnyMapping | None:
    """Guess a mapping and put the named columns in; None if none is named."""
    if not assignments:
        return None
    fields = list(kind.model_fields)
    if file is None:
        raise ConfigError("Columns of a file were named, but not the file itself.")
    columns = preview_file(file).columns if SOURCES["tabular"].sniff(file) else ()
    values = dict(guess(columns))
    for assignment in assignments:
        field, separator, column = assignment.partition("=")
        if not separator or field not in fields:
            raise ConfigError(
                f"'{assignment}' names no column. Write field=column; fields are "
                f"{', '.join(fields)}."
            )
        values[field] = tuple(column.split(",")) if field in LISTS else column
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        missing = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        has = f" {file.name} has: {', '.join(columns)}." if columns else ""
        raise ConfigError(f"Name the column of {missing}, as field=column.{has}") from error
