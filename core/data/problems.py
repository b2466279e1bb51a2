"""A finding about raw data: a value to show, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Problem:
    """One kind of trouble in a raw table, with examples and a way out."""

    title: str
    """What is wrong, in one line."""
    count: int
    """How many rows (or users, items, files) are concerned."""
    rows: list[dict[str, Any]]
    """At most :data:`MAX_EXAMPLES` example rows."""
    severity: Severity
    """``error``: cannot be prepared as it is; ``warning``: rows are left out or altered;
    ``info``: good to know."""
    fix: str
    """What to do about it, or what happens if nothing is done."""
