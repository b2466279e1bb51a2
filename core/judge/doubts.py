"""When the grades of a judge tell little or nothing, and what that means for who uses them.

The numbers are those of the report on its quality: shares of the grades, and how pairs were graded
that somebody has and that nobody has.

Shape letters: none; counts 3 x 3 have the user's view in their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

from core.judge.proportion import proportion
from core.types import HIGH

GRADES: Final = ("Low", "Mid", "High")
MOST_OF_ONE: Final = 0.95
"""Share of one grade above which the grades of a view no longer tell pairs apart [D]."""
LEAST_PAIRS: Final = 20
"""Graded pairs below which nothing is said [D]."""


def doubts(views: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reasons not to go by the grades of a judge, plain values for JSON; mostly none.

    Args:
        views: ``matrix`` (3 x 3 counts, rows = user's view) by group of pairs, as
            :func:`core.judge.agreement.by_group` gives them; ``observed`` and ``control`` may be
            missing.

    Returns:
        ``kind`` (``one_grade`` or ``strangers``), ``text`` for people (what was found, and what it
        means), and the numbers behind it: ``view``, ``grade`` and ``share``, or ``difference`` of
        the shares graded High in both views.
    """
    every = _matrix(views, "all")
    by_view = {
        "user": [sum(row) for row in every],
        "item": [sum(column) for column in zip(*every, strict=True)],
    }
    found = [one for view, counts in by_view.items() if (one := _one_grade(view, counts))]
    strangers = _strangers(_matrix(views, "observed"), _matrix(views, "control"))
    return [*found, strangers] if strangers else found


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, float]:
    """First less second share with its 95 % interval: ``share``, ``low``, ``high``.

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.

    Args:
        first: From :func:`core.judge.proportion.proportion`, of at least one pair.
        second: Likewise.
    """
    gap = first["share"] - second["share"]
    down = sqrt((first["share"] - first["low"]) ** 2 + (second["high"] - second["share"]) ** 2)
    up = sqrt((first["high"] - first["share"]) ** 2 + (second["share"] - second["low"]) ** 2)
    return {"share": gap, "low": gap - down, "high": gap + up}


def _one_grade(view: str, counts: Sequence[int]) -> dict[str, Any] | None:
    n, most = sum(counts), max(counts)
    if n < LEAST_PAIRS or most <= MOST_OF_ONE * n:
        return None
    grade = GRADES[counts.index(most)]
    text = (
        f"In the {view}'s view {most / n:.1%} of {n:,} pairs got one grade, {grade}: the grades of "
        "this view hardly tell pairs apart, and verdicts rest on the rest of the evidence. "
        "Another model, or fewer items per call, may help."
    )
    share = proportion(most, n)
    return {"kind": "one_grade", "view": view, "grade": grade, "share": share, "text": text}


def _strangers(
    observed: Sequence[Sequence[int]], control: Sequence[Sequence[int]]
) -> dict[str, Any] | None:
    """Random pairs should be graded High less often than what people chose."""
    sizes = [sum(map(sum, matrix)) for matrix in (observed, control)]
    if min(sizes) < LEAST_PAIRS:
        return None
    chosen, strange = (
        proportion(matrix[HIGH][HIGH], n)
        for matrix, n in zip((observed, control), sizes, strict=True)
    )
    gap = difference(chosen, strange)
    if gap["low"] > 0:
        return None
    text = (
        f"Nothing shows that strangers (random pairs) are graded worse than interactions: High in "
        f"both views "
        f"{chosen['share']:.1%} of {sizes[0]:,} interactions and {strange['share']:.1%} of "
        f"{sizes[1]:,} strangers, a difference of {100 * gap['share']:+.1f} points "
        f"({100 * gap['low']:+.1f} to {100 * gap['high']:+.1f}). As far as these pairs tell, the "
        "grades say nothing of who likes what: do not go by verdicts that rest on them, nor add "
        "interactions for their sake."
    )
    return {"kind": "strangers", "difference": gap, "text": text}


def _matrix(views: Mapping[str, Any], group: str) -> Sequence[Sequence[int]]:
    found = (views.get(group) or {}).get("matrix")
    return found if found else [[0] * len(GRADES)] * len(GRADES)
