"""File formats: a table of sources; the one place to add a format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.data.sources import catalogue, movielens, splits, tabular
from core.data.sources.mapping import (
    ColumnMapping,
    ItemMapping,
    UserMapping,
    guess_columns,
    guess_item_columns,
    guess_item_mapping,
    guess_user_columns,
    guess_user_mapping,
)
from core.data.sources.raw import RawTables
from core.data.sources.tabular import Preview, Request
from core.errors import DataError

__all__ = [
    "SOURCES",
    "ColumnMapping",
    "ItemMapping",
    "Preview",
    "RawTables",
    "Source",
    "UserMapping",
    "guess_columns",
    "guess_item_columns",
    "guess_item_mapping",
    "guess_user_columns",
    "guess_user_mapping",
    "load_raw",
    "preview",
    "sniff_source",
]


@dataclass(frozen=True)
class Source:
    """A format: whether a path looks like it, and how to read it."""

    sniff: Callable[[Path], bool]
    load: Callable[[Request, Path], RawTables]
    description: str
    """The layout in one line, for messages and forms."""


SOURCES: Final[Mapping[str, Source]] = {
    "movielens": Source(
        movielens.sniff,
        movielens.load,
        "MovieLens: u.data + u.item, ratings.dat + movies.dat, or ratings.csv + movies.csv",
    ),
    "catalogue": Source(
        catalogue.sniff, catalogue.load, "sample layout: interactions.csv + catalogue.csv"
    ),
    "splits": Source(
        splits.sniff, splits.load, "published split: train.* + test.*, maybe valid.* and items.*"
    ),
    "tabular": Source(
        tabular.sniff,
        tabular.load,
        "one CSV, TSV, JSON lines or Parquet file, or a folder of Parquet parts",
    ),
}
"""Name -> format; the first that recognises a path reads it."""


def sniff_source(path: str | Path) -> str:
    """Name of the format of a file or folder.

    Raises:
        DataError: If there is nothing at ``path`` or no format fits.
    """
    place = Path(path)
    if not place.exists():
        raise DataError(f"There is nothing at {place}. Check the path.")
    name = next((name for name, source in SOURCES.items() if source.sniff(place)), None)
    if name is None:
        files = ", ".join(sorted(file.name for file in place.iterdir())[:10]) or "nothing"
        known = "; ".join(source.description for source in SOURCES.values())
        raise DataError(
            f"The folder {place.name} is in no known layout; it holds: {files}. "
            f"Known are: {known}. Or choose the file of interactions itself."
        )
    return name


def load_raw(
    path: str | Path,
    mapping: ColumnMapping | None = None,
    items_path: str | Path | None = None,
    items_mapping: ItemMapping | None = None,
    users_path: str | Path | None = None,
    users_mapping: UserMapping | None = None,
) -> RawTables:
    """Read a file or a folder in a known layout.

    Args:
        path: File of interactions, or a folder.
        mapping: Columns of the interactions; guessed from common names if omitted.
        items_path: File of items, for a single file of interactions.
        items_mapping: Columns of the items; guessed if omitted.
        users_path: File of users with texts.
        users_mapping: Columns of the users; guessed if omitted.

    Raises:
        DataError: If it cannot be read; the message says what to change.
    """
    request = Request(
        Path(path),
        mapping,
        Path(items_path) if items_path else None,
        items_mapping,
        Path(users_path) if users_path else None,
        users_mapping,
    )
    source = SOURCES[sniff_source(path)]
    with tempfile.TemporaryDirectory(prefix="workbench-import-") as scratch:
        return source.load(request, Path(scratch))


def preview(path: str | Path, n_rows: int = 5) -> Preview:
    """Columns and first rows of one file, for choosing a mapping.

    Raises:
        DataError: If the file is no table.
    """
    with tempfile.TemporaryDirectory(prefix="workbench-import-") as scratch:
        return tabular.preview_file(Path(path), Path(scratch), n_rows)
