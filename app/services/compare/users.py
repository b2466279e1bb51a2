"""Users whose recommendations gained and lost most between two runs on the same data."""

from __future__ import annotations

import pandas as pd

from app.services import query
from app.services.compare import ranking
from app.services.store import Run


def changes(run: Run, other: str, split: str, measure: str) -> pd.DataFrame:
    """Users with held-out items.

    Args:
        run: The reference, A.
        other: Id of the other run.
        split: ``valid`` or ``test``.
        measure: ``recall20`` or ``ndcg20``.

    Returns:
        Columns ``user``, ``user_id``, ``n_held_out``, ``before``, ``after``, ``change``; what
        gained most first.
    """
    found = ranking.both(run, other, split)
    found = found.rename(columns={f"{measure}_a": "before", f"{measure}_b": "after"})
    found["change"] = found["after"] - found["before"]
    found = found.merge(_names(run), on="user", how="left")
    columns = ["user", "user_id", "n_held_out", "before", "after", "change"]
    return found[columns].sort_values(["change", "user"], ascending=[False, True])


def extremes(run: Run, other: str, split: str, measure: str, n: int = 15) -> pd.DataFrame:
    """The ``n`` users that gained most, then the ``n`` that lost most; unchanged ones left out."""
    found = changes(run, other, split, measure)
    gained, lost = found[found["change"] > 0].head(n), found[found["change"] < 0].tail(n)
    return pd.concat([gained, lost.iloc[::-1]], ignore_index=True)


def _names(run: Run) -> pd.DataFrame:
    """Ids of the users with train interactions: columns ``user``, ``user_id``."""
    return query.ask(
        run, 'SELECT "user", any_value(user_id) AS user_id FROM interactions GROUP BY 1'
    )
