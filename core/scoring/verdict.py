"""From p_noisy and grades to verdicts: clean, hard or noisy.

*Noisy*: among the interactions most likely noise. *Hard*: low-scored (it does not fit), accepted by
both views (High and High, or as ``refine.accept`` says), and not noisy. *Clean*: the rest. The rule
of LLMHNI (High and High = hard, other judged = noisy [2]) is the switch ``grades``; the default
weighs all signals [D].

Shape letters: E train interactions.
"""

from __future__ import annotations

import numpy as np

from core.config import Accept, ScoringConfig
from core.scoring.accept import accepted
from core.types import VERDICTS, BoolArray, FloatArray, GradeArray

CLEAN, HARD, NOISY = (VERDICTS.index(name) for name in ("clean", "hard", "noisy"))


def noise_threshold(p_noisy: FloatArray, noise_rate: float, config: ScoringConfig) -> float:
    """Smallest p_noisy that is called noisy: flags ``flag_factor`` times the estimated number."""
    n_flagged = round(min(config.flag_factor * noise_rate, 1.0) * len(p_noisy))
    if n_flagged == 0:
        return 1.0
    return float(np.sort(p_noisy)[::-1][n_flagged - 1])


def assign_verdicts(
    p_noisy: FloatArray,
    user_grade: GradeArray,
    item_grade: GradeArray,
    low: BoolArray,
    threshold: float,
    config: ScoringConfig,
    accept: Accept = "high",
) -> GradeArray:
    """Name each interaction, index into ``VERDICTS``, int8 ``(E,)``.

    Args:
        p_noisy: ``(E,)``.
        user_grade: -1 where not judged, ``(E,)``.
        item_grade: Likewise.
        low: Whether an interaction is low-scored for its user, ``(E,)``.
        threshold: From :func:`noise_threshold`.
        config: Which rule.
        accept: Grade that both views must give at least.
    """
    fits = accepted(user_grade, item_grade, accept)
    judged = user_grade >= 0
    noisy = low & judged & ~fits if config.rule == "grades" else p_noisy >= threshold
    verdict = np.full(len(p_noisy), CLEAN, np.int8)
    verdict[low & fits] = HARD
    verdict[noisy] = NOISY
    return verdict
