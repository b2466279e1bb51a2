"""Grades replaced at random: what a hallucinating judge does to everything after it.

For measuring only [D]: the hallucination suppression of LLMHNI (arXiv:2511.07295) must show what it
repairs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.types import Judgements

GRADES = ("Low", "Mid", "High")
VIEWS = ("user", "item")


def flipped(judgements: Judgements, share: float, rng: np.random.Generator) -> Judgements:
    """Replace a share of the grades of each view by one of the two other grades.

    With generators in the same state, the grades flipped at a smaller share are among those flipped
    at a larger one, with the same outcome. The support of a flipped grade is not known (NaN).

    Args:
        judgements: P pairs.
        share: Of the grades of each view, 0..1, rounded to whole grades.
        rng: Draws which grades, and what they become.

    Raises:
        ValueError: If ``share`` is no share.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share is between 0 and 1, not {share}")
    if share == 0.0:
        return judgements
    changes: dict[str, object] = {}
    for view in VIEWS:
        before = getattr(judgements, f"{view}_grade")
        order, step = rng.permutation(len(before)), rng.integers(1, 3, len(before))
        chosen = order[: round(share * len(before))]
        grade, reason = before.copy(), list(getattr(judgements, f"{view}_reason"))
        support = getattr(judgements, f"{view}_support").copy()
        grade[chosen] = (before[chosen] + step[chosen]) % len(GRADES)
        support[chosen] = np.nan
        for row in chosen.tolist():
            reason[row] = f"(Flipped at random from {GRADES[before[row]]}.) {reason[row]}"
        changes |= {
            f"{view}_grade": grade,
            f"{view}_reason": tuple(reason),
            f"{view}_support": support,
        }
    name = f"{judgements.judge}, {share:.0%} of the grades flipped"
    return replace(judgements, **changes, judge=name)  # type: ignore[arg-type]
