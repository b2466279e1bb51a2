"""How well a value orders two kinds."""

from __future__ import annotations

import numpy as np
import pandas as pd


def auc(value: np.ndarray, noisy: np.ndarray) -> float:
    """Chance that a noisy one has the higher value, equal ones count half; NaN without one kind.

    Args:
        value: ``(N,)``; rows without one (NaN) are left out.
        noisy: Bool ``(N,)``.
    """
    known = ~np.isnan(value)
    value, noisy = value[known], noisy[known]
    n_noisy, n_other = int(noisy.sum()), int((~noisy).sum())
    if not n_noisy or not n_other:
        return float("nan")
    rank = pd.Series(value).rank().to_numpy()
    return float((rank[noisy].sum() - n_noisy * (n_noisy + 1) / 2) / (n_noisy * n_other))
