"""How well the grades of a judge tell planted noise from genuine interactions."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluation.truth import Truth
from core.types import HIGH, UNJUDGED, BoolArray, InteractionScores


def judge_quality(scores: InteractionScores, truth: Truth) -> dict[str, Any]:
    """Compare the grades of the judged train interactions with planted truth.

    An edge counts as dropped where it was judged and not both views are High.

    Args:
        scores: With the grades, -1 where the judge was not asked, ``(E,)``.
        truth: What was planted, ``(E,)``.

    Returns:
        Plain values for JSON: ``noise`` and ``genuine`` are 3 x 3 counts, rows = user-centric
        and columns = item-centric grade, Low, Mid, High; ``dropped_precision`` is the share of
        noise among dropped edges, ``dropped_recall`` the share of judged noise that is dropped;
        shares are None where there is nothing to share, or no noise at all.

    Raises:
        ValueError: If the truth is of other interactions than the scores.
    """
    if len(truth.kind) != len(scores.user_grade):
        raise ValueError(f"truth of {len(truth.kind)} rows, scores of {len(scores.user_grade)}")
    judged = (scores.user_grade != UNJUDGED) & (scores.item_grade != UNJUDGED)
    dropped = judged & ~((scores.user_grade == HIGH) & (scores.item_grade == HIGH))
    noise = truth.is_noise
    n_dropped, n_noise = int(dropped.sum()), int((judged & noise).sum())
    n_hit = int((dropped & noise).sum())
    return {
        "noise": grade_matrix(scores, judged & noise),
        "genuine": grade_matrix(scores, judged & ~noise),
        "n_judged": int(judged.sum()),
        "n_dropped": n_dropped,
        "dropped_precision": n_hit / n_dropped if n_dropped and noise.any() else None,
        "dropped_recall": n_hit / n_noise if n_noise else None,
    }


def grade_matrix(scores: InteractionScores, rows: BoolArray) -> list[list[int]]:
    """Count judged ``rows`` by user-centric (row) and item-centric (column) grade, 3 x 3."""
    counts = np.zeros((3, 3), dtype=np.int64)
    np.add.at(counts, (scores.user_grade[rows], scores.item_grade[rows]), 1)
    return [[int(count) for count in row] for row in counts]
