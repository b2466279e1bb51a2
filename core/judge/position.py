"""Whether a grade depends on the place of the target in its call.

The order of the targets in a call is drawn by chance, so that within a call every place should get
every grade alike. Comparing places over all calls would not do: a late place exists only in long
calls, those of users with many judged pairs, who differ. Every call is therefore compared with
itself: generalised Cochran-Mantel-Haenszel test of general association with the calls as strata
(Landis, Heyman and Koch, 1978).

Shape letters: T graded targets, L places, C calls, G grades.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.judge.agreement import N_GRADES
from core.judge.proportion import proportion
from core.keys import distinct
from core.types import HIGH, UNJUDGED, GradeArray, IntArray

LEAST_EIGENVALUE: Final = 1e-9
"""Directions of less variance than this share of the largest are no degree of freedom."""


def position_bias(call: NDArray[Any], position: IntArray, grade: GradeArray) -> dict[str, Any]:
    """Compare the grades of a view by the place of the target in its call.

    Args:
        call: Which call each target was part of, any sortable values, ``(T,)``.
        position: Place in the call, 0 = first, ``(T,)``.
        grade: Grade of each target, ``(T,)``; -1 = none, left out.

    Returns:
        ``places``: per place its ``position``, ``n``, counts ``low``, ``mid``, ``high``, share
        ``high_share`` with interval, ``expected_high`` (share of High that its calls give on
        average over their places); ``n_calls`` with two targets or more; ``statistic``,
        ``freedom``, ``p`` of the test that the place does not matter, None where there is nothing
        to test; ``first_minus_last``: mean grade in the first place less that in the last, over
        the calls with two targets or more. Plain values for JSON.
    """
    graded = grade != UNJUDGED
    names, number = np.unique(np.asarray(call)[graded], return_inverse=True)
    number, given = number.ravel(), grade[graded].astype(np.int64)
    place = _ranks(number, position[graded])
    n_places = int(place.max(initial=-1)) + 1
    counts = np.zeros((n_places, N_GRADES), np.int64)
    np.add.at(counts, (place, given), 1)
    per_call = np.zeros((len(names), N_GRADES))
    np.add.at(per_call, (number, given), 1)
    size = per_call.sum(axis=1)
    share = per_call / np.maximum(size, 1)[:, None]  # (C, G)
    expected = np.zeros((n_places, N_GRADES))
    np.add.at(expected, place, share[number])
    return {
        "places": [_place(k, counts[k], expected[k]) for k in range(n_places)],
        "n_calls": int((size > 1).sum()),
        **_tested(counts - expected, share, size.astype(np.int64)),
        "first_minus_last": _first_minus_last(number, place, given, size),
    }


def _ranks(call: IntArray, position: IntArray) -> IntArray:
    """Place of each target among the graded ones of its call, 0 = first, ``(T,)``."""
    order = np.lexsort((position, call))
    size = np.bincount(call)
    rank = np.empty(len(call), np.int64)
    rank[order] = np.arange(len(call)) - np.repeat(np.cumsum(size) - size, size)
    return rank


def _place(place: int, count: IntArray, expected: NDArray[np.float64]) -> dict[str, Any]:
    n = int(count.sum())
    return {
        "position": place,
        "n": n,
        **{name: int(count[k]) for k, name in enumerate(("low", "mid", "high"))},
        "high_share": proportion(int(count[HIGH]), n),
        "expected_high": float(expected[HIGH]) / n,
    }


def _tested(
    excess: NDArray[np.float64], share: NDArray[np.float64], size: IntArray
) -> dict[str, Any]:
    """Test that the place does not matter.

    Args:
        excess: Counts less those expected, ``(L, G)``.
        share: Grades of each call, ``(C, G)``.
        size: Targets of each call, ``(C,)``.
    """
    n_places = len(excess)
    variance = np.zeros((n_places * N_GRADES,) * 2)
    for n in distinct(size[size > 1]).tolist():
        of = share[size == n]
        grades = np.diag(of.sum(axis=0)) - of.T @ of  # (G, G), summed over the calls
        places = np.zeros((n_places, n_places))
        places[:n, :n] = (np.eye(n) - 1.0 / n) * n / (n - 1)
        variance += np.kron(places, grades)
    value, vector = np.linalg.eigh(variance) if n_places else (np.zeros(0), variance)
    free = value > LEAST_EIGENVALUE * max(float(value.max(initial=0.0)), 1e-300)
    freedom = int(free.sum())
    if freedom == 0:
        return {"statistic": None, "freedom": 0, "p": None}
    statistic = float(((vector[:, free].T @ excess.ravel()) ** 2 / value[free]).sum())
    return {
        "statistic": statistic,
        "freedom": freedom,
        "p": float(stats.chi2.sf(statistic, freedom)),
    }


def _first_minus_last(
    call: IntArray, place: IntArray, grade: IntArray, size: NDArray[np.float64]
) -> dict[str, Any]:
    """Mean difference in grades (High = 2) between first and last place, 95 % t-interval."""
    long = size[call] > 1
    first, last = np.zeros(len(size)), np.zeros(len(size))
    at_first, at_last = long & (place == 0), long & (place == size[call] - 1)
    first[call[at_first]], last[call[at_last]] = grade[at_first], grade[at_last]
    gap = (first - last)[size > 1]
    n = len(gap)
    if n == 0:
        return {"n": 0, "mean": None, "low": None, "high": None}
    mean = float(gap.mean())
    if n == 1:
        return {"n": 1, "mean": mean, "low": None, "high": None}
    half = float(stats.t.ppf(0.975, n - 1) * gap.std(ddof=1) / np.sqrt(n))
    return {"n": n, "mean": mean, "low": mean - half, "high": mean + half}
