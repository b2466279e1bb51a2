"""How far two gradings of the same pairs agree: two views, two askings, two judges.

Source of kappa: Cohen (1960, 1968, weighted). Shape letters: P pairs.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.judge.proportion import proportion
from core.types import HIGH, LOW, UNJUDGED, GradeArray, IntArray, Judgements

N_GRADES: Final = 3
Weights: TypeAlias = Literal["none", "linear"]
"""``none``: any difference counts in full; ``linear``: Low against Mid counts half of Low against
High."""


def grade_matrix(first: GradeArray, second: GradeArray) -> IntArray:
    """Count pairs by two grades, ``(3, 3)``: rows = first, columns = second, Low, Mid, High.

    Pairs that one of the two did not grade are left out.

    Raises:
        ValueError: If the gradings are of different length, or a grade is none.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} first grades, {len(second)} second ones")
    for grade in (first, second):
        if ((grade < UNJUDGED) | (grade > HIGH)).any():
            raise ValueError(f"grades are {LOW} to {HIGH}, or {UNJUDGED}: not judged")
    both = (first != UNJUDGED) & (second != UNJUDGED)
    place = first[both].astype(np.int64) * N_GRADES + second[both]
    return np.bincount(place, minlength=N_GRADES**2).reshape(N_GRADES, N_GRADES)


def kappa(matrix: IntArray, weights: Weights = "none") -> float | None:
    """Cohen's kappa: agreement beyond chance; 1 = always, 0 = as two judges who never look.

    Args:
        matrix: Counts by both grades, ``(3, 3)``.
        weights: How much a difference counts.

    Returns:
        None where it is not defined: no pairs, or both always give one and the same grade.
    """
    n = int(matrix.sum())
    if n == 0:
        return None
    row, column = matrix.sum(axis=1) / n, matrix.sum(axis=0) / n
    disagreement = _disagreement(weights)
    expected = float((disagreement * np.outer(row, column)).sum())
    if expected <= 0.0:
        return None
    return 1.0 - float((disagreement * matrix).sum()) / n / expected


def _disagreement(weights: Weights) -> NDArray[np.float64]:
    """What each combination of grades counts as a difference, 0..1, ``(3, 3)``."""
    grade = np.arange(N_GRADES)
    distance = np.abs(grade[:, None] - grade[None, :])
    if weights == "linear":
        distance = distance / (N_GRADES - 1)
    return np.asarray(np.minimum(distance, 1.0), np.float64)


def agreement(first: GradeArray, second: GradeArray) -> dict[str, Any]:
    """Compare two gradings of the same pairs, ``(P,)`` each.

    Returns:
        ``matrix`` (3 x 3 counts), ``equal`` (share with interval), ``opposite`` (share of Low
        against High, with interval), ``kappa`` and ``kappa_linear``; plain values for JSON.
    """
    matrix = grade_matrix(first, second)
    n = int(matrix.sum())
    return {
        "matrix": matrix.tolist(),
        "equal": proportion(int(np.trace(matrix)), n),
        "opposite": proportion(int(matrix[LOW, HIGH] + matrix[HIGH, LOW]), n),
        "kappa": kappa(matrix),
        "kappa_linear": kappa(matrix, "linear"),
    }


def by_group(judgements: Judgements) -> dict[str, Any]:
    """Agreement of the two views, rows user-centric and columns item-centric, by kind of pair.

    The views ask different things, so that a low kappa is no fault by itself; that every pair is
    graded alike in both, or that controls are graded as train interactions are, would be one.
    """
    observed, control = judgements.observed, judgements.control
    groups = {
        "all": np.ones(len(judgements), dtype=np.bool_),
        "observed": observed,
        "unobserved": ~observed & ~control,
        "control": control,
    }
    return {
        name: agreement(judgements.user_grade[rows], judgements.item_grade[rows])
        for name, rows in groups.items()
    }


def repeatability(first: Judgements, second: Judgements) -> dict[str, Any]:
    """Compare grades of the pairs that were asked twice, per view.

    Args:
        first: Earlier judgements.
        second: Later ones, of some of the same pairs in any order. Where a pair stands twice among
            the earlier ones, its first row counts.

    Returns:
        ``user``, ``item``: see :func:`agreement`, rows = earlier grade; ``both``: share with the
        same two grades; ``n_missing``: later pairs that the earlier judgements do not have.
    """
    mine, place = _matched(first, second)
    views = ("user_grade", "item_grade")
    pairs = [(getattr(first, view)[place], getattr(second, view)[mine]) for view in views]
    # Graded in both views, both times.
    graded = np.all([(a != UNJUDGED) & (b != UNJUDGED) for a, b in pairs], axis=0)
    same = np.all([a == b for a, b in pairs], axis=0) & graded
    return {
        "user": agreement(*pairs[0]),
        "item": agreement(*pairs[1]),
        "both": proportion(int(same.sum()), int(graded.sum())),
        "n_missing": len(second) - len(mine),
    }


def _matched(first: Judgements, second: Judgements) -> tuple[IntArray, IntArray]:
    """Rows of the second judgements that the first have too, and their rows there."""
    n_items = int(max(first.item.max(initial=0), second.item.max(initial=0))) + 1
    key, wanted = first.user * n_items + first.item, second.user * n_items + second.item
    known, row = np.unique(key, return_index=True)
    if len(known) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    mine = np.flatnonzero(known[place] == wanted)
    return mine, row[place[mine]]
