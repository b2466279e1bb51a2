"""From measurements to percentiles to grades.

A raw similarity means little: some users and items are close to everything. Each measurement is
therefore set against strangers: the same user with items never chosen, or the same item with
users who never chose it. Support = share of strangers that fit worse.

Shape letters: P pairs, R references per pair.
"""

from __future__ import annotations

import numpy as np

from core.types import HIGH, LOW, MID, BoolArray, FloatArray, GradeArray

HIGH_FROM = 0.90
"""Support from which a view is graded High: better than nine of ten strangers [D]."""
LOW_BELOW = 0.60
"""Support below which a view is graded Low: hardly better than a random stranger [D]."""
LEAST_REFERENCES = 8
"""With fewer strangers there is nothing to compare with: support 0.5, Mid [D]."""


def standard_scores(
    target: FloatArray, reference: FloatArray, valid: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Express measurements in deviations of their own references.

    Args:
        target: Measurement of each pair, ``(P,)``.
        reference: Measurement of its strangers, ``(P, R)``.
        valid: Which of them count, ``(P, R)``.

    Returns:
        Standard scores of targets ``(P,)`` and references ``(P, R)``; 0 where all strangers
        measure the same (the measurement tells nothing).
    """
    count = np.maximum(valid.sum(axis=1), 1)
    mean = (reference * valid).sum(axis=1) / count
    centred = reference - mean[:, None]
    deviation = np.sqrt((centred**2 * valid).sum(axis=1) / count)
    scale = np.where(deviation > 1e-6, 1.0 / np.maximum(deviation, 1e-6), 0.0)
    return (
        np.asarray((target - mean) * scale, dtype=np.float32),
        np.asarray(centred * scale[:, None], dtype=np.float32),
    )


def percentile(target: FloatArray, reference: FloatArray, valid: BoolArray) -> FloatArray:
    """Share of valid references below the target, ties half, 0..1, ``(P,)``.

    0.5 where fewer than :data:`LEAST_REFERENCES` references are valid.
    """
    count = valid.sum(axis=1)
    gap = target[:, None] - reference
    tie = 1e-5  # measurements equal on paper differ in the last digits
    below = ((gap > tie) & valid).sum(axis=1) + 0.5 * ((np.abs(gap) <= tie) & valid).sum(axis=1)
    share = below / np.maximum(count, 1)
    return np.asarray(np.where(count >= LEAST_REFERENCES, share, 0.5), dtype=np.float32)


def grades(support: FloatArray) -> GradeArray:
    """High, Mid or Low by fixed percentiles, int8 ``(P,)``."""
    graded = np.full(len(support), MID, dtype=np.int8)
    graded[support >= np.float32(HIGH_FROM)] = HIGH
    graded[support < np.float32(LOW_BELOW)] = LOW
    return graded
