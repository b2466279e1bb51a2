"""Losses of single interactions over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from app.services import query
from app.services.store import Run

MOST: Final = 12
"""Lines that can still be told apart."""

ORDERS: Final = {
    "highest loss": "CASE WHEN isfinite(loss) THEN loss END DESC NULLS LAST",
    "most variable": "CASE WHEN isfinite(loss_variability) THEN loss_variability END "
    "DESC NULLS LAST",
    "highest P(noisy)": "CASE WHEN isfinite(p_noisy) THEN p_noisy END DESC NULLS LAST",
    "lowest P(noisy)": "CASE WHEN isfinite(p_noisy) THEN p_noisy END NULLS LAST",
}
"""Which interactions come first: title -> ORDER BY; ties are broken by ``row``."""


def choose(
    run: Run, text: str, verdicts: Sequence[str], order: str, list_path: str = ""
) -> tuple[pd.DataFrame, int]:
    """Find interactions to draw.

    Args:
        run: Whose interactions.
        text: Part of a title, or an exact user id, item id or interaction number.
        verdicts: Of these verdicts alone; empty = of all.
        order: A key of :data:`ORDERS`.
        list_path: Parquet file with the column ``row``: of these alone.

    Returns:
        The first :data:`MOST`: columns ``row, verdict, p_noisy, loss, loss_variability, user_id,
        title, kind`` (planted, or null); and how many there are.
    """
    where, values = ["true"], dict[str, Any]()
    if text.strip():
        where.append(
            "(contains(lower(title), lower($text)) OR user_id = $text OR item_id = $text "
            'OR interactions."row"::VARCHAR = $text)'
        )
        values["text"] = text.strip()
    if verdicts:
        where.append("verdict IN (SELECT unnest($verdicts))")
        values["verdicts"] = list(verdicts)
    if list_path:
        where.append('interactions."row" IN (SELECT "row" FROM listed)')
    found = query.ask(
        run,
        f"""
        WITH found AS (
            SELECT "row", verdict, p_noisy, loss, loss_variability, user_id, title,
                   count(*) OVER () AS n,
                   row_number() OVER (ORDER BY {ORDERS[order]}, "row") AS place
            FROM interactions WHERE {" AND ".join(where)}
            ORDER BY place LIMIT {MOST}
        )
        SELECT found.*, kinds.kind FROM found LEFT JOIN kinds USING ("row") ORDER BY place
        """,
        values,
        {"listed": Path(list_path)} if list_path else None,
    )
    total = int(found["n"].iloc[0]) if len(found) else 0
    return found.drop(columns=["n", "place"]), total


def curves(run: Run, rows: Sequence[int], column: str) -> pd.DataFrame:
    """Losses of some interactions: columns ``row, epoch, loss``, in the order of the epochs.

    Args:
        run: Whose interactions.
        rows: Which of them.
        column: ``loss`` (out of fold) or ``loss_in_sample``.
    """
    if column not in ("loss", "loss_in_sample"):
        raise ValueError(f"unknown loss {column!r}; known: loss, loss_in_sample")
    return query.ask(
        run,
        f'SELECT "row", epoch, {column} AS loss FROM loss_history '
        'WHERE "row" IN (SELECT unnest($rows)) ORDER BY "row", epoch',
        {"rows": [int(row) for row in rows]},
    )
