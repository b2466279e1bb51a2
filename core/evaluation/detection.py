"""How well the signals and the verdicts tell planted noise from genuine interactions.

Every AUC is of noise against genuine, turned so that 0.5 is blind and 1 is perfect; None where
one of the two is missing. Shape letters: E train interactions, G groups of equal signal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.evaluation.truth import HARD_KINDS, NOISE_KINDS, Truth
from core.metrics import auc
from core.types import MID, VERDICTS, BoolArray, InteractionScores

SIGNALS: Final = ("loss", "score", "semantic", "logical", "p_noisy")
TOP_SHARE: Final = 0.2
"""Share of the interactions that counts as those of the highest loss, or lowest score."""
N_BINS: Final = 40
"""Quantile bins of the out-of-fold score within which noise and genuine are matched."""
N_DRAWS: Final = 10
N_RESAMPLES: Final = 200
MAX_GROUPS: Final = 2000
"""Signals with more distinct values are grouped by rank for the bootstrap."""
RECALLS: Final = (0.5, 0.7, 0.9)

Values = NDArray[np.float64]


def detect(scores: InteractionScores, truth: Truth, rng: np.random.Generator) -> dict[str, Any]:
    """Measure detection against planted truth.

    Args:
        scores: Signals and verdicts, all ``(E,)``.
        truth: What was planted, ``(E,)``.
        rng: Source of the draws of ``auc_matched`` and of the bootstrap.

    Returns:
        Plain values for JSON. By signal: ``auc_all``, ``auc_top_loss`` (the fifth with the
        highest out-of-fold loss), ``auc_matched`` (noise and genuine 1:1 within bins of the
        out-of-fold score), ``auc_hard`` (noise against hard genuine alone), ``ci_*`` (95 %
        bootstrap intervals). By kind of noise: ``auc_kind`` of p_noisy. Shares 0..1:
        ``noise_recall``, ``precision``, ``hard_kept``, ``hard_kept_by_loss_cut``,
        ``hard_kept_at``; ``counts`` of interactions.

    Raises:
        ValueError: If the truth is of other interactions than the scores.
    """
    if len(truth.kind) != len(scores.loss):
        raise ValueError(f"truth of {len(truth.kind)} rows, scores of {len(scores.loss)}")
    noise, noisy = truth.is_noise, scores.verdict == VERDICTS.index("noisy")
    hard, source = hard_genuine(scores, truth)
    signals = noise_signals(scores)
    top = top_loss(scores)
    n_caught = int((noise & noisy).sum())
    has_noise = bool(noise.any())
    return {
        "auc_all": _aucs(signals, noise, np.ones(len(noise), dtype=bool)),
        "auc_top_loss": _aucs(signals, noise, top),
        "auc_matched": _matched_aucs(signals, noise, scores.score, rng),
        "auc_hard": _aucs(signals, noise, noise | hard),
        "auc_kind": _kind_aucs(signals["p_noisy"], truth),
        "ci_all": {name: bootstrap(value, noise, rng) for name, value in signals.items()},
        "ci_top_loss": {
            name: bootstrap(value[top], noise[top], rng) for name, value in signals.items()
        },
        "noise_recall": _share(noisy, noise),
        "precision": _share(noise, noisy) if has_noise else None,
        "hard_kept": _share(~noisy, hard),
        "hard_kept_by_loss_cut": kept_at(signals["loss"], noise, hard, n_caught),
        "hard_kept_at": {
            f"{recall:g}": {
                name: kept_at(signals[name], noise, hard, math.ceil(recall * noise.sum()))
                for name in ("p_noisy", "loss")
            }
            for recall in RECALLS
        },
        "hard_source": source,
        "counts": _counts(truth, noise, noisy, hard),
    }


def noise_signals(scores: InteractionScores) -> dict[str, Values]:
    """Signals turned so that higher = more like noise, float64 ``(E,)`` each.

    An interaction that the judge was not asked about has the neutral Mid.
    """
    logical = np.where(np.isnan(scores.logical), float(MID), scores.logical)
    return {
        "loss": scores.loss.astype(np.float64),
        "score": -scores.score.astype(np.float64),
        "semantic": -scores.semantic.astype(np.float64),
        "logical": -logical.astype(np.float64),
        "p_noisy": scores.p_noisy.astype(np.float64),
    }


def top_loss(scores: InteractionScores) -> BoolArray:
    """The fifth with the highest out-of-fold loss, ``(E,)``."""
    return _highest(scores.loss.astype(np.float64), np.ones(len(scores.loss), dtype=bool))


def hard_genuine(scores: InteractionScores, truth: Truth) -> tuple[BoolArray, str]:
    """Hard genuine interactions ``(E,)``, and how they are known.

    They are the planted ones if there are any, else the genuine fifth with the lowest
    out-of-fold score.
    """
    if truth.is_planted_hard.any():
        return truth.is_planted_hard, "planted"
    return _highest(-scores.score.astype(np.float64), ~truth.is_noise), "lowest score"


def kept_at(signal: Values, noise: BoolArray, hard: BoolArray, n_caught: int) -> float | None:
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


def _aucs(
    signals: Mapping[str, Values], noise: BoolArray, rows: BoolArray
) -> dict[str, float | None]:
    return {name: _finite(auc(value[rows], noise[rows])) for name, value in signals.items()}


def _matched_aucs(
    signals: Mapping[str, Values],
    noise: BoolArray,
    score: NDArray[np.float32],
    rng: np.random.Generator,
) -> dict[str, float | None]:
    """Mean AUC over draws of noise and genuine in equal numbers from each bin of the score."""
    known = np.flatnonzero(~np.isnan(score))
    if len(known) == 0:
        return dict.fromkeys(signals)
    edges = np.quantile(score[known], np.linspace(0, 1, N_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, score[known], side="right")
    sums = dict.fromkeys(signals, 0.0)
    for _ in range(N_DRAWS):
        rows = known[_one_to_one(noise[known], bins, rng)]
        for name, value in signals.items():
            sums[name] += auc(value[rows], noise[rows])  # NaN where nothing could be matched
    return {name: _finite(total / N_DRAWS) for name, total in sums.items()}


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


def _kind_aucs(p_noisy: Values, truth: Truth) -> dict[str, float | None]:
    """AUC of p_noisy for each planted kind of noise against all genuine interactions."""
    noise = truth.is_noise
    aucs = {}
    for kind in NOISE_KINDS:
        of_kind = truth.of_kind(kind)
        if of_kind.any():
            rows = of_kind | ~noise
            aucs[kind] = _finite(auc(p_noisy[rows], noise[rows]))
    return aucs


def _counts(
    truth: Truth, noise: BoolArray, noisy: BoolArray, hard: BoolArray
) -> dict[str, int | dict[str, int]]:
    return {
        "interactions": len(noise),
        "noise": int(noise.sum()),
        "genuine": int((~noise).sum()),
        "hard": int(hard.sum()),
        "called_noisy": int(noisy.sum()),
        "noise_called_noisy": int((noise & noisy).sum()),
        "hard_called_noisy": int((hard & noisy).sum()),
        "kinds": {kind: int(truth.of_kind(kind).sum()) for kind in (*NOISE_KINDS, *HARD_KINDS)},
    }


def _highest(value: Values, rows: BoolArray) -> BoolArray:
    """The fifth of ``rows`` with the highest value, at least one; NaN never counts."""
    known = np.flatnonzero(rows & ~np.isnan(value))
    chosen = np.zeros(len(value), dtype=bool)
    if len(known):
        n_chosen = max(1, round(TOP_SHARE * len(known)))
        chosen[known[np.argsort(-value[known], kind="stable")[:n_chosen]]] = True
    return chosen


def _share(what: BoolArray, among: BoolArray) -> float | None:
    return float(what[among].mean()) if among.any() else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
