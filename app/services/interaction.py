"""What is known about one interaction: the content of its card."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import query, whole_file
from app.services.graph_diff import DECISION
from app.services.store import Run

SIGNALS: Final = ("loss", "score", "semantic", "text_among_users", "logical", "p_noisy")
"""Of an interaction, in the order in which the card shows them."""
EVIDENCE: Final = ("loss", "score", "semantic", "user_grade", "item_grade")
"""What makes two interactions similar."""


def facts(run: Run, row: int) -> dict[str, Any] | None:
    """Everything single-valued about an interaction; None if there is no such row.

    Returns:
        The columns of ``interactions``, and ``user_support``, ``item_support`` (0..1), ``origin``,
        ``decision`` (as :mod:`app.services.graph_diff` calls it), ``weight``, ``edge_reason`` of
        the edge, ``kind`` (planted), ``user_items`` and ``item_users`` (train interactions of
        both). Null where not known.
    """
    this = _first(query.ask(run, 'SELECT * FROM interactions WHERE "row" = $row', {"row": row}))
    if this is None:
        return None
    # Users and items as values let the reader skip what a join would read.
    around = query.ask(
        run,
        f"""
        WITH edge AS (SELECT origin, {DECISION} AS decision, weight, reason AS edge_reason
                      FROM edges WHERE "user" = $user AND item = $item),
        judged AS (SELECT any_value(user_support) AS user_support,
                          any_value(item_support) AS item_support
                   FROM judgements WHERE "user" = $user AND item = $item),
        planted AS (SELECT kind FROM kinds WHERE "row" = $row),
        around AS (SELECT count(*) FILTER ("user" = $user) AS user_items,
                          count(*) FILTER (item = $item) AS item_users
                   FROM interactions)
        SELECT * FROM around LEFT JOIN edge ON true LEFT JOIN judged ON true
                             LEFT JOIN planted ON true
        """,
        {"row": row, "user": this["user"], "item": this["item"]},
    )
    return this | (_first(around) or {})


def texts(run: Run, user: int, item: int) -> dict[str, Any]:
    """Texts of both sides: ``profile`` (of the user), ``text`` and ``attributes`` (of the item).

    ``attributes`` is a table with ``name`` and ``values``, empty where the items have none, or
    where the dataset is gone or was prepared again: the run itself keeps only the texts.
    """
    kept = query.ask(
        run,
        """
        SELECT kind, text FROM embeddings
        WHERE (kind = 'user' AND number = $user) OR (kind = 'item' AND number = $item)
        """,
        {"user": user, "item": item},
    )
    of_run = {str(kind): str(text or "") for kind, text in zip(kept.kind, kept.text, strict=True)}
    described: dict[str, Any] = {}
    if query.has(run, "items"):
        sql = "SELECT * FROM items LIMIT 1 OFFSET $number"
        described = _first(query.ask(run, sql, {"number": item})) or {}
    attributes = {
        name.removeprefix("attribute:"): ", ".join(map(str, values))
        for name, values in described.items()
        if name.startswith("attribute:") and values is not None and len(values)
    }
    return {
        "profile": of_run.get("user", ""),
        "text": str(described.get("text") or of_run.get("item", "")),
        "attributes": pd.DataFrame({"name": attributes.keys(), "values": attributes.values()}),
    }


def curve(run: Run, row: int) -> pd.DataFrame:
    """Loss by epoch: columns ``epoch, loss, loss_in_sample``, in the order of the epochs."""
    return query.ask(
        run,
        'SELECT epoch, loss, loss_in_sample FROM loss_history WHERE "row" = $row ORDER BY epoch',
        {"row": row},
    )


def mean_curve(run: Run) -> pd.DataFrame:
    """Mean loss of all interactions by epoch: columns ``epoch, loss`` (out of fold)."""
    return query.ask(
        run,
        "SELECT epoch, avg(loss) FILTER (isfinite(loss)) AS loss FROM loss_history "
        "GROUP BY epoch ORDER BY epoch",
    )


def history(run: Run, user: int, item: int, n: int = 6) -> pd.DataFrame:
    """Other train items of the user, the most similar to the item first.

    Similarity is the cosine of the text embeddings before alignment; items without one, such as
    those without a text, come last.

    Returns:
        Columns ``similarity`` (NaN where not known), ``title, verdict, p_noisy, row``.
    """
    # The numbers first: as values they let the reader skip most of a file with many embeddings.
    theirs = query.ask(run, 'SELECT item FROM interactions WHERE "user" = $user', {"user": user})[
        "item"
    ]
    return query.ask(
        run,
        """
        WITH near AS (
            SELECT number, raw FROM embeddings
            WHERE kind = 'item' AND number BETWEEN $low AND $high AND number IN $items
        ),
        this AS (SELECT raw FROM near WHERE number = $item),
        compared AS (
            SELECT number, list_cosine_similarity(near.raw, this.raw) AS cosine
            FROM near, this WHERE number <> $item
        )
        SELECT CASE WHEN isfinite(cosine) THEN cosine END AS similarity,
               title, verdict, p_noisy, "row"
        FROM compared JOIN interactions ON interactions.item = compared.number
        WHERE interactions."user" = $user
        ORDER BY similarity DESC NULLS LAST, "row" LIMIT $n
        """,
        {"user": user, "item": item, "items": theirs.tolist(), "n": n}
        | {"low": int(min(theirs, default=item)), "high": int(max(theirs, default=item))},
    )


def standing(run: Run, row: int) -> pd.DataFrame:
    """Where each signal stands among all interactions that have it.

    Returns:
        Columns ``signal, value, below``: share of interactions with a lower value, counting half
        of the equal ones, 0..1; signals that this interaction lacks are left out.
    """
    parts = " UNION ALL ".join(
        f"""
        SELECT {place} AS place, '{name}' AS signal, any_value(this.{name})::DOUBLE AS value,
               avg(CASE WHEN i.{name} < this.{name} THEN 1.0
                        WHEN i.{name} = this.{name} THEN 0.5 ELSE 0 END) AS below
        FROM interactions AS i, this
        WHERE isfinite(i.{name}) AND isfinite(this.{name})
        """
        for place, name in enumerate(SIGNALS)
    )
    found = query.ask(
        run,
        f"WITH this AS MATERIALIZED (SELECT {', '.join(SIGNALS)} FROM interactions "
        'WHERE "row" = $row) '
        f"SELECT signal, value, below FROM ({parts}) WHERE value IS NOT NULL ORDER BY place",
        {"row": row},
    )
    return found


def similar(run: Run, row: int, n: int = 6) -> pd.DataFrame:
    """Other interactions with nearly the same evidence, whatever their verdict.

    Nearest by loss, score, semantic relevance and both grades, each divided by its standard
    deviation; judged ones are compared with judged ones. What the interaction itself lacks is left
    out, and others that lack what it has come last.

    Returns:
        Columns ``verdict, p_noisy, user_id, title, user_grade, item_grade, kind, row``.
    """
    spread = _spread(run)
    squares = " + ".join(
        f"CASE WHEN isfinite(this.{name}) "
        f"THEN CASE WHEN isfinite(i.{name}) "
        f"THEN (i.{name} - this.{name}) * (i.{name} - this.{name}) * $of_{name} "
        "ELSE 'infinity'::DOUBLE END ELSE 0 END"
        for name in EVIDENCE
    )
    return query.ask(
        run,
        f"""
        WITH this AS MATERIALIZED (
            SELECT {", ".join(EVIDENCE)} FROM interactions WHERE "row" = $row
        ),
        near AS (
            SELECT i."row", {squares} AS distance
            FROM interactions AS i, this
            WHERE i."row" <> $row AND (i.user_grade >= 0) = (this.user_grade >= 0)
            ORDER BY distance, i."row" LIMIT $n
        )
        SELECT verdict, p_noisy, user_id, title, user_grade, item_grade, kind, near."row"
        FROM near JOIN interactions USING ("row") LEFT JOIN kinds USING ("row")
        ORDER BY distance, near."row"
        """,
        {"row": row, "n": n} | {f"of_{name}": part for name, part in spread.items()},
    )


def _spread(run: Run) -> dict[str, float]:
    """One by the variance of each kind of evidence; 0 where all are equal or none is known."""
    state = whole_file.stamp(run.folder / "interactions.parquet")
    if state not in _spreads:
        columns = ", ".join(
            f"var_samp(CASE WHEN isfinite({name}) THEN {name} END) AS {name}" for name in EVIDENCE
        )
        found = query.ask(run, f"SELECT {columns} FROM interactions").iloc[0]
        _spreads[state] = {n: 1 / float(found[n]) if found[n] > 0 else 0.0 for n in EVIDENCE}
    return _spreads[state]


_spreads: Final[dict[tuple[str, int, int], dict[str, float]]] = {}
"""By file and the time of its last change: five numbers for each run that was looked at."""


def _first(found: pd.DataFrame) -> dict[str, Any] | None:
    """The first row as a dictionary, with None for what is not known."""
    if found.empty:
        return None
    return {str(name): _plain(value) for name, value in found.iloc[0].items()}


def _plain(value: object) -> object:
    """A value as Python has it; None for NaN."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value
