"""Saved views: filters and order of a page under a name, in the database of the workspace.

A view holds no run and no interaction, so it can be opened over any run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

MAX_NAME = 60
"""Letters of a name."""


@dataclass(frozen=True)
class View:
    """One saved view."""

    name: str
    values: Mapping[str, Any]
    """Values of the widgets of the page, by key."""
    saved: datetime


def prepare(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the table if there is none."""
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS saved_view (page TEXT, name TEXT, content TEXT, "
        "saved TIMESTAMPTZ, PRIMARY KEY (page, name))"
    )


def save(
    cursor: duckdb.DuckDBPyConnection, page: str, name: str, values: Mapping[str, Any]
) -> None:
    """Keep a view; one of the same name is replaced.

    Raises:
        ValueError: If the name is empty or longer than :data:`MAX_NAME`.
    """
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"A name has 1 to {MAX_NAME} letters.")
    cursor.execute(
        "INSERT OR REPLACE INTO saved_view VALUES ($page, $name, $content, $saved)",
        {"page": page, "name": name, "content": json.dumps(values), "saved": datetime.now(UTC)},
    )


def every(cursor: duckdb.DuckDBPyConnection, page: str) -> list[View]:
    """All views of a page, in the order of their names."""
    cursor.execute(
        "SELECT name, content, epoch(saved) FROM saved_view WHERE page = $page "
        "ORDER BY lower(name)",
        {"page": page},
    )
    return [
        View(name, json.loads(content), datetime.fromtimestamp(saved, UTC))
        for name, content, saved in cursor.fetchall()
    ]


def remove(cursor: duckdb.DuckDBPyConnection, page: str, name: str) -> None:
    """Forget a view."""
    cursor.execute(
        "DELETE FROM saved_view WHERE page = $page AND name = $name", {"page": page, "name": name}
    )
