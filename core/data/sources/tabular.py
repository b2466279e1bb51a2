"""Any table with a column mapping: CSV, TSV, JSON lines, Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core.data.problems import Problem
from core.data.sources.files import (
    Scan,
    materialise,
    open_scan,
    parquet_parts,
    rows_of,
)
from core.data.sources.mapping import (
    ColumnMapping,
    ItemMapping,
    UserMapping,
    guess_item_mapping,
    guess_mapping,
    guess_user_mapping,
    require_columns,
)
from core.data.sources.raw import (
    INTERACTION_COLUMNS,
    RawTables,
    connect,
    create_interactions,
    create_items,
    text_of,
)


@dataclass(frozen=True)
class Request:
    """What to load; mappings that are not given are guessed from common names."""

    path: Path
    mapping: ColumnMapping | None = None
    items_path: Path | None = None
    items_mapping: ItemMapping | None = None
    users_path: Path | None = None
    users_mapping: UserMapping | None = None


@dataclass(frozen=True)
class Preview:
    """The beginning of a file, for choosing columns."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]


def sniff(path: Path) -> bool:
    """Whether this is a single file, or a folder with the parts of one table."""
    return path.is_file() or bool(parquet_parts(path))


def load(request: Request, scratch: Path) -> RawTables:
    """Read a file of interactions and, if given, files of items and users.

    Raises:
        DataError: If a file is no table or a mapped column is missing.
    """
    connection = connect()
    scan = open_scan(connection, request.path, scratch)
    mapping = request.mapping or guess_mapping(scan.columns)
    used = {field: column for field, column in mapping.model_dump().items() if column}
    require_columns(used.values(), scan.columns, request.path.name)
    names = {"user": "user_id", "item": "item_id"}
    problems = create_interactions(
        connection, scan, {names.get(f, f): text_of(scan, column) for f, column in used.items()}
    )
    attributes, item_problems = load_items(connection, request, scratch)
    problems += item_problems + load_users(connection, request, scratch)
    return RawTables(
        name=request.path.name,
        source="tabular",
        connection=connection,
        columns=tuple(name for name in INTERACTION_COLUMNS if name in used),
        attributes=attributes,
        has_items=request.items_path is not None,
        has_users=request.users_path is not None,
        unused=tuple(column for column in scan.columns if column not in used.values()),
        problems=tuple(problems),
    )


def load_items(
    connection: duckdb.DuckDBPyConnection, request: Request, scratch: Path
) -> tuple[tuple[str, ...], list[Problem]]:
    """Create the table ``items`` if a file is given; return its attributes and problems."""
    if request.items_path is None:
        return (), []
    scan = open_scan(connection, request.items_path, scratch)
    mapping = request.items_mapping or guess_item_mapping(scan.columns)
    fields = {"item_id": mapping.item, "title": mapping.title, "group": mapping.group}
    used = {field: column for field, column in fields.items() if column}
    require_columns(
        [*used.values(), *mapping.text, *mapping.attributes], scan.columns, request.items_path.name
    )
    expressions = {field: text_of(scan, column) for field, column in used.items()}
    if mapping.text:
        expressions["text"] = _joined(scan, mapping.text)
    attributes = {column: text_of(scan, column) for column in mapping.attributes}
    return mapping.attributes, create_items(connection, scan, expressions, attributes)


def load_users(
    connection: duckdb.DuckDBPyConnection, request: Request, scratch: Path
) -> list[Problem]:
    """Create the table ``users`` if a file is given; return its problems."""
    if request.users_path is None:
        return []
    scan = open_scan(connection, request.users_path, scratch)
    mapping = request.users_mapping or guess_user_mapping(scan.columns)
    require_columns([mapping.user, *mapping.text], scan.columns, request.users_path.name)
    text = _joined(scan, mapping.text) if mapping.text else "NULL::VARCHAR"
    select = f"{text_of(scan, mapping.user)} AS user_id, {text} AS text"
    return materialise(connection, "users", scan, select)


def preview_file(path: Path, scratch: Path, n_rows: int = 5) -> Preview:
    """Read the first rows of a file as they are.

    Raises:
        DataError: If the file is no table.
    """
    connection = connect()
    scan = open_scan(connection, path, scratch)
    cursor = connection.execute(f"SELECT * FROM {scan.sql} LIMIT {int(n_rows)}")
    return Preview(tuple(scan.columns), rows_of(cursor))


def _joined(scan: Scan, columns: tuple[str, ...]) -> str:
    return f"nullif(concat_ws(' ', {', '.join(text_of(scan, c) for c in columns)}), '')"
