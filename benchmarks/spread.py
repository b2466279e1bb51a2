"""Mean and deviation over seeds, and paired tests between two sides of the same seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import stats


def spread(values: Iterable[float | None], digits: int = 3) -> str:
    """Mean ± standard deviation (n - 1) of what is known; a lone value has no deviation."""
    known = _known(values)
    if not known:
        return "-"
    mean = f"{np.mean(known):.{digits}f}"
    return f"{mean} ± {np.std(known, ddof=1):.{digits}f}" if len(known) > 1 else mean


def paired_tests(ours: Sequence[float], plain: Sequence[float]) -> tuple[float, float]:
    """Two-sided p of the paired t-test and of Wilcoxon's; NaN where they are not defined."""
    difference = np.asarray(ours, np.float64) - np.asarray(plain, np.float64)
    if len(difference) < 2 or np.ptp(difference) == 0.0:
        return math.nan, math.nan
    return (
        float(stats.ttest_1samp(difference, 0.0).pvalue),
        float(stats.wilcoxon(difference).pvalue),
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
