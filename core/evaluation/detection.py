"""How well the signals and the verdicts tell planted noise from genuine interactions.

Every AUC is of noise against genuine, turned so that 0.5 is blind and 1 is perfect; None where
one of the two is missing. Shape letters: E train interactions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from core.evaluation.aucs import Values, aucs_of, bootstrap, kind_aucs, matched_aucs
from core.evaluation.truth import HARD_KINDS, NOISE_KINDS, Truth
from core.separation import RECALLS, kept_at
from core.types import MID, VERDICTS, BoolArray, InteractionScores

SIGNALS: Final = ("loss", "score", "semantic", "logical", "p_noisy")
TOP_SHARE: Final = 0.2
"""Share of the interactions that counts as those of the highest loss, or lowest score."""


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
        ``hard_kept_at``; ``counts`` of interactions; ``verdicts``, and ``verdicts_top_loss`` among
        the fifth with the highest loss: what of each verdict is noise, hard, or ordinary. Where a
        label set p_noisy and verdict, or p_noisy was fitted to one, the method did not find it out:
        these are left out of everything, and counted as ``by_person``.

    Raises:
        ValueError: If the truth is of other interactions than the scores.
    """
    if len(truth.kind) != len(scores.loss):
        raise ValueError(f"truth of {len(truth.kind)} rows, scores of {len(scores.loss)}")
    told = scores.by_person | scores.taught
    n_by_person = int(told.sum())
    if n_by_person:
        kept = np.flatnonzero(~told)
        scores, truth = scores.select(kept), Truth(tuple(truth.kind[row] for row in kept.tolist()))
    noise, noisy = truth.is_noise, scores.verdict == VERDICTS.index("noisy")
    hard, source = hard_genuine(scores, truth)
    signals = noise_signals(scores)
    return {
        **_aucs_and_intervals(signals, scores, truth, hard, rng),
        **_shares(signals, noise, noisy, hard),
        "hard_source": source,
        "verdicts": _verdicts(scores, noise, hard, np.ones(len(noise), dtype=bool)),
        "verdicts_top_loss": _verdicts(scores, noise, hard, top_loss(scores)),
        "counts": _counts(truth, noise, noisy, hard)
        | ({"by_person": n_by_person} if n_by_person else {}),
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


def _aucs_and_intervals(
    signals: Mapping[str, Values],
    scores: InteractionScores,
    truth: Truth,
    hard: BoolArray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """How well the signals order the interactions; matching draws first, then the bootstrap."""
    noise, top = truth.is_noise, top_loss(scores)
    return {
        "auc_all": aucs_of(signals, noise, np.ones(len(noise), dtype=bool)),
        "auc_top_loss": aucs_of(signals, noise, top),
        "auc_matched": matched_aucs(signals, noise, scores.score, rng),
        "auc_hard": aucs_of(signals, noise, noise | hard),
        "auc_kind": kind_aucs(signals["p_noisy"], truth),
        "ci_all": {name: bootstrap(value, noise, rng) for name, value in signals.items()},
        "ci_top_loss": {
            name: bootstrap(value[top], noise[top], rng) for name, value in signals.items()
        },
    }


def _shares(
    signals: Mapping[str, Values], noise: BoolArray, noisy: BoolArray, hard: BoolArray
) -> dict[str, Any]:
    """What the verdicts catch and spare, beside a cut by loss and cuts that catch as much."""
    n_caught = int((noise & noisy).sum())
    return {
        "noise_recall": _share(noisy, noise),
        "precision": _share(noise, noisy) if noise.any() else None,
        "hard_kept": _share(~noisy, hard),
        "hard_kept_by_loss_cut": kept_at(signals["loss"], noise, hard, n_caught),
        "hard_kept_at": {
            f"{recall:g}": {
                name: kept_at(signals[name], noise, hard, math.ceil(recall * noise.sum()))
                for name in ("p_noisy", "loss")
            }
            for recall in RECALLS
        },
    }


def _verdicts(
    scores: InteractionScores, noise: BoolArray, hard: BoolArray, among: BoolArray
) -> dict[str, dict[str, int]]:
    """What the interactions of each verdict are; hard and ordinary ones are genuine."""
    truth = {"noise": noise, "hard": hard, "ordinary": ~noise & ~hard}
    return {
        name: {
            what: int(((scores.verdict == place) & is_so & among).sum())
            for what, is_so in truth.items()
        }
        for place, name in enumerate(VERDICTS)
    }


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
