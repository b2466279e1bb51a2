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
from scipy import special

Floats = NDArray[np.float64]

COVERAGE: Final = 0.95
DRAWS: Final = 10_000
EXACT: Final = 6
"""Up to so many seeds all ``n ** n`` resamples are taken: such intervals have no chance in them."""
SEED: Final = 0
ALL_SIGNS: Final = 13
"""Up to so many differences all signs are gone through, as ``scipy`` does where some are equal."""
BLOCK: Final = 1024
"""Rows that are tested at once: 64 MB for 13 differences."""
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
        p_t[where] = _t_test_p(block[varies])
        p_wilcoxon[where] = signed_rank_p(block[varies])
    return p_t, p_wilcoxon


def _t_test_p(differences: Floats) -> Floats:
    """Two-sided p of the one-sample t-test against 0, row by row; ``(rows, n)`` without NaN."""
    n = differences.shape[1]
    t = differences.mean(axis=1) / (differences.std(axis=1, ddof=1) / np.sqrt(n))
    return np.asarray(2.0 * special.stdtr(n - 1, -np.abs(t)), np.float64)


def signed_rank_p(differences: Floats) -> Floats:
    """Two-sided p of Wilcoxon's signed-rank test, row by row; zeros are left out.

    Up to :data:`ALL_SIGNS` differences it is exact, with equal ones too: all signs are gone
    through, for all rows at once. ``scipy.stats.wilcoxon`` gives the same and goes through them
    with a call of Python for each.

    Args:
        differences: ``(rows, n)`` without NaN; each row has one that is not 0.

    Returns:
        ``(rows,)``.
    """
    n = differences.shape[1]
    if n > ALL_SIGNS:
        from scipy import stats  # noqa: PLC0415 - half a second, for a page that has few seeds

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ties; scipy then goes by the normal distribution
            return np.asarray(stats.wilcoxon(differences, axis=1).pvalue, np.float64)
    size = np.where(differences == 0.0, np.inf, np.abs(differences))
    below, same = (f(size[:, :, None], size[:, None]).sum(axis=2) for f in (np.greater, np.equal))
    ranks = np.where(differences == 0.0, 0.0, below + (same + 1) / 2)  # halves: exact
    positive = (ranks * (differences > 0.0)).sum(axis=1)
    found = np.empty(len(differences))
    signs = (np.arange(2**n) >> np.arange(n)[:, None] & 1).astype(np.float64)  # (n, 2^n)
    for start in range(0, len(differences), BLOCK):
        rows = slice(start, start + BLOCK)
        null, own = ranks[rows] @ signs, positive[rows, None]
        tails = np.minimum((null <= own).mean(axis=1), (null >= own).mean(axis=1))
        found[rows] = np.minimum(2.0 * tails, 1.0)
    return found


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
