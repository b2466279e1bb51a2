"""The review list: which interactions a filter leaves, in which order, page by page.

Values of a filter reach the database as parameters; names (of patterns, of orders) choose among
texts written here. So nothing that was typed becomes part of a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import query
from app.services.graph_diff import DECISION
from app.services.method_of import is_baseline
from app.services.patterns import LEVELS, OPPOSED, PATTERNS
from app.services.store import Run

EDGE_DECISIONS: Final = ("kept", "weakened", "dropped")
LABELLED: Final[Mapping[str, tuple[str, str]]] = {
    "no": ("Not labelled", "ANTI"),
    "yes": ("Labelled", ""),
    "against": ("Labelled otherwise than the verdict", "label NOT IN (verdict, 'unsure')"),
    "conflict": ("People differ", "label = 'conflict'"),
    "unsure": ("Unsure", "label = 'unsure'"),
}
"""Name -> title for people, what must hold of the label."""
NO_LABELS: Final = pd.DataFrame({"user_id": [], "item_id": [], "label": []}, dtype=str)
NO_KIND: Final = "none"
"""Stands for interactions of no planted kind."""


@dataclass(frozen=True)
class Filters:
    """What is asked for; an empty field leaves nothing out."""

    verdicts: tuple[str, ...] = ()
    p_low: float = 0.0
    """p_noisy from here, 0..1 ..."""
    p_high: float = 1.0
    """... to here, both included."""
    pattern: str = ""
    """A key of :data:`app.services.patterns.PATTERNS`."""
    graded: bool | None = None
    """Whether the judge was asked."""
    user_id: str = ""
    item_id: str = ""
    text: str = ""
    """Part of a title or an id, whatever the case of its letters."""
    reason: str = ""
    """Part of a reason of the judge, likewise."""
    edges: tuple[str, ...] = ()
    """Of :data:`EDGE_DECISIONS`."""
    kinds: tuple[str, ...] = ()
    """Planted kinds, or :data:`NO_KIND`."""
    list_path: str = ""
    """Parquet file with the column ``row``: a review list."""
    labelled: str = ""
    """A key of :data:`LABELLED`; another one leaves nothing out."""
    labels_path: str = ""
    """Parquet file of the labels, :func:`app.services.labels.at_hand.table`; empty = none."""


def _known(column: str) -> str:
    """A column without NaN, which would be sorted as the largest number."""
    return f"CASE WHEN isfinite({column}) THEN {column} END"


ORDERS: Final[Mapping[str, tuple[str, str]]] = {
    "opposed": ("Signals most at odds", f"{_known(OPPOSED)} DESC NULLS LAST"),
    "p_high": ("P(noisy), highest first", f"{_known('p_noisy')} DESC NULLS LAST"),
    "p_low": ("P(noisy), lowest first", f"{_known('p_noisy')} NULLS LAST"),
    "border": ("Nearest to the threshold", "abs(p_noisy - $threshold) NULLS LAST"),
    "loss_high": ("Loss, highest first", f"{_known('loss')} DESC NULLS LAST"),
    "loss_low": ("Loss, lowest first", f"{_known('loss')} NULLS LAST"),
    "semantic_low": ("Semantic relevance, lowest first", f"{_known('semantic')} NULLS LAST"),
    "semantic_high": (
        "Semantic relevance, highest first",
        f"{_known('semantic')} DESC NULLS LAST",
    ),
    "user": ("User, then item", "user_id, item_id"),
}
"""Name -> title for people, ORDER BY; ties are broken by ``row``."""


def orders(run: Run) -> list[str]:
    """Orders that mean something in a run, the usual one first.

    Without a threshold nothing is near to one; in a baseline nothing moved p_noisy, so no signals
    pulled at it.
    """
    without = {"border"} if run.manifest.threshold is None else set()
    without |= {"opposed"} if is_baseline(run.manifest) else set()
    return [name for name in ORDERS if name not in without]


def counts(run: Run, filters: Filters) -> dict[str, int]:
    """Count what the filters leave, by verdict."""
    where, values, tables = _conditions(run, filters)
    sql = f"SELECT verdict, count(*) AS n FROM interactions {where} GROUP BY verdict"
    found = query.ask(run, sql, values, tables)
    return {str(verdict): int(n) for verdict, n in zip(found["verdict"], found["n"], strict=True)}


def page(run: Run, filters: Filters, order: str, number: int, size: int) -> pd.DataFrame:
    """One page of the list.

    Args:
        run: Whose interactions.
        filters: Which of them.
        order: A key of :data:`ORDERS`; another one is taken for the first.
        number: From 1.
        size: Rows of a page.

    Returns:
        Columns ``row, verdict, p_noisy, user_id, item_id, title, loss, semantic, user_grade,
        item_grade, edge, kind, label``; ``kind`` is null where nothing was planted, ``label`` where
        nobody labelled.
    """
    where, values, tables = _conditions(run, filters)
    # Only numbers are sorted; what is shown beside them is read for the rows of the page alone.
    sql = f"""
        SELECT "row" FROM interactions {where} ORDER BY {_order(run, order)}
        LIMIT $size OFFSET $skip
    """
    values |= {"size": size, "skip": max(0, number - 1) * size} | _threshold(run, order)
    return _beside(run, filters, query.ask(run, sql, values, tables)["row"].tolist())


def _beside(run: Run, filters: Filters, numbers: list[int]) -> pd.DataFrame:
    """Rows of the list, with edge, planted kind and label beside each, in the order given."""
    shown = {"rows": numbers}
    found = query.ask(
        run,
        """
        SELECT "row", "user", item, verdict, p_noisy, user_id, item_id, title, loss, semantic,
               user_grade, item_grade
        FROM interactions WHERE "row" IN (SELECT unnest($rows))
        """,
        shown,
    )
    # Users and rows as values let the reader skip what a join would read.
    shown |= {"users": found["user"].unique().tolist()}
    return query.ask(
        run,
        f"""
        WITH edge AS (SELECT "user", item, {DECISION} AS edge FROM edges
                      WHERE "user" IN (SELECT unnest($users))),
        planted AS (SELECT "row", kind FROM kinds WHERE "row" IN (SELECT unnest($rows)))
        SELECT found."row", verdict, p_noisy, found.user_id, found.item_id, title, loss, semantic,
               user_grade, item_grade, edge.edge, planted.kind, said.label
        FROM found
        LEFT JOIN edge ON edge."user" = found."user" AND edge.item = found.item
        LEFT JOIN planted ON planted."row" = found."row"
        LEFT JOIN said ON said.user_id = found.user_id AND said.item_id = found.item_id
        ORDER BY list_position($rows, found."row")
        """,
        shown,
        {"found": found, "said": _labels(filters)},
    )


def rows(run: Run, filters: Filters) -> np.ndarray:
    """Numbers (``row``) of everything that the filters leave, int64, ascending."""
    where, values, tables = _conditions(run, filters)
    found = query.ask(run, f'SELECT "row" FROM interactions {where} ORDER BY "row"', values, tables)
    return found["row"].to_numpy(np.int64)


def export(run: Run, filters: Filters, order: str, target: Path) -> None:
    """Write all that the filters leave, with edge decision, planted kind and label, to a file."""
    where, values, tables = _conditions(run, filters)
    tables["said"] = _labels(filters)
    sql = f"""
        SELECT found.* EXCLUDE (place), {DECISION} AS edge, edges.weight AS edge_weight,
               edges.reason AS edge_reason, kinds.kind AS planted_kind,
               said.label AS label_of_people
        FROM (SELECT *, row_number() OVER (ORDER BY {_order(run, order)}) AS place
              FROM interactions {where}) AS found
        LEFT JOIN edges ON edges."user" = found."user" AND edges.item = found.item
        LEFT JOIN kinds ON kinds."row" = found."row"
        LEFT JOIN said ON said.user_id = found.user_id AND said.item_id = found.item_id
        ORDER BY place
    """
    query.write(run, sql, target, values | _threshold(run, order), tables)


def kinds(run: Run) -> list[str]:
    """Planted kinds of a run, in the order of the alphabet; empty where nothing was planted."""
    return [str(kind) for kind in query.ask(run, "SELECT DISTINCT kind FROM kinds ORDER BY 1").kind]


def _order(run: Run, order: str) -> str:
    known = orders(run)
    # Without a threshold the order "border" takes 0.5 (see below).
    _, by = ORDERS[order if order in (*known, "border") else known[0]]
    return f'{by}, "row"'


def _threshold(run: Run, order: str) -> dict[str, float]:
    """The parameter that one of the orders needs; DuckDB takes no parameter too many."""
    return {"threshold": run.manifest.threshold or 0.5} if order == "border" else {}


def _conditions(
    run: Run, filters: Filters
) -> tuple[str, dict[str, Any], dict[str, pd.DataFrame | Path]]:
    """WHERE of the filters, the values it names, and the tables it needs."""
    parts, values = _of_columns(filters)
    if filters.text:
        parts.append(_has_text(run))
        values["text"] = filters.text
    tables: dict[str, pd.DataFrame | Path] = {}
    if filters.pattern in PATTERNS:
        condition = PATTERNS[filters.pattern].condition
        inner = f'SELECT "row" FROM interactions, ({LEVELS}) WHERE {condition}'
        parts.append(f'"row" IN ({inner})')
    if filters.edges:
        inner = f'SELECT "user", item FROM edges WHERE in_original AND {DECISION} IN $edges'
        parts.append(f'("user", item) IN ({inner})')
        values["edges"] = list(filters.edges)
    if filters.kinds:
        # Not IN would be unknown beside a null: rows without a kind are asked for by name.
        parts.append(
            '("row" IN (SELECT "row" FROM kinds WHERE kind IN $kinds)'
            ' OR ($unplanted AND "row" NOT IN (SELECT "row" FROM kinds)))'
        )
        values |= {"kinds": list(filters.kinds), "unplanted": NO_KIND in filters.kinds}
    if filters.labelled in LABELLED:
        parts.append(_of_labels(filters.labelled))
        tables["said"] = _labels(filters)
    if filters.list_path:
        parts.append('"row" IN (SELECT "row" FROM picked)')
        tables["picked"] = Path(filters.list_path)
    return (f"WHERE {' AND '.join(parts)}" if parts else ""), values, tables


def _of_labels(labelled: str) -> str:
    """Condition over what people said of an interaction."""
    _, holds = LABELLED[labelled]
    pair = "said.user_id = interactions.user_id AND said.item_id = interactions.item_id"
    if holds == "ANTI":
        return f"NOT EXISTS (SELECT 1 FROM said WHERE {pair})"
    return f"EXISTS (SELECT 1 FROM said WHERE {' AND '.join(filter(None, (pair, holds)))})"


def _labels(filters: Filters) -> pd.DataFrame | Path:
    """Table of the labels, empty where there are none."""
    return Path(filters.labels_path) if filters.labels_path else NO_LABELS


def _of_columns(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """Conditions over the columns of an interaction alone, and their values."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    if filters.verdicts:
        parts.append("verdict IN $verdicts")
        values["verdicts"] = list(filters.verdicts)
    if filters.p_low > 0 or filters.p_high < 1:
        parts.append("p_noisy BETWEEN $p_low AND $p_high")
        values |= {"p_low": filters.p_low, "p_high": filters.p_high}
    if filters.graded is not None:
        parts.append("(user_grade >= 0 OR item_grade >= 0) = $graded")
        values["graded"] = filters.graded
    for name, wanted in (("user_id", filters.user_id), ("item_id", filters.item_id)):
        if wanted:
            parts.append(f"{name} = ${name}")
            values[name] = wanted
    if filters.reason:
        # Reasons are long and all different, so looking through them takes seconds, not moments.
        parts.append(_contain(("user_reason", "item_reason"), "reason"))
        values["reason"] = filters.reason
    return parts, values


def _has_text(run: Run) -> str:
    """Condition of ``Filters.text``: looked for in each user and item once, if they are listed."""
    if not query.has(run, "projection"):
        return _contain(("title", "user_id", "item_id"), "text")
    holds = _contain(("id", "title"), "text")
    fits = f"SELECT number FROM projection WHERE {holds} AND kind = '{{}}'"
    return f"""("user" IN ({fits.format("user")}) OR item IN ({fits.format("item")}))"""


def _contain(columns: tuple[str, ...], name: str) -> str:
    """Condition: one of the columns holds the text, whatever the case of its letters."""
    found = " OR ".join(f"contains(lower({column}), lower(${name}))" for column in columns)
    return f"({found})"
