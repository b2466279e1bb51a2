"""``import`` and ``prepare``: from files of interactions to a dataset in the workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError
from rich.console import Console

from app.commands.output import clean
from app.services.run_folder import write_json
from core.config import PrepareConfig, Settings
from core.data.dataset import load_manifest, save_dataset
from core.data.prepare import prepare
from core.data.problems import Problem
from core.data.sources import (
    ColumnMapping,
    ItemMapping,
    RawTables,
    UserMapping,
    guess_columns,
    guess_item_mapping,
    guess_user_mapping,
    load_raw,
)
from core.data.sources import preview as preview_file
from core.data.validate import validate
from core.errors import ConfigError, DataError

TRUTH_CSV: Final = "truth.csv"
LISTS: Final = ("text", "attributes")
"""Fields of a mapping that name several columns, separated by commas."""

AnyMapping = TypeVar("AnyMapping", ColumnMapping, ItemMapping, UserMapping)


class ImportPlan(Settings):
    """Where the files of an import lie, and what their columns mean."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
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
    name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", path.resolve().stem).strip("-._")[:64]
    try:
        return ImportPlan(
            name=name,
            path=str(path.resolve()),
            items=str(items.resolve()) if items else None,
            users=str(users.resolve()) if users else None,
            mapping=_mapping(ColumnMapping, path, columns, guess_columns),
            item_mapping=_mapping(ItemMapping, items, item_columns, guess_item_mapping),
            user_mapping=_mapping(UserMapping, users, user_columns, guess_user_mapping),
        )
    except ValidationError as error:
        raise ConfigError(
            f"'{name}' cannot be the name: use letters, digits, dot, dash and underscore."
        ) from error


def import_data(plan: ImportPlan, workspace: Path, console: Console) -> dict[str, Any]:
    """Check the files and remember the import under its name.

    Returns:
        ``ok`` is False if there are errors; then ``prepare`` would fail.
    """
    try:
        problems = validate(plan.load())
    except DataError as error:
        problems = [Problem("The data cannot be read", 1, [], "error", str(error))]
    folder = workspace / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{plan.name}.json", plan.model_dump())
    print_problems(problems, console)
    ok = all(problem.severity != "error" for problem in problems)
    if ok:
        console.print(f"Imported as {plan.name}. Next: python -m app.cli prepare {plan.name}")
    return {
        "name": plan.name,
        "ok": ok,
        "problems": [
            {
                "severity": problem.severity,
                "title": problem.title,
                "count": problem.count,
                "examples": [{k: str(v) for k, v in row.items()} for row in problem.rows],
                "fix": problem.fix,
            }
            for problem in problems
        ],
    }


def print_problems(problems: Sequence[Problem], console: Console) -> None:
    """Print what is wrong, how often, for example where, and what to do."""
    if not problems:
        console.print("No problems found.")
    for problem in problems:
        console.print(f"[bold]{problem.severity}[/]: {clean(problem.title)} ({problem.count})")
        for row in problem.rows[:3]:
            shown = ", ".join(f"{clean(name)}={clean(value)}" for name, value in row.items())
            console.print(f"    {shown}")
        console.print(f"    What to do: {clean(problem.fix)}")


def find_plan(name_or_path: str, workspace: Path) -> ImportPlan:
    """Find an import by its name, or describe the file or folder at a path.

    Raises:
        DataError: If there is neither.
    """
    stored = workspace / "imports" / f"{name_or_path}.json"
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name_or_path) and stored.is_file():
        try:
            return ImportPlan.model_validate_json(stored.read_bytes())
        except (OSError, ValidationError) as error:
            raise DataError(f"{stored} is damaged. Import the data again.") from error
    if Path(name_or_path).exists():
        return make_plan(Path(name_or_path))
    known = ", ".join(sorted(path.stem for path in workspace.glob("imports/*.json"))) or "none"
    raise DataError(
        f"There is no import and no file named {name_or_path}. Imports are: {known}. "
        "Import the data first."
    )


def prepare_data(
    plan: ImportPlan, options: Mapping[str, Any], workspace: Path, console: Console
) -> dict[str, Any]:
    """Write ``<workspace>/datasets/<name>``, with the truth of a ``truth.csv`` in the folder.

    Args:
        plan: The import.
        options: Values of :class:`PrepareConfig`; a split column is used if ``split`` is absent.
        workspace: Folder of all datasets.
        console: Where to print the report.

    Raises:
        ConfigError: If the options do not fit.
        DataError: If nothing usable is left.
    """
    raw = plan.load()
    split = "given" if "split" in raw.columns else "random"
    try:
        config = PrepareConfig.model_validate({"name": plan.name, "split": split} | dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    prepared = prepare(raw, config)
    truth = prepared.truth
    listed = Path(plan.path) / TRUTH_CSV
    if listed.is_file():
        # Loads PyTorch through the metrics of its package.
        from core.evaluation.truth import join_truth, read_truth_csv  # noqa: PLC0415

        told = read_truth_csv(listed, prepared.dataset)
        truth = told if truth is None else join_truth(told, truth)
    folder = workspace / "datasets" / config.name
    save_dataset(prepared.dataset, folder, prepared.report, truth, prepared.display)
    manifest = load_manifest(folder)
    print_report(manifest, console)
    return {
        name: manifest[name] for name in ("name", "fingerprint", "counts", "has_truth", "report")
    }


def print_report(manifest: Mapping[str, Any], console: Console) -> None:
    """Print what preparing did."""
    counts, report = manifest["counts"], manifest["report"]
    console.print(f"Dataset [bold]{clean(manifest['name'])}[/]")
    console.print(f"  {counts['n_users']:,} users, {counts['n_items']:,} items")
    console.print(
        f"  interactions: {counts['n_train']:,} train, {counts['n_valid']:,} validation, "
        f"{counts['n_test']:,} test, of {report['n_raw_rows']:,} rows"
    )
    for entry in report["left_out"]:
        console.print(f"  left out: {entry['n_rows']:,} ({clean(entry['reason'])})")
    console.print(f"  split: {clean(report['split_rule'])}")
    console.print(f"  items without any text: {report['n_items_without_text']:,}")
    if report["n_planted"]:
        console.print(f"  planted noise: {report['n_planted']:,} train interactions")
    if manifest["has_truth"]:
        console.print("  what is noise is known here, so detection can be measured")


def _mapping(
    kind: type[AnyMapping],
    file: Path | None,
    assignments: Sequence[str],
    guess: Any,  # noqa: ANN401 - the guesses return a mapping or its fields
) -> AnyMapping | None:
    """Guess a mapping and put the named columns in; None if none is named."""
    if not assignments:
        return None
    fields = list(kind.model_fields)
    if file is None:
        raise ConfigError("Columns of a file were named, but not the file itself.")
    guessed = guess(preview_file(file).columns) if file.is_file() else {}
    values = dict(guessed) if isinstance(guessed, dict) else guessed.model_dump()
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
        raise ConfigError(f"Name the column of {missing}, as field=column.") from error
