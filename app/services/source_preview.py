"""A look at files before they are imported: what layout they are in, and their first rows."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import duckdb
import pandas as pd

from app.services import failures, whole_file
from core.data.sources import (
    SOURCES,
    guess_columns,
    guess_item_mapping,
    preview,
    sniff_source,
)
from core.errors import DataError

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".parquet")
"""What can be uploaded. Formats that run code when they are read are not among them."""
READABLE: Final = (*SUFFIXES, ".txt", ".dat", ".data", ".item", ".gz", ".json")
SPLIT_LAYOUT: Final = "splits"
SINGLE_FILE: Final = "tabular"


@dataclass(frozen=True)
class Source:
    """What lies at a path."""

    layout: str
    """Key of the known layouts."""
    description: str
    files: tuple[Path, ...]
    """Tables that can be looked at, the interactions first."""
    items: Path | None
    """File of items that the layout brings along and whose columns can be mapped."""

    @property
    def mappable(self) -> bool:
        """Whether the columns can be chosen; other layouts fix them."""
        return self.layout in (SINGLE_FILE, SPLIT_LAYOUT)


def recognise(path: str) -> Source:
    """Find out what lies at a path.

    Raises:
        DataError: If there is nothing, or no known layout.
    """
    place = Path(path).expanduser()
    try:
        layout = sniff_source(place)
        files = (place,) if layout == SINGLE_FILE else _tables(place)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{place} cannot be opened: {reason}. Check the path.") from error
    items = next((file for file in files if file.stem == "items"), None)
    found = items if layout == SPLIT_LAYOUT else None
    return Source(layout, SOURCES[layout].description, files, found)


def first_rows(path: Path, n_rows: int = 200) -> pd.DataFrame:
    """First rows of a table as text, under the names of the columns in the file.

    Raises:
        DataError: If the file is no table; the message says what it is instead.
    """
    try:
        seen = preview(path, n_rows)
    except (duckdb.Error, OSError) as error:
        first = failures.first_line(error)
        raise DataError(f"{path.name} cannot be read: {first}. Check the file.") from error
    rows = [[_text(row.get(name)) for name in seen.columns] for row in seen.rows]
    return pd.DataFrame(rows, columns=pd.Index(list(seen.columns), dtype=object), dtype=object)


def propose_interactions(columns: Sequence[str]) -> dict[str, str]:
    """Guess which column of interactions means what: field -> column."""
    return guess_columns(columns)


def propose_items(columns: Sequence[str]) -> dict[str, Any]:
    """Guess which column of items means what; empty if none looks like an item id."""
    try:
        return guess_item_mapping(columns).model_dump()
    except DataError:
        return {}


def keep_upload(content: BinaryIO, name: str, workspace: Path) -> Path:
    """Write an uploaded file to ``<workspace>/uploads``; files there are never overwritten.

    Args:
        content: Open file, at any position.
        name: As the browser calls it; only letters, digits, dot, dash and underscore are kept.
        workspace: Folder of everything.

    Raises:
        DataError: If it is of a kind that is not read.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"Only {', '.join(SUFFIXES)} can be uploaded.")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip("-._")[:64] or "upload"
    folder = workspace / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}{suffix}"
    with whole_file.beside(path) as unfinished:
        content.seek(0)
        with unfinished.open("xb") as target:
            shutil.copyfileobj(content, target, 4 << 20)
        number = 1
        while not _claim(unfinished, path) and not _same(path, unfinished):
            number += 1
            path = folder / f"{stem}-{number}{suffix}"
    return path


def _claim(finished: Path, path: Path) -> bool:
    """Give a file a name, whole and at once; False where the name is taken."""
    try:
        os.link(finished, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links here, as on some mounted folders
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        os.replace(finished, path)
    return True


def _tables(place: Path) -> tuple[Path, ...]:
    """Tables in a folder, the interactions first."""
    order = ("ratings", "u.data", "interactions", "train")
    files = [file for file in place.iterdir() if file.is_file() and file.suffix in READABLE]

    def rank(file: Path) -> tuple[bool, str]:
        return not file.name.startswith(order), file.name

    return tuple(sorted((file for file in files if file.stem.lower() != "readme"), key=rank))


def _same(one: Path, other: Path) -> bool:
    """Whether two files have the same content."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(4 << 20):
            if block != right.read(4 << 20):
                return False
    return True


def _text(value: object) -> str | None:
    """A cell as text, not longer than can be looked at."""
    return None if value is None else str(value)[:300]
