"""The original graph beside the refined one: what was kept, weakened, dropped and added, and why.

A decision is the ``origin`` of an edge, with kept edges of a weight below 0.95 called ``weakened``:
an edge that keeps 95 % of its weight or more is kept. Soft weights are 1 - p_noisy and hardly ever
exactly 1, so without that rule every edge would count as weakened. Weakened edges are told in
``BANDS`` of weight.

The reason of an edge may end in a number of its own ("weight by p_noisy 0.11"); edges are grouped
and filtered by the reason without it.

The verdict of an edge that was never observed is ``never observed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services.query import ask, write
from app.services.selection import Selection
from app.services.store import Run

DECISIONS: Final = ("kept", "weakened", "dropped", "added")
CHANGES: Final = DECISIONS[1:]
NEVER: Final = "never observed"
BANDS: Final[Mapping[str, tuple[float, float]]] = {
    "0-0.25": (0.0, 0.25),
    "0.25-0.5": (0.25, 0.5),
    "0.5-0.75": (0.5, 0.75),
    "0.75-0.95": (0.75, 0.95),
}
"""Weights of weakened edges by name: from, and to without the end."""
KEPT_FROM: Final = 0.95
"""Weight from which a kept edge is called kept."""
ORDERS: Final[Mapping[str, str]] = {
    "P(noisy), high first": "p_noisy DESC NULLS LAST",
    "P(noisy), low first": "p_noisy ASC NULLS LAST",
    "Weight, low first": "weight ASC",
    "User": "user_id ASC",
    "Title": "title ASC NULLS LAST",
}

WEAKENED: Final = f"(origin = 'kept' AND weight::FLOAT < {KEPT_FROM}::FLOAT)"
"""Condition on a row of ``edges``; as FLOAT, because 0.95 of the file is below 0.95 as DOUBLE."""
DECISION: Final = f"CASE WHEN {WEAKENED} THEN 'weakened' ELSE origin END"
_BAND: Final = (
    "CASE "
    + " ".join(
        f"WHEN weight::FLOAT < {below}::FLOAT THEN '{name}'" for name, (_, below) in BANDS.items()
    )
    + " END"
)
EDGE: Final = f"""edge AS (
    SELECT e."user", e.item, e.user_id, e.item_id, e.weight, e.reason,
           regexp_replace(e.reason, ' [-+]?[0-9.]+$', '') AS why,
           e.in_original, e.in_refined,
           {DECISION} AS decision,
           CASE WHEN {WEAKENED} THEN {_BAND} ELSE '' END AS band,
           i."row", coalesce(i.verdict, 'never observed') AS verdict,
           CASE WHEN isfinite(i.p_noisy) THEN i.p_noisy END AS p_noisy
    FROM edges e LEFT JOIN interactions i ON i."user" = e."user" AND i.item = e.item
)"""
TITLES: Final = """titles AS (
    SELECT number AS item, title, "group" FROM projection WHERE kind = 'item'
)"""
_FITS: Final = """list_contains($decisions, decision)
    AND (len($verdicts) = 0 OR list_contains($verdicts, verdict))
    AND ($reason = '' OR why = $reason)"""
_HAS_TEXT: Final = """(contains(lower(user_id), lower($text))
    OR contains(lower(item_id), lower($text))
    OR contains(lower(coalesce(title, '')), lower($text)))"""


@dataclass(frozen=True)
class Filter:
    """Which edges are meant; an empty part leaves nothing out."""

    decisions: tuple[str, ...] = CHANGES
    verdicts: tuple[str, ...] = ()
    reason: str = ""
    """As :func:`flows` has it, without the number at its end."""
    text: str = ""
    """Part of a user id, item id or title."""
    chosen: Selection | None = None
    """Review list: only its interactions."""


def totals(run: Run) -> pd.DataFrame:
    """Size of both graphs.

    Returns:
        One row: ``original`` and ``refined`` (edges), ``kept``, ``weakened``, ``dropped``,
        ``added`` (edges), ``weakened <band>`` (edges, for each of ``BANDS``), ``weight`` (sum over
        the refined graph), ``users_alone`` and ``items_alone`` (nodes that had an edge and have
        none left).
    """
    bands = ", ".join(f"count(*) FILTER (band = '{name}') AS \"weakened {name}\"" for name in BANDS)
    return ask(
        run,
        f"""
        WITH {EDGE},
        alone AS (
            SELECT 'user' AS kind, "user" AS number FROM edges
            GROUP BY ALL HAVING bool_or(in_original) AND NOT bool_or(in_refined)
            UNION ALL
            SELECT 'item', item FROM edges
            GROUP BY ALL HAVING bool_or(in_original) AND NOT bool_or(in_refined)
        )
        SELECT count(*) FILTER (in_original) AS original, count(*) FILTER (in_refined) AS refined,
               count(*) FILTER (decision = 'kept') AS kept,
               count(*) FILTER (decision = 'weakened') AS weakened,
               count(*) FILTER (decision = 'dropped') AS dropped,
               count(*) FILTER (decision = 'added') AS added,
               {bands},
               coalesce(sum(weight), 0)::DOUBLE AS weight,
               (SELECT count(*) FROM alone WHERE kind = 'user') AS users_alone,
               (SELECT count(*) FROM alone WHERE kind = 'item') AS items_alone
        FROM edge
        """,
    )


def flows(run: Run) -> pd.DataFrame:
    """Count edges by verdict, decision, band of weight and reason.

    Returns:
        Columns ``verdict``, ``decision``, ``band`` (of ``BANDS``; empty unless weakened),
        ``reason`` (without the number at its end), ``n``, ``weight`` (mean in the refined
        graph), ``planted`` (share that was planted as noise; NaN where nothing was planted or
        nothing was observed), most frequent first.
    """
    return ask(
        run,
        f"""
        WITH {EDGE}, planted AS (SELECT count(*) > 0 AS known FROM kinds)
        SELECT verdict, decision, band, why AS reason, count(*) AS n, avg(weight)::DOUBLE AS weight,
               CASE WHEN any_value(planted.known) AND verdict <> 'never observed'
                    THEN avg(coalesce(kinds.noise, false)::INTEGER) END::DOUBLE AS planted
        FROM edge LEFT JOIN kinds USING ("row"), planted
        GROUP BY verdict, decision, band, why
        ORDER BY n DESC, verdict, decision, band, why
        """,
    )


def degrees(run: Run) -> pd.DataFrame:
    """Share of the nodes that have at least so many edges, in both graphs.

    The degree is the sum of the weights of a node's edges, so an edge of weight 1 counts one; to
    one decimal. Nodes without any edge count below all.

    Returns:
        Columns ``kind`` (``user`` or ``item``), ``graph`` (``original`` or ``refined``),
        ``degree`` above 0, ``share`` of the nodes of this kind with at least this degree.
    """
    return ask(
        run,
        """
        WITH node AS (
            SELECT 'user' AS kind, "user" AS number, sum(in_original::INTEGER)::DOUBLE AS before,
                   round(sum(weight::DOUBLE), 1) AS after FROM edges GROUP BY "user"
            UNION ALL
            SELECT 'item', item, sum(in_original::INTEGER)::DOUBLE,
                   round(sum(weight::DOUBLE), 1) FROM edges GROUP BY item
        ),
        counted AS (
            SELECT kind, 'original' AS graph, before AS degree, count(*) AS n FROM node GROUP BY ALL
            UNION ALL
            SELECT kind, 'refined', after, count(*) FROM node GROUP BY ALL
        )
        SELECT kind, graph, degree,
               sum(n) OVER (PARTITION BY kind, graph ORDER BY degree DESC)::DOUBLE
                   / CASE kind WHEN 'user' THEN $n_users ELSE $n_items END AS share
        FROM counted
        QUALIFY degree > 0
        ORDER BY kind DESC, graph, degree
        """,
        {"n_users": run.manifest.n_users, "n_items": run.manifest.n_items},
    )


def count(run: Run, which: Filter) -> tuple[int, int]:
    """Number of edges that are meant, and how many of them are train interactions."""
    found = ask(
        run,
        f'WITH {_filtered(which)} SELECT count(*) AS n, count("row") AS n_rows FROM found',
        _values(which),
        _tables(which),
    )
    return int(found["n"].iloc[0]), int(found["n_rows"].iloc[0])


def page(run: Run, which: Filter, order: str, limit: int, offset: int) -> pd.DataFrame:
    """A page of edges with the rationale behind each.

    Args:
        run: Which run.
        which: Which edges.
        order: One of ``ORDERS``.
        limit: Rows of the page.
        offset: Rows before it.

    Returns:
        Columns ``user, item, user_id, item_id, title, decision, weight, verdict, p_noisy, reason,
        user_reason, item_reason, row``; the reasons are empty where the judge was not asked, and
        ``row`` is NA where the pair was never observed.
    """
    sql = f"{_ordered(order)} LIMIT $limit OFFSET $offset"
    values = {**_values(which), "limit": limit, "offset": offset}
    found = ask(run, f"WITH {_with_reasons(which, sql)}", values, _tables(which))
    return found.astype({"row": "Int64"})


def export(run: Run, which: Filter, order: str, target: Path) -> None:
    """Write all edges that are meant, in the columns of :func:`page`."""
    sql = f"WITH {_with_reasons(which, _ordered(order))}"
    write(run, sql, target, _values(which), _tables(which))


def rows(run: Run, which: Filter) -> list[int]:
    """Train interactions among the edges that are meant, as values of ``row``."""
    sql = f'WITH {_filtered(which)} SELECT "row" FROM found WHERE "row" IS NOT NULL'
    return [int(row) for row in ask(run, sql, _values(which), _tables(which))["row"]]


def _filtered(which: Filter) -> str:
    """Tables ``edge``, ``titles`` and ``found``: the edges that are meant."""
    conditions = [_FITS]
    if which.text:
        conditions.append(_HAS_TEXT)
    if which.chosen:
        conditions.append('"row" IN (SELECT "row" FROM chosen)')
    # Titles are long and many: they are joined here only where the filter reads them.
    source = "edge LEFT JOIN titles USING (item)" if which.text else "edge"
    return (
        f"{EDGE}, {TITLES}, found AS (SELECT edge.* FROM {source} WHERE {' AND '.join(conditions)})"
    )


def _ordered(order: str) -> str:
    titles = "LEFT JOIN titles USING (item)" if order == "Title" else ""
    return f'SELECT found.* FROM found {titles} ORDER BY {ORDERS[order]}, "user", item'


def _with_reasons(which: Filter, page_sql: str) -> str:
    """Titles and reasons are looked up for the page alone: they are long."""
    return f"""{_filtered(which)}, paged AS (
            SELECT *, row_number() OVER () AS place FROM ({page_sql})
        )
        SELECT p."user", p.item, p.user_id, p.item_id, titles.title, p.decision, p.weight,
               p.verdict, p.p_noisy, p.reason, coalesce(j.user_reason, '') AS user_reason,
               coalesce(j.item_reason, '') AS item_reason, p."row"
        FROM paged p LEFT JOIN titles ON titles.item = p.item
             LEFT JOIN judgements j ON j."user" = p."user" AND j.item = p.item
        ORDER BY p.place"""


def _values(which: Filter) -> dict[str, Any]:
    return {
        "decisions": list(which.decisions),
        "verdicts": list(which.verdicts),
        "reason": which.reason,
        **({"text": which.text} if which.text else {}),
    }


def _tables(which: Filter) -> dict[str, pd.DataFrame | Path] | None:
    return {"chosen": which.chosen.path} if which.chosen else None
