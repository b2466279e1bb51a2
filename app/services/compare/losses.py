"""Distribution of the final out-of-fold loss in several runs, by verdict, on common edges."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from app.services import losses, query
from app.services.store import Run
from core.types import VERDICTS

N_POINTS: Final = 160


def shares(run: Run) -> pd.DataFrame:
    """Cumulative share of each verdict by loss: columns ``verdict``, ``loss``, ``share``, ``n``.

    ``n`` is the number of interactions of the verdict with a known loss; verdicts without any are
    left out.
    """
    found = losses.bins(run, losses.FINAL, "verdict")
    if not len(found.epochs):
        return pd.DataFrame(columns=["verdict", "loss", "share", "n"])
    at, curves = losses.cumulative(found, N_POINTS)
    totals = found.totals[0]
    parts = [
        pd.DataFrame({"verdict": name, "loss": at, "share": curves[0, place], "n": totals[place]})
        for place, name in enumerate(found.groups)
        if totals[place]
    ]
    return pd.concat(parts, ignore_index=True)


def histogram(run: Run, high: float, n_bins: int = 48) -> pd.DataFrame:
    """Interactions by verdict and loss in bins of equal width from 0.

    Args:
        run: Whose losses.
        high: End of the last bin; what lies beyond counts in it.
        n_bins: Number of bins.

    Returns:
        Columns ``verdict``, ``loss`` (left edge), ``n``, ``share`` of the verdict; every bin.
    """
    found = query.ask(
        run,
        """
        SELECT verdict, least(floor(greatest(loss, 0) / $high * $n), $n - 1)::INTEGER AS bin,
               count(*) AS n
        FROM interactions WHERE isfinite(loss) GROUP BY ALL
        """,
        {"high": high, "n": n_bins},
    )
    edges = np.linspace(0, high, n_bins + 1)[:-1]
    parts = []
    for name in VERDICTS:
        rows = found[found["verdict"] == name]
        n = np.bincount(rows["bin"], weights=rows["n"], minlength=n_bins)
        if n.sum():
            part = {"verdict": name, "loss": edges, "n": n.astype(np.int64), "share": n / n.sum()}
            parts.append(pd.DataFrame(part))
    empty = pd.DataFrame(columns=["verdict", "loss", "n", "share"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def medians(run: Run) -> dict[str, float]:
    """Median loss of each verdict, to a fine bin; verdicts without interactions are left out."""
    found = losses.bins(run, losses.FINAL, "verdict")
    if not len(found.epochs):
        return {}
    middle = losses.quantiles(found, (0.5,))[0, :, 0]
    return {
        name: float(middle[place])
        for place, name in enumerate(found.groups)
        if found.totals[0, place]
    }
