"""Weighted quantile bins of features, all quantiles in one pass.

scikit-learn bins features itself before it grows trees, but where rows have weights it sums the
weights anew for each of the quantiles: on this engine's tables that took longer than the trees.
Features that come in as few whole numbers are left as they are, so the trees are the same.

Shape letters: P rows, F features, Q bins.
"""

from __future__ import annotations

import numpy as np

from core.keys import distinct
from core.types import BoolArray, FloatArray


def weighted_bins(
    features: FloatArray, weight: np.ndarray, fit: BoolArray, n_bins: int
) -> np.ndarray:
    """Number of the bin of each value, with about the same weight of the fitted rows in each.

    Args:
        features: ``(P, F)``; NaN = not known stays NaN.
        weight: Of each row, ``(P,)``, not negative; rows without weight have no say.
        fit: Rows that the bins are made from, ``(P,)``.
        n_bins: Q, 2 or more; fewer where there are fewer different values.

    Returns:
        Whole numbers 0..Q-1 or NaN, ``(P, F)``, ascending with the value.
    """
    counted = fit & (weight > 0)
    found = np.full(features.shape, np.nan)
    for place in range(features.shape[1]):
        value = features[:, place]
        known = ~np.isnan(value)
        used = known & counted
        edges = _edges(value[used], weight[used], n_bins)
        found[known, place] = np.searchsorted(edges, value[known])
    return found


def _edges(value: np.ndarray, weight: np.ndarray, n_bins: int) -> np.ndarray:
    """Upper ends of all bins but the last, ascending."""
    values = distinct(value)
    if len(values) <= n_bins:
        return np.asarray((values[1:] + values[:-1]) / 2)
    order = np.argsort(value, kind="stable")
    value, below = value[order], np.cumsum(weight[order], dtype=np.float64)
    share = np.arange(1, n_bins) / n_bins * below[-1]
    place = np.searchsorted(below, share).clip(max=len(value) - 1)
    return distinct(value[place])
