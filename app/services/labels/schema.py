"""Tables of the labels in the workspace database, and the words that they use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

from core.errors import DataError

OBSERVED: Final = ("clean", "hard", "noisy")
"""Labels of an observed pair, besides :data:`UNSURE`."""
UNOBSERVED: Final = ("like", "not")
"""Labels of a pair that was never observed, besides :data:`UNSURE`."""
UNSURE: Final = "unsure"
"""Seen and left open; counts for nothing but progress."""
CONFLICT: Final = "conflict"
"""Stands for the label of a pair that people label differently; never stored."""
ORDERS: Final = ("noisy", "uncertain", "disagreement", "influence", "random", "additions")
"""Names of the orders of the queue, as sources of a label."""
OF_A_PART: Final = "random part"
"""The order ``random`` while filters or a review list left out a part of the run: somebody looked
at the pair, but it is no draw from the whole."""
SOURCES: Final = (
    *(*ORDERS, OF_A_PART),
    *("second", "card", "table", "bulk", "import", "resolve", "undo", "redo"),
)
"""Where a label came from; ``second`` is a second opinion. ``table`` stands in older databases and
files alone, and counts as given to many pairs at once."""
ORIGINS: Final = tuple(name for name in SOURCES if name not in ("undo", "redo"))
"""How a label that stands came to be."""

_SAVING: Final[Mapping[str, str]] = {
    "parent": "TEXT",
    "seq_hi": "BIGINT NOT NULL",
    "at": "TIMESTAMPTZ NOT NULL",
    "who": "TEXT NOT NULL",
    "dataset": "TEXT NOT NULL",
    "message": "TEXT NOT NULL",
    "n": "INTEGER NOT NULL",
}
_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "label_event": {
        "seq": "BIGINT PRIMARY KEY DEFAULT nextval('label_seq')",
        "at": "TIMESTAMPTZ NOT NULL",
        "who": "TEXT NOT NULL",  # whose label it is
        "actor": "TEXT NOT NULL",  # who did it: another person only in imports and their undo
        "dataset": "TEXT NOT NULL",
        "user_id": "TEXT NOT NULL",
        "item_id": "TEXT NOT NULL",
        "observed": "BOOLEAN NOT NULL",
        "old": "TEXT",
        "new": "TEXT",
        "note": "TEXT NOT NULL",
        "source": "TEXT NOT NULL",
        "origin": "TEXT NOT NULL",  # how the label that stands came to be, whatever the action
        "batch": "TEXT NOT NULL",
        "undo_of": "TEXT",  # batch that an undo sets back, or a redo brings back
        "client": "TEXT",
        "cid": "BIGINT",
        "run_id": "TEXT NOT NULL",
        "p_noisy": "FLOAT",
        "verdict": "TEXT NOT NULL",
    },
    "revision": {"id": "TEXT PRIMARY KEY", **_SAVING},
    # Later savings of a content that was saved before.
    "revision_again": {"id": "TEXT NOT NULL", **_SAVING},
}
"""Columns by table. Times are quoted in every question: ``at`` is a word of DuckDB."""


def allowed(observed: bool) -> tuple[str, ...]:
    """Labels that a pair may get."""
    return (*(OBSERVED if observed else UNOBSERVED), UNSURE)


def prepare(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the tables if there are none; a database of an earlier version keeps what it has.

    Raises:
        core.errors.DataError: If the database has labels of a later version of the workbench.
    """
    cursor.execute("CREATE SEQUENCE IF NOT EXISTS label_seq")
    for name, columns in _TABLES.items():
        described = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        ends = ", UNIQUE (client, cid)" if name == "label_event" else ""
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({described}{ends})")
        found = {row[0] for row in cursor.execute(f"DESCRIBE {name}").fetchall()}
        if found != set(columns):
            raise DataError(
                f"The labels in {_file(cursor)} were made by another version of the workbench "
                f"(table {name}). Use that version; nothing was changed."
            )


def _file(cursor: duckdb.DuckDBPyConnection) -> str:
    found = cursor.execute(
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()
    return str(found[0][0]) if found and found[0][0] else "the workspace database"
