"""Edges of two refined graphs that differ: kept, weakened, dropped and added here and there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import query
from app.services.compare.pair import columns, on_edges, other, table
from app.services.graph_diff import DECISION
from app.services.store import Run

ABSENT: Final = "absent"
"""Decision on an edge that a run knows nothing of: never observed and not added."""
FROM: Final = 0.05
"""Change of weight from which an edge with the same decision counts as changed."""


@dataclass(frozen=True)
class Change:
    """Which edges are meant; an empty part leaves nothing out."""

    before: str = ""
    """Decision in the reference, or :data:`ABSENT`."""
    after: str = ""


def missing(run: Run, other_id: str) -> str:
    """Why graphs cannot be compared; empty where they can."""
    for one in (run, other(run, other_id)):
        if not columns(one, "edges"):
            return f"Run {one.id} has no edges.parquet."
    return ""


def summary(run: Run, other_id: str) -> pd.DataFrame:
    """Edges by both decisions and both reasons, in one question: both graphs are read once.

    Returns:
        Columns ``before``, ``after``, ``reason_a``, ``reason_b`` (without the number at the end),
        ``n``, ``moved`` (edges whose weight differs by :data:`FROM` or more), ``weight_a`` and
        ``weight_b`` (sums); the most frequent first.
    """
    return _ask(
        run,
        other_id,
        f"""
        SELECT before, after, reason_a, reason_b, count(*) AS n,
               count(*) FILTER (abs(weight_b - weight_a) >= {FROM}) AS moved,
               sum(weight_a) AS weight_a, sum(weight_b) AS weight_b
        FROM joined GROUP BY ALL ORDER BY n DESC, 1, 2, 3, 4
        """,
    )


def flows(found: pd.DataFrame) -> pd.DataFrame:
    """Edges of :func:`summary` by both decisions: the same columns without reasons."""
    numbers = ["n", "moved", "weight_a", "weight_b"]
    return found.groupby(["before", "after"], as_index=False)[numbers].sum()


def n_of(found: pd.DataFrame, which: Change) -> int:
    """Number of edges of :func:`summary` that are meant."""
    if which.before or which.after:
        fits = (found["before"] == which.before) | (not which.before)
        fits &= (found["after"] == which.after) | (not which.after)
        return int(found.loc[fits, "n"].sum())
    return int(found["n"].where(found["before"] != found["after"], found["moved"]).sum())


def page(run: Run, other_id: str, which: Change, limit: int, offset: int) -> pd.DataFrame:
    """A page of edges that differ, the largest change of weight first.

    Returns:
        Columns ``user_id``, ``item_id``, ``before``, ``after``, ``weight_a``, ``weight_b``,
        ``reason_a``, ``reason_b``.
    """
    values = {**_values(which), "limit": limit, "offset": offset}
    return _ask(run, other_id, f"{_ordered(which)} LIMIT $limit OFFSET $offset", values)


def export(run: Run, other_id: str, which: Change, target: Path) -> None:
    """Write all edges that are meant to a file, in the columns of :func:`page`."""
    theirs = other(run, other_id)
    tables: dict[str, pd.DataFrame | Path] = {"other_edge": table(theirs, "edges")}
    query.write(run, f"{_joined(run, theirs)} {_ordered(which)}", target, _values(which), tables)


def _ask(run: Run, other_id: str, sql: str, values: dict[str, Any] | None = None) -> pd.DataFrame:
    theirs = other(run, other_id)
    tables: dict[str, pd.DataFrame | Path] = {"other_edge": table(theirs, "edges")}
    return query.ask(run, f"{_joined(run, theirs)} {sql}", values, tables)


def _joined(run: Run, theirs: Run) -> str:
    """Table ``joined``: every edge of one of the graphs, with both decisions."""
    one = f"""SELECT "user", item, user_id, item_id, weight::DOUBLE AS weight,
                     {DECISION} AS decision,
                     regexp_replace(reason, ' [-+]?[0-9.]+$', '') AS reason"""
    return f"""
        WITH mine AS ({one} FROM edges), yours AS ({one} FROM other_edge),
        joined AS (
            SELECT coalesce(a.user_id, b.user_id) AS user_id,
                   coalesce(a.item_id, b.item_id) AS item_id,
                   coalesce(a.decision, '{ABSENT}') AS before,
                   coalesce(b.decision, '{ABSENT}') AS after,
                   coalesce(a.weight, 0) AS weight_a, coalesce(b.weight, 0) AS weight_b,
                   coalesce(a.reason, '') AS reason_a, coalesce(b.reason, '') AS reason_b
            FROM mine a FULL JOIN yours b ON {on_edges(run, theirs)}
        )
    """


def _condition(which: Change) -> str:
    parts = [f"{name} = ${name}" for name in ("before", "after") if getattr(which, name)]
    if not parts:
        parts = [f"(before <> after OR abs(weight_b - weight_a) >= {FROM})"]
    return " AND ".join(parts)


def _values(which: Change) -> dict[str, Any]:
    return {name: getattr(which, name) for name in ("before", "after") if getattr(which, name)}


def _ordered(which: Change) -> str:
    return f"""SELECT user_id, item_id, before, after, weight_a, weight_b, reason_a, reason_b
        FROM joined WHERE {_condition(which)}
        ORDER BY abs(weight_b - weight_a) DESC, user_id, item_id"""
