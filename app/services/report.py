"""What the report of a run says beside what the pages ask for."""

from __future__ import annotations

from typing import Final, Literal

import pandas as pd

from app.services import query
from app.services.store import Run

ORDERS: Final = {"noisy": "p_noisy DESC", "hard": "loss DESC"}
N_EXAMPLES: Final = 20


def most_telling(run: Run, verdict: Literal["noisy", "hard"], n: int = N_EXAMPLES) -> pd.DataFrame:
    """The noisy ones most likely noise, or the hard ones of the highest loss.

    Returns:
        Columns ``user_id, item_id, title, p_noisy, loss, score, semantic, user_grade, item_grade,
        user_reason, item_reason, explanation, kind`` (planted; null where not known).
    """
    order = ORDERS[verdict]
    column = order.split()[0]
    return query.ask(
        run,
        f"""
        WITH first AS (
            SELECT * FROM interactions WHERE verdict = $verdict
            ORDER BY isfinite({column}) DESC, {order}, "row" LIMIT $n
        )
        SELECT user_id, item_id, title, p_noisy, loss, score, semantic, user_grade, item_grade,
               user_reason, item_reason, explanation, kind
        FROM first LEFT JOIN kinds USING ("row")
        ORDER BY isfinite({column}) DESC, {order}, "row"
        """,
        {"verdict": verdict, "n": n},
    )
