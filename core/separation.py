"""How well a value separates noise from genuine interactions.

Free of PyTorch, so that screens measure with the very functions that the engine and the study
measure with. Shape letter: E train interactions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.types import BoolArray, IntArray

N_BINS: Final = 40
"""Quantile bins of the out-of-fold score within which noise and genuine are matched."""
N_DRAWS: Final = 10
RECALLS: Final = (0.5, 0.7, 0.9)
"""Shares of the noise that cuts are to find, at which hard ones kept are compared."""
RECALL: Final = 0.7
"""Of these the one that methods are compared by."""


def auc(signal: NDArray[np.floating], is_noise: NDArray[np.bool_]) -> float:
    """Chance that a noisy row has a higher signal than a genuine one; equal signals count half.

    Args:
        signal: Higher = noisier, ``(E,)``. Rows with NaN (not known) are left out.
        is_noise: Planted truth, bool ``(E,)``.

    Returns:
        0..1, 0.5 = no information; NaN where one of the two kinds is missing.
    """
    value, noise = _known(signal, is_noise)
    n_noise, n_genuine = int(noise.sum()), int((~noise).sum())
    if n_noise == 0 or n_genuine == 0:
        return float("nan")
    _, group, size = np.unique(value, return_inverse=True, return_counts=True)
    midrank = np.cumsum(size) - (size - 1) / 2  # 1-based mean rank of each group of ties
    wins = midrank[group][noise].sum() - n_noise * (n_noise + 1) / 2
    return float(wins / (n_noise * n_genuine))


def average_precision(signal: NDArray[np.floating], is_noise: NDArray[np.bool_]) -> float:
    """Mean precision over the noisy rows, from the highest signal down; ties enter together.

    Args:
        signal: Higher = noisier, ``(E,)``. Rows with NaN (not known) are left out.
        is_noise: Planted truth, bool ``(E,)``.

    Returns:
        0..1, the share of noise = no information; NaN where nothing is noisy.
    """
    value, noise = _known(signal, is_noise)
    if not noise.any():
        return float("nan")
    _, group, size = np.unique(-value, return_inverse=True, return_counts=True)
    found = np.bincount(group, weights=noise, minlength=len(size))  # noise of each group
    precision = np.cumsum(found) / np.cumsum(size)
    return float((precision * found).sum() / noise.sum())


def kept_at(
    signal: NDArray[np.float64], noise: BoolArray, hard: BoolArray, n_caught: int
) -> float | None:
    """Share of the hard interactions that a cut keeps which throws out ``n_caught`` noisy ones.

    Of interactions of equal signal at the cut the share that is needed is thrown out, as a
    random choice among them would do on average.

    Args:
        signal: Higher goes first, ``(E,)``; NaN goes last.
        noise: Planted noise, ``(E,)``.
        hard: Hard genuine interactions, ``(E,)``.
        n_caught: Noisy interactions to throw out, at most all.
    """
    if not noise.any() or not hard.any():
        return None
    if n_caught == 0:
        return 1.0
    value = np.where(np.isnan(signal), -np.inf, signal)
    cut = np.sort(value[noise])[::-1][n_caught - 1]
    above, at = value > cut, value == cut
    share = (n_caught - (above & noise).sum()) / (at & noise).sum()
    thrown_out = (above & hard).sum() + share * (at & hard).sum()
    return float(1.0 - thrown_out / hard.sum())


def matched_rows(
    noise: BoolArray, score: NDArray[np.float32], rng: np.random.Generator
) -> Iterator[IntArray]:
    """Draw :data:`N_DRAWS` times as many noisy as genuine rows from each bin of the score.

    Args:
        noise: Planted noise, ``(E,)``.
        score: Out-of-fold score, ``(E,)``; rows with NaN are never drawn.
        rng: Source of the draws.

    Yields:
        Row numbers of one draw; nothing where no score is known.
    """
    known = np.flatnonzero(~np.isnan(score))
    if len(known) == 0:
        return
    edges = np.quantile(score[known], np.linspace(0, 1, N_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, score[known], side="right")
    for _ in range(N_DRAWS):
        yield known[_one_to_one(noise[known], bins, rng)]


def matched_auc(signal: NDArray[np.float64], noise: BoolArray, draws: Sequence[IntArray]) -> float:
    """Mean AUC over draws of :func:`matched_rows`; NaN where nothing could be matched."""
    found = [auc(signal[rows], noise[rows]) for rows in draws]
    return float(np.mean(found)) if found else float("nan")


def _one_to_one(noise: BoolArray, bins: NDArray[np.int64], rng: np.random.Generator) -> BoolArray:
    """Draw as many noisy as genuine rows from each bin, as many as there are of the rarer."""
    n_noise = np.bincount(bins[noise], minlength=N_BINS)
    n_genuine = np.bincount(bins[~noise], minlength=N_BINS)
    wanted = np.minimum(n_noise, n_genuine)
    kind = bins * 2 + noise  # rows of one bin and kind compete for the same places
    order = np.lexsort((rng.random(len(noise)), kind))
    rank = np.arange(len(order)) - np.searchsorted(kind[order], kind[order])
    chosen = np.zeros(len(noise), dtype=bool)
    chosen[order] = rank < wanted[bins[order]]
    return chosen


def _known(
    signal: NDArray[np.floating], is_noise: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    value, noise = np.asarray(signal, dtype=np.float64), np.asarray(is_noise, dtype=bool)
    if value.shape != noise.shape:
        raise ValueError(f"signal has shape {value.shape}, is_noise {noise.shape}")
    known = ~np.isnan(value)
    return value[known], noise[known]
