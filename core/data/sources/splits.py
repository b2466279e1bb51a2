"""A folder with train, test and maybe valid files: published splits, kept as given.

Items and users may lie beside them as ``items.*`` and ``users.*``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from core.data.problems import Problem
from core.data.sources.files import Scan, materialise, open_scan, quote_text
from core.data.sources.mapping import ColumnMapping, guess_mapping, require_columns
from core.data.sources.raw import INTERACTION_COLUMNS, RawTables, connect, create_typed, text_of
from core.data.sources.tabular import Request, load_items, load_users

SUFFIXES: Final = (".csv", ".tsv", ".parquet", ".jsonl", ".txt")
SPLITS: Final = ("train", "valid", "test")


def sniff(path: Path) -> bool:
    """Whether this folder holds a train and a test file."""
    return _find(path, "train") is not None and _find(path, "test") is not None


def load(request: Request, scratch: Path) -> RawTables:
    """Read the files one after the other; the file decides the split.

    Raises:
        DataError: If a file is no table or a mapped column is missing.
    """
    connection, folder = connect(), request.path
    problems: list[Problem] = []
    found = {split: _find(folder, split) for split in SPLITS}
    scans = {s: open_scan(connection, path, scratch) for s, path in found.items() if path}
    mapping = request.mapping or guess_mapping(scans["train"].columns)
    fields = {f: c for f, c in mapping.model_dump().items() if c and f != "split"}
    for split, scan in scans.items():
        require_columns(fields.values(), scan.columns, scan.path.name)
        problems += materialise(connection, f"part_{split}", scan, _select(scan, mapping, split))
    parts = " UNION ALL ".join(f"SELECT * FROM part_{split}" for split in scans)
    connection.execute(f"CREATE TABLE raw_interactions AS {parts}").fetchall()
    for split in scans:
        connection.execute(f"DROP TABLE part_{split}").fetchall()
    create_typed(connection, (*fields, "split"))
    items = request.items_path or _find(folder, "items")
    users = request.users_path or _find(folder, "users")
    request = Request(folder, mapping, items, request.items_mapping, users, request.users_mapping)
    attributes, item_problems = load_items(connection, request, scratch)
    return RawTables(
        name=folder.name,
        source="splits",
        connection=connection,
        columns=tuple(n for n in INTERACTION_COLUMNS if n in fields or n == "split"),
        attributes=attributes,
        has_items=items is not None,
        has_users=users is not None,
        problems=(*problems, *item_problems, *load_users(connection, request, scratch)),
    )


def _find(folder: Path, stem: str) -> Path | None:
    paths = [folder / f"{stem}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), None)


def _select(scan: Scan, mapping: ColumnMapping, split: str) -> str:
    names = {"user": "user_id", "item": "item_id"}
    fields = {f: c for f, c in mapping.model_dump().items() if c and f != "split"}
    columns = [f"{text_of(scan, column)} AS {names.get(f, f)}" for f, column in fields.items()]
    return ", ".join([*columns, f"{quote_text(split)} AS split"])
