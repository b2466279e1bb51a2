"""Raw tables as read: text in DuckDB, typed on the way out.

Each :class:`RawTables` owns one in-memory database. It spills to a temporary folder when the
data outgrows memory, and every query uses its own cursor, so tables can be read from any thread.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from core.data.problems import Problem
from core.data.sources.files import Scan, materialise, quote_name, rows_of

INTERACTION_COLUMNS: Final = ("rating", "timestamp", "label", "position", "split")
"""Optional columns of the interactions; ``user_id`` and ``item_id`` are always there."""

SPLIT_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev"),
    "test": ("test", "testing"),
}


@dataclass(frozen=True)
class RawTables:
    """Interactions, items and users as they were read, ids as text.

    The database has the tables ``raw_interactions`` (text), ``typed`` (the same rows with
    numbers where they can be read as such, else NULL), ``items`` and ``users``.
    """

    name: str
    """Name of the file or folder."""
    source: str
    """Key of ``SOURCES`` that read it."""
    connection: duckdb.DuckDBPyConnection
    columns: tuple[str, ...]
    """Which of :data:`INTERACTION_COLUMNS` there are."""
    attributes: tuple[str, ...] = ()
    """Multi-valued columns of the items."""
    has_items: bool = False
    has_users: bool = False
    unused: tuple[str, ...] = ()
    """Columns of the interactions file that are not used."""
    problems: tuple[Problem, ...] = ()
    """What went wrong while reading."""

    @property
    def time_unit(self) -> float:
        """Divisor that turns the timestamps into seconds, e.g. 1000 for milliseconds."""
        return _time_unit(self.connection.cursor()) if "timestamp" in self.columns else 1.0

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query as dictionaries."""
        return rows_of(self.connection.cursor().execute(sql))

    def interactions(self) -> pa.Table:
        """All rows in file order: user_id, item_id, rating, timestamp (s), label, position, split.

        Ids and split are text; the others are float64; NULL where there is no such value.
        """
        columns = "user_id, item_id, " + ", ".join(INTERACTION_COLUMNS)
        return self.connection.cursor().sql(f"SELECT {columns} FROM typed").to_arrow_table()

    def rows_with_ids(self, *columns: str) -> pa.Table:
        """Some columns of the rows that have both ids, in file order, as in :meth:`interactions`.

        A column at a time takes a fraction of the memory of all of them.
        """
        names = ", ".join(map(quote_name, columns))
        known = "user_id IS NOT NULL AND item_id IS NOT NULL"
        return (
            self.connection.cursor()
            .sql(f"SELECT {names} FROM typed WHERE {known}")
            .to_arrow_table()
        )

    def n_rows(self) -> int:
        """Rows in the file, those without an id included."""
        (found,) = self.connection.cursor().execute("SELECT count(*) FROM typed").fetchall()[0]
        return int(found)

    def items(self, ids: pa.Array) -> pa.Table:
        """Metadata of some items in the order of ``ids``; NULL where there is none.

        Columns: item_id, title, text, group and, as text, ``attribute:<name>`` for each of
        :attr:`attributes`.
        """
        columns = ["title", "text", "group", *map(attribute_column, self.attributes)]
        return self._lookup("items", "item_id", columns, ids)

    def users(self, ids: pa.Array) -> pa.Table:
        """Texts of some users in the order of ``ids``; columns user_id and text."""
        return self._lookup("users", "user_id", ["text"], ids)

    def _lookup(self, table: str, key: str, columns: Sequence[str], ids: pa.Array) -> pa.Table:
        """Left join; of several rows with one id the first counts."""
        cursor = self.connection.cursor()
        cursor.register("wanted", pa.table({"id": ids, "place": pa.array(range(len(ids)))}))
        names = ", ".join(f"known.{quote_name(column)}" for column in columns)
        first = f"row_number() OVER (PARTITION BY {key} ORDER BY rowid) = 1"
        known = f"SELECT * FROM {table} QUALIFY {first}"
        return cursor.sql(
            f"SELECT wanted.id AS {key}, {names} FROM wanted LEFT JOIN ({known}) AS known "
            f"ON known.{key} = wanted.id ORDER BY place"
        ).to_arrow_table()


def attribute_column(name: str) -> str:
    """Column of an attribute; the prefix keeps it apart from title, text and the others."""
    return f"attribute:{name}"


def connect() -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that spills to disk and never reaches for the network."""
    spill = Path(tempfile.gettempdir()) / f"workbench-spill-{os.getpid()}"
    return duckdb.connect(
        ":memory:",
        config={
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


def text_of(scan: Scan, column: str) -> str:
    """SQL that turns a column into trimmed text: NULL if blank, lists joined by ``|``."""
    name, kind = quote_name(column), scan.types[column]
    if kind.endswith("[]"):
        return f"nullif(array_to_string({name}::VARCHAR[], '|'), '')"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch({name})::VARCHAR"
    if kind in {"DOUBLE", "FLOAT"}:  # pandas turns ids with a gap into 1.0, 2.0 ...
        whole = f"isfinite({name}) AND {name} = floor({name}) AND abs({name}) < 9e15"
        return f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    return f"nullif(trim({name}::VARCHAR), '')"


def create_interactions(
    connection: duckdb.DuckDBPyConnection, scan: Scan, expressions: Mapping[str, str]
) -> list[Problem]:
    """Create ``raw_interactions`` from SQL expressions for its columns, and ``typed``."""
    select = ", ".join(f"{sql} AS {name}" for name, sql in expressions.items())
    problems = materialise(connection, "raw_interactions", scan, select)
    create_typed(connection, tuple(expressions))
    return problems


def create_typed(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Create the view ``typed`` over ``raw_interactions``: all columns, as text and typed."""
    text = {name: name if name in columns else "NULL::VARCHAR" for name in INTERACTION_COLUMNS}
    cases = " ".join(
        f"WHEN lower({text['split']}) IN ({', '.join(map(repr, names))}) THEN '{split}'"
        for split, names in SPLIT_NAMES.items()
    )
    unit = _time_unit(connection) if "timestamp" in columns else 1.0
    as_text = ", ".join(f"{sql} AS {name}_text" for name, sql in text.items())
    connection.execute(f"""
        CREATE VIEW typed AS SELECT user_id, item_id, {as_text},
            TRY_CAST({text["rating"]} AS DOUBLE) AS rating,
            coalesce(TRY_CAST({text["timestamp"]} AS DOUBLE) / {unit},
                     epoch(TRY_CAST({text["timestamp"]} AS TIMESTAMP))) AS timestamp,
            CASE WHEN lower({text["label"]}) IN ('1', '1.0', 'true') THEN 1::DOUBLE
                 WHEN lower({text["label"]}) IN ('0', '0.0', 'false') THEN 0::DOUBLE END AS label,
            TRY_CAST({text["position"]} AS DOUBLE) AS position,
            CASE {cases} END AS split
        FROM raw_interactions""").fetchall()


def _time_unit(connection: duckdb.DuckDBPyConnection) -> float:
    """Divisor to seconds, from the size of the median timestamp (ms, microseconds or ns)."""
    (median,) = connection.execute(
        "SELECT median(abs(TRY_CAST(timestamp AS DOUBLE))) FROM raw_interactions"
    ).fetchall()[0]
    sizes = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
    return next((unit for size, unit in sizes if (median or 0.0) > size), 1.0)


def create_items(
    connection: duckdb.DuckDBPyConnection,
    scan: Scan,
    expressions: Mapping[str, str],
    attributes: Mapping[str, str],
) -> list[Problem]:
    """Create ``items``: item_id, title, text, group and one text column per attribute.

    Args:
        connection: Database of the raw tables.
        scan: The file.
        expressions: SQL of ``item_id`` and, if there are any, ``title``, ``text``, ``group``.
        attributes: Attribute -> SQL of its values, joined by ``|``.
    """
    fixed = {name: expressions.get(name, "NULL::VARCHAR") for name in _ITEM_COLUMNS}
    columns = {**fixed, **{attribute_column(name): sql for name, sql in attributes.items()}}
    select = ", ".join(f"{sql} AS {quote_name(name)}" for name, sql in columns.items())
    return materialise(connection, "items", scan, select)


_ITEM_COLUMNS: Final = ("item_id", "title", "text", "group")
