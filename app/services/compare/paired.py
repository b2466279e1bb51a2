"""Tests of paired differences, for comparing two runs over the same users.

Student's t for the mean difference, and Wilcoxon's signed ranks, which outliers cannot carry
(Wilcoxon 1945; normal approximation, zeros left out, ties corrected). Neither knows of the seeds:
they tell whether users in general gain, given these two trainings.

Student's distribution is computed here from the incomplete beta function (Press et al., Numerical
Recipes, 6.4): the process of the screens stays without SciPy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

LEAST: Final = 10
"""Fewer differences other than 0 than this are too few for the normal approximation."""


@dataclass(frozen=True)
class Paired:
    """Two values per user compared; NaN where there are too few users."""

    n: int
    mean_a: float
    mean_b: float
    difference: float
    """Mean of b - a."""
    low: float
    """95 % t interval of the mean difference."""
    high: float
    p_t: float
    """Two-sided p of the paired t-test."""
    p_wilcoxon: float
    """Two-sided p of Wilcoxon's signed-rank test."""
    gained: int
    """Users for whom b is higher."""
    lost: int


def compare(a: np.ndarray, b: np.ndarray) -> Paired:
    """Compare two values per user, float ``(n,)`` each, finite."""
    change = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    n, nan = len(change), float("nan")
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    if n == 0:
        return Paired(0, nan, nan, nan, nan, nan, nan, nan, 0, 0)
    mean = float(change.mean())
    error = float(change.std(ddof=1)) / math.sqrt(n) if n > 1 else nan
    reach = error * t_quantile(n - 1) if n > 1 else nan
    return Paired(
        n,
        float(np.mean(a)),
        float(np.mean(b)),
        mean,
        mean - reach,
        mean + reach,
        _p_of_t(mean, error, n),
        _p_of_ranks(change),
        gained,
        lost,
    )


def _p_of_t(mean: float, error: float, n: int) -> float:
    if n < 2:
        return float("nan")
    if error == 0:  # everybody changed alike
        return 1.0 if mean == 0 else 0.0
    return t_two_sided(abs(mean / error), n - 1)


def _p_of_ranks(change: np.ndarray) -> float:
    moved = change[change != 0]
    n = len(moved)
    if n < LEAST:
        return float("nan")
    rank = pd.Series(np.abs(moved)).rank().to_numpy()
    _, ties = np.unique(rank, return_counts=True)
    up = float(rank[moved > 0].sum())
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48
    return math.erfc(abs(up - n * (n + 1) / 4) / math.sqrt(2 * variance))


def t_two_sided(t: float, freedom: int) -> float:
    """Chance of a Student's t as far from 0 as ``t`` or farther."""
    return _beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def t_quantile(freedom: int) -> float:
    """Value that Student's t exceeds with a chance of 2.5 %."""
    low, high = 0.0, 13.0  # 12.71 with one degree of freedom, less with more
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, freedom) > 0.05 else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(logs + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):  # the fraction is quick on this side of the mean
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Continued fraction of the incomplete beta function, by the method of Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1), tiny)
    found = d
    for m in range(1, 500):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away(1.0 + term * d, tiny)
            c = _away(1.0 + term / c, tiny)
            found *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return found


def _away(value: float, tiny: float) -> float:
    """Keep a divisor away from 0."""
    return value if abs(value) > tiny else tiny
