"""A label decides: p_noisy and verdict of what people said, whatever the signals say.

Shape letters: E train interactions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.scoring.verdict import NOISY
from core.types import JUDGE, MODEL, PERSON, FloatArray, GradeArray


class Decided(NamedTuple):
    """``(E,)`` each."""

    p_noisy: FloatArray
    verdict: GradeArray
    decided_by: GradeArray
    """``MODEL``, ``JUDGE`` or ``PERSON``."""


def decide(p_noisy: FloatArray, verdict: GradeArray, label: GradeArray, by_grades: bool) -> Decided:
    """Let labels overrule.

    Args:
        p_noisy: By the signals, ``(E,)``.
        verdict: By p_noisy or grades, ``(E,)``.
        label: Clean, hard or noisy as in ``VERDICTS``, -1 where nobody decided, ``(E,)``.
        by_grades: Whether the verdicts are by the grades alone.
    """
    said = label >= 0
    sure = np.where(label == NOISY, 1.0, 0.0)
    rest = JUDGE if by_grades else MODEL
    return Decided(
        np.where(said, sure, p_noisy).astype(np.float32),
        np.where(said, label, verdict).astype(np.int8),
        np.where(said, PERSON, rest).astype(np.int8),
    )
