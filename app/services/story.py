"""What a run found, for the first page: signals among the worst-fitting, and the price of a cut.

What labels decided or taught was not found out by the run: it is left out of all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from app.services import accepting, query
from app.services.decided import told
from app.services.store import Run

TOP_SHARE: Final = 0.2
"""Share of the highest losses in which hard and noisy look alike; as in detection.json."""
FLAT: Final = 1e-6
"""Values that differ by less than this share of their size are shown as one."""
SIGNALS: Final = ("loss", "score", "semantic", "logical", "p_noisy")


@dataclass(frozen=True)
class Cut:
    """What is thrown away when so many interactions are dropped."""

    n_dropped: int
    accepted: int
    """Dropped although both grades are what the run accepts: High, or at least Mid."""
    noise: int | None
    """Planted noise among them; None where nothing was planted. So are the next two."""
    genuine: int | None
    hard: int | None
    """Planted hard ones among the genuine."""


def price_of_a_cut(run: Run) -> dict[str, Cut]:
    """Compare the verdict noisy with a loss cut that drops as many: ``verdict`` and ``loss``."""
    # Nothing may be dropped at all, and over no rows count_if gives NULL where FILTER gives 0.
    found = query.ask(
        run,
        f"""
        WITH placed AS (
            SELECT "row", verdict = 'noisy' AS by_verdict,
                   least(user_grade, item_grade) >= $least AS accepted,
                   row_number() OVER (ORDER BY loss DESC, "row") AS place
            FROM interactions WHERE isfinite(loss) AND NOT {told(run)}
        ),
        cut AS (SELECT count(*) AS n FROM placed WHERE by_verdict),
        known AS (
            SELECT placed.*, place <= cut.n AS by_loss,
                   coalesce(kinds.noise, false) AS noise, coalesce(kinds.hard, false) AS hard
            FROM placed CROSS JOIN cut LEFT JOIN kinds USING ("row")
        )
        SELECT 'verdict' AS by, count(*) AS n,
               count(*) FILTER (WHERE accepted) AS accepted,
               count(*) FILTER (WHERE noise) AS noise, count(*) FILTER (WHERE hard) AS hard
        FROM known WHERE by_verdict
        UNION ALL
        SELECT 'loss', count(*), count(*) FILTER (WHERE accepted),
               count(*) FILTER (WHERE noise), count(*) FILTER (WHERE hard)
        FROM known WHERE by_loss
        """,
        {"least": accepting.least(run.manifest)},
    ).set_index("by")
    known = query.has(run, "kinds")
    return {
        str(by): Cut(
            int(row["n"]),
            int(row["accepted"]),
            int(row["noise"]) if known else None,
            int(row["n"] - row["noise"]) if known else None,
            int(row["hard"]) if known else None,
        )
        for by, row in found.iterrows()
    }


def truth_by_verdict(run: Run) -> pd.DataFrame:
    """What is planted behind each verdict: columns ``verdict``, ``n``, ``noise``, ``hard``."""
    return query.ask(
        run,
        f"""
        SELECT verdict, count(*) AS n, count(*) FILTER (WHERE kinds.noise) AS noise,
               count(*) FILTER (WHERE kinds.hard) AS hard
        FROM interactions LEFT JOIN kinds USING ("row") WHERE NOT {told(run)} GROUP BY verdict
        """,
    )


def among_highest_loss(run: Run, n_bins: int = 24) -> pd.DataFrame:
    """How each signal is spread among the highest losses, within the two sides it should part.

    The sides are planted noise and genuine where that is known, else the verdicts noisy and hard.

    Returns:
        Columns ``signal``, ``side`` (``noisy`` or ``other``), ``bin``, ``left``, ``width``, ``n``
        and ``share`` (of the side); every bin of both sides is there.
    """
    known = query.has(run, "kinds")
    side = "coalesce(kinds.noise, false)" if known else "verdict = 'noisy'"
    kept = "true" if known else "verdict IN ('noisy', 'hard')"
    columns = query.ask_columns(
        run,
        f"""
        WITH open AS (SELECT * FROM interactions WHERE isfinite(loss) AND NOT {told(run)})
        SELECT {side} AS noisy, {", ".join(SIGNALS)}
        FROM open LEFT JOIN kinds USING ("row")
        WHERE {kept} AND loss >= (SELECT quantile_cont(loss, $above) FROM open)
        """,
        {"above": 1.0 - TOP_SHARE},
    )
    noisy = np.asarray(columns["noisy"], bool)
    return pd.concat(
        [_spread(name, columns[name], noisy, n_bins) for name in SIGNALS], ignore_index=True
    )


def overlap(spread: pd.DataFrame) -> dict[str, float]:
    """Shared area of the two sides by signal, 0..1; NaN where a side is empty."""
    wide = spread.pivot_table(index=["signal", "bin"], columns="side", values="share")
    if not {"noisy", "other"} <= set(wide.columns):
        return {}
    shared = (
        wide[["noisy", "other"]].min(axis=1, skipna=False).groupby(level="signal").sum(min_count=1)
    )
    return {str(name): float(value) for name, value in shared.items()}


def validation_curve(run: Run) -> pd.DataFrame:
    """Recall@20 on validation: columns ``stage`` (pretrain, train), ``epoch``, ``value``."""
    return query.ask(
        run,
        """
        SELECT stage, epoch, value FROM metrics
        WHERE stage IN ('pretrain', 'train') AND name = 'recall@20' ORDER BY stage, epoch
        """,
    )


def _spread(name: str, values: np.ndarray, noisy: np.ndarray, n_bins: int) -> pd.DataFrame:
    """Histogram of one signal for both sides over common bins."""
    value = np.ma.filled(np.ma.asarray(values, np.float64), np.nan)
    finite = np.isfinite(value)
    known = value[finite]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high - low < FLAT * max(abs(low), abs(high), 1.0):
        low, high = low - 0.5, high + 0.5  # one value: an axis that can be read, not 2.0000000002
    edges = np.linspace(low, high, n_bins + 1)
    tables = []
    for side, rows in (("noisy", noisy), ("other", ~noisy)):
        n, _ = np.histogram(value[finite & rows], bins=edges)
        share = n / n.sum() if n.sum() else np.full(n_bins, np.nan)
        tables.append(
            pd.DataFrame(
                {
                    "signal": name,
                    "side": side,
                    "bin": np.arange(n_bins),
                    "left": edges[:-1],
                    "width": np.diff(edges),
                    "n": n,
                    "share": share,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
