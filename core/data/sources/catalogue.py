"""A folder with interactions.csv and catalogue.csv: the layout of the sample data.

A file ``truth.csv`` beside them says which interactions were planted as noise. It is never
opened here: only the evaluation may know it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.data.sources.files import open_scan
from core.data.sources.mapping import ColumnMapping, require_columns
from core.data.sources.raw import INTERACTION_COLUMNS, RawTables, create_items, text_of
from core.data.sources.tabular import Request
from core.data.sources.tabular import load as load_table

ATTRIBUTES: Final = ("genres", "director", "keywords")
CATALOGUE: Final = ("item_id", "title", "year", *ATTRIBUTES, "description", "niche")


def sniff(path: Path) -> bool:
    """Whether this folder holds both files."""
    return (path / "interactions.csv").is_file() and (path / "catalogue.csv").is_file()


def load(request: Request, scratch: Path) -> RawTables:
    """Read both files.

    Raises:
        DataError: If a column of the layout is missing.
    """
    folder = request.path
    mapping = ColumnMapping(
        user="user_id", item="item_id", timestamp="timestamp", position="position", split="split"
    )
    interactions = load_table(Request(folder / "interactions.csv", mapping), scratch)
    scan = open_scan(interactions.connection, folder / "catalogue.csv", scratch)
    require_columns(CATALOGUE, scan.columns, "catalogue.csv")
    expressions = {
        "item_id": text_of(scan, "item_id"),
        "title": text_of(scan, "title"),
        "text": text_of(scan, "description"),
        "group": text_of(scan, "niche"),
    }
    attributes = {name: text_of(scan, name) for name in ATTRIBUTES}
    attributes["decade"] = "(TRY_CAST(year AS INTEGER) // 10 * 10)::VARCHAR || 's'"
    problems = create_items(interactions.connection, scan, expressions, attributes)
    return RawTables(
        name=folder.name,
        source="catalogue",
        connection=interactions.connection,
        columns=tuple(name for name in INTERACTION_COLUMNS if name in interactions.columns),
        attributes=tuple(attributes),
        has_items=True,
        unused=interactions.unused,
        problems=(*interactions.problems, *problems),
    )
