"""AUCs of many signals at once: by kind of noise, at equal score, with their uncertainty.

Every AUC is of noise against genuine: 0.5 is blind, 1 is perfect, None where one of the two is
missing. Shape letters: E train interactions, G groups of equal signal, R resamples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.evaluation.truth import NOISE_KINDS, Truth
from core.separation import auc, matched_auc, matched_rows
from core.types import BoolArray

N_RESAMPLES: Final = 200
MAX_GROUPS: Final = 2000
"""Signals with more distinct values are grouped by rank for the bootstrap."""

Values = NDArray[np.float64]


def aucs_of(
    signals: Mapping[str, Values], noise: BoolArray, rows: BoolArray
) -> dict[str, float | None]:
    """AUC of each signal over some rows."""
    return {name: _finite(auc(value[rows], noise[rows])) for name, value in signals.items()}


def matched_aucs(
    signals: Mapping[str, Values],
    noise: BoolArray,
    score: NDArray[np.float32],
    rng: np.random.Generator,
) -> dict[str, float | None]:
    """Mean AUC over draws of noise and genuine in equal numbers from each bin of the score."""
    draws = list(matched_rows(noise, score, rng))
    return {name: _finite(matched_auc(value, noise, draws)) for name, value in signals.items()}


def kind_aucs(p_noisy: Values, truth: Truth) -> dict[str, float | None]:
    """AUC of p_noisy for each planted kind of noise against all genuine interactions."""
    noise = truth.is_noise
    aucs = {}
    for kind in NOISE_KINDS:
        of_kind = truth.of_kind(kind)
        if of_kind.any():
            rows = of_kind | ~noise
            aucs[kind] = _finite(auc(p_noisy[rows], noise[rows]))
    return aucs


def bootstrap(
    signal: Values, noise: BoolArray, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> tuple[float, float] | None:
    """95 % interval of an AUC, from resamples of the noisy and of the genuine rows.

    Rows of equal signal are drawn as a group, so that a resample costs G draws instead of E.

    Args:
        signal: Higher = noisier, ``(E,)``; rows with NaN are left out.
        noise: Planted noise, ``(E,)``.
        rng: Source of the resamples.
        n_resamples: How many.
    """
    known = ~np.isnan(signal)
    value, is_noise = signal[known], noise[known]
    if not is_noise.any() or is_noise.all():
        return None
    _, group = np.unique(value, return_inverse=True)
    if group.max() >= MAX_GROUPS:
        group = group * MAX_GROUPS // (group.max() + 1)
    drawn = []
    for rows in (is_noise, ~is_noise):
        count = np.bincount(group[rows], minlength=group.max() + 1)
        drawn.append(rng.multinomial(count.sum(), count / count.sum(), size=n_resamples))
    n_noise, n_genuine = drawn  # (R, G) each
    below = n_genuine.cumsum(axis=1) - n_genuine
    wins = (n_noise * (below + n_genuine / 2)).sum(axis=1)
    low, high = np.percentile(wins / (is_noise.sum() * (~is_noise).sum()), (2.5, 97.5))
    return float(low), float(high)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
