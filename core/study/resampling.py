"""Intervals and tests over seeds: bootstrap, paired tests, Holm's correction. Needs no torch.

With few seeds nothing here is strong. Percentile intervals over 5 seeds are too narrow (they cover
the true mean in about 85 of 100 studies of normal values, not in 95), and Wilcoxon's two-sided p
cannot fall below ``2 ** (1 - n)``, which is 0.0625 for 5.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

COVERAGE: Final = 0.95
DRAWS: Final = 10_000
EXACT: Final = 6
"""Up to so many seeds all ``n ** n`` resamples are taken: such intervals have no chance in them."""
SEED: Final = 0
SAME: Final = 1e-12
"""Relative spread below which differences count as all the same: rounding, not a deviation."""


def resamples(n: int, rng: np.random.Generator | None = None) -> Floats:
    """Bootstrap resamples of ``n`` values as weights, each column summing to 1.

    Args:
        n: Number of values, at least 1.
        rng: Draws the resamples of more than :data:`EXACT` values; fresh from :data:`SEED` if none.

    Returns:
        ``(n, resamples)``; ``values @ weights`` are the means of the resamples.
    """
    if n <= EXACT:
        return _all_resamples(n)
    generator = np.random.default_rng(SEED) if rng is None else rng
    return generator.multinomial(n, np.full(n, 1.0 / n), size=DRAWS).T / n


def interval(means: Floats) -> tuple[Floats, Floats]:
    """Percentile interval of :data:`COVERAGE` from the means of resamples.

    Args:
        means: ``(..., resamples)``; NaN in a row makes its interval NaN.

    Returns:
        Lower and upper ends, ``(...)``.
    """
    tail = (1.0 - COVERAGE) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=-1)
    return low, high


def mean_intervals(
    values: Floats, rng: np.random.Generator | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Number, mean and bootstrap interval of the mean of what is known in each row.

    Args:
        values: ``(rows, seeds)``, NaN = not measured.
        rng: See :func:`resamples`.

    Returns:
        n, mean, low, high, each ``(rows,)``; the interval of fewer than 2 values is NaN.
    """
    n = np.isfinite(values).sum(axis=1).astype(np.float64)
    mean, low, high = (np.full(len(values), np.nan) for _ in range(3))
    for rows, block in by_count(values):
        mean[rows] = block.mean(axis=1)
        if block.shape[1] > 1:
            low[rows], high[rows] = interval(block @ resamples(block.shape[1], rng))
    return n, mean, low, high


def paired_p(differences: Floats) -> tuple[Floats, Floats]:
    """Two-sided p of the paired t-test and of Wilcoxon's signed-rank test, row by row.

    Args:
        differences: ``(rows, seeds)``, NaN = not measured in both.

    Returns:
        Both p, ``(rows,)`` each; NaN for fewer than 2 differences or for all the same ones, which
        have no deviation to test against.
    """
    p_t, p_wilcoxon = np.full(len(differences), np.nan), np.full(len(differences), np.nan)
    for rows, block in by_count(differences):
        varies = np.ptp(block, axis=1) > SAME * np.abs(block).max(axis=1)
        if block.shape[1] < 2 or not varies.any():
            continue
        where = rows[varies]
        p_t[where] = stats.ttest_1samp(block[varies], 0.0, axis=1).pvalue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ties; scipy then tests by permutations
            p_wilcoxon[where] = stats.wilcoxon(block[varies], axis=1).pvalue
    return p_t, p_wilcoxon


def holm(p: Floats) -> Floats:
    """Step-down corrected p (Holm, Scand. J. Statist. 6, 1979), ``(comparisons,)``.

    The i-th smallest of m is multiplied by m - i + 1, kept from falling and from passing 1.
    Comparisons without a p (NaN) do not count among the m and stay NaN.
    """
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def by_count(values: Floats) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """Rows with equally many known values, and those values without gaps, count by count.

    Args:
        values: ``(rows, seeds)``, NaN = not known. Rows that know nothing are left out.
    """
    known = np.isfinite(values)
    counts = known.sum(axis=1)
    together = np.take_along_axis(values, np.argsort(~known, axis=1, kind="stable"), axis=1)
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        yield rows, together[rows, :count]


@cache
def _all_resamples(n: int) -> Floats:
    chosen = np.array(list(itertools.product(range(n), repeat=n)))
    weights: Floats = (chosen[:, :, None] == np.arange(n)).mean(axis=1).T
    return weights
