"""How far the labelling has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import pandas as pd

from app.services.labels.current import LATEST, ask
from app.services.labels.schema import UNSURE


@dataclass(frozen=True)
class Progress:
    """Pairs with a label, against a goal."""

    n: int
    """Labelled pairs, without unsure."""
    goal: int
    left: int
    share: float
    """0..1."""
    n_unsure: int
    today: int
    """Labelled today (UTC), without unsure."""
    by_label: Mapping[str, int]
    """Unsure included."""
    by_day: pd.DataFrame
    """Columns ``day`` (UTC), ``label``, ``n``, in the order of days; by the time of the label that
    stands."""


def progress(
    cursor: duckdb.DuckDBPyConnection,
    dataset: str,
    goal: int,
    who: str | None = None,
    today: date | None = None,
) -> Progress:
    """Count the labels of one person, or (``who`` is None) of all people.

    Args:
        cursor: Of the workspace database.
        dataset: Name of the dataset.
        goal: Pairs to label, at least 1.
        who: One person; None counts each pair once that anybody labelled, by the last label that
            is not unsure.
        today: Which day is today; None asks the clock (UTC).
    """
    by_day = ask(
        cursor,
        f"""
        WITH {LATEST},
        one AS (
            SELECT us, label FROM latest
            WHERE label <> '' AND ($who IS NULL OR who = $who)
            QUALIFY row_number() OVER (
                PARTITION BY user_id, item_id ORDER BY label = '{UNSURE}', seq DESC
            ) = 1
        )
        SELECT make_timestamp(us)::DATE AS day, label, count(*) AS n FROM one
        GROUP BY ALL ORDER BY ALL
        """,
        {"dataset": dataset, "who": who.strip() if who is not None else None},
    )
    by_label = by_day.groupby("label")["n"].sum()
    counted = by_day[by_day["label"] != UNSURE]
    now = pd.Timestamp(today or datetime.now(UTC).date())
    n, wanted = int(counted["n"].sum()), max(1, goal)
    return Progress(
        n=n,
        goal=wanted,
        left=max(0, wanted - n),
        share=min(1.0, n / wanted),
        n_unsure=int(by_label.get(UNSURE, 0)),
        today=int(counted.loc[counted["day"] == now, "n"].sum()),
        by_label={str(label): int(count) for label, count in by_label.items()},
        by_day=by_day,
    )
