"""Labels of people correct how the signals make p_noisy.

Logistic regression of noisy (1) against clean or hard (0) on the parts of the logit that p_noisy
is made of, from what the model believes without labels: slope 1 for each part, shift 0. The
estimate is the maximum of the posterior under normal priors around that belief, so a few labels
move it a little and many move it far [D]. A part may lose its weight, its sign never turns: what
speaks for noise does not start to speak against it because of a handful of labels [D].

**Labels are no random sample.** Queues show people what looks noisy, or doubtful, or telling.
Choosing by the signals leaves P(noisy | signals) as it is, and that is all a logistic regression
given those signals estimates, so it stays consistent: slopes, shift, and with them the mean over
all train interactions as an estimate of the noise rate. It is not consistent where

- the choice rests on more than the signals here: people skip what they cannot judge, look up
  titles they know, or import a list of known noise (only the shift is off if the choice rests on
  the label alone);
- log-odds are not linear in the parts: the line then fits where labels are many, and is a guess
  elsewhere; labels from the random order spread it over all interactions;
- people err, more so in one direction.

It would not hold at all for labels that were given to many pairs at once: what is labelled noisy
*because* p_noisy is high says nothing of p_noisy. Such labels do not come here
(:func:`core.labels.teaching`).

Nothing here measures itself: a label is compared with a fit that has not seen it, and labels that
are held out take no part at all.

Shape letters: E train interactions, L labels in use, F columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core.config import MOST_NOISE, LabelsConfig, ScoringConfig
from core.scoring.posterior import shift_to
from core.stages import Arrays
from core.types import LABELS, FloatArray, GradeArray

PARTS = ("from_language", "from_behaviour", "from_grades")
"""Parts of the logit; slopes around 1."""
EVIDENCE = {"semantic_among_users": 0, "score": 1, "log_popularity": 1}
"""Signals that labels may weigh anew, and which part of the logit they count to; around 0."""
SLOPE_SD = 0.5
"""Spread of the prior of slopes: of a part, or of a signal in standard deviations [D]."""
SHIFT_SD = 1.5
"""Spread of the prior of the shift: the estimated noise rate may be far off [D]."""
N_FOLDS = 5
LEAST_P = 1e-4
"""p_noisy is kept this far from 0 and 1 where log-losses are compared: no fit is that sure."""
NOISY = LABELS.index("noisy")

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What labels made of the posterior, and how it is known to be better."""

    changed: Mapping[str, Any] = field(default_factory=dict)
    """Arrays of the signals that change, by name: p_noisy, its parts, the noise rate. Empty where
    everything stays as it was."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """Plain values: ``calibrated``, ``why_not``, ``coefficients``, ``cross_validated``."""


class _Design(NamedTuple):
    """Columns of a regression with their priors; the first column is the shift."""

    names: tuple[str, ...]
    columns: Values
    """``(E, F)``."""
    centre: Values
    """Prior means, ``(F,)``."""
    spread: Values
    least: Values
    """Lower bounds, ``(F,)``."""
    offset: float
    """Log-odds where every column is 0."""


def calibrate(
    signals: Arrays,
    label: GradeArray,
    config: LabelsConfig,
    rng: np.random.Generator,
    scoring: ScoringConfig | None = None,
) -> Calibration:
    """Fit p_noisy to labels, if that holds for labels the fit has not seen.

    Args:
        signals: p_noisy, its parts, the noise rate and the signals of :data:`EVIDENCE`.
        label: Label in use of each train interaction, -1 where there is none, ``(E,)``.
        config: Whether to, and how many labels it takes.
        rng: Assigns the folds.
        scoring: Which parts count: signals of another part are not weighed anew.
    """
    rows = np.flatnonzero(label >= 0)
    noisy = label[rows] == NOISY
    n_noisy, n_genuine = int(noisy.sum()), int((~noisy).sum())
    if not config.calibrate:
        return _refused("switched off by labels.calibrate")
    if min(n_noisy, n_genuine) < config.least:
        return _refused(
            f"{n_noisy} noisy and {n_genuine} genuine labels in use, {config.least} of either "
            "kind are needed"
        )
    fold = _folds(noisy, rng)
    before = np.clip(signals["p_noisy"][rows].astype(np.float64), LEAST_P, 1 - LEAST_P)
    design, after = _better(signals, rows, noisy, fold, _evidence(scoring or ScoringConfig()))
    measured = _measured(noisy, before, after)
    loss = measured["log_loss_after"]
    if loss >= measured["log_loss_before"]:
        return _refused("labels not used for the fit are told as well without it", measured)
    if loss >= _log_loss(noisy, _shares(noisy, fold)).mean():
        return _refused("no signal tells the labels apart; look at them again", measured)
    weights = _fit(design, rows, noisy)
    return Calibration(
        _changed(design, weights),
        {
            "calibrated": True,
            "why_not": "",
            "coefficients": dict(zip(design.names, weights.tolist(), strict=True)),
            "cross_validated": measured,
        },
    )


def _refused(why_not: str, measured: Mapping[str, Any] | None = None) -> Calibration:
    report = {"why_not": why_not, "coefficients": None, "cross_validated": measured}
    return Calibration(report={"calibrated": False, **report})


def _better(
    signals: Arrays,
    rows: NDArray[np.int64],
    noisy: NDArray[np.bool_],
    fold: NDArray[np.int64],
    evidence: Sequence[str],
) -> tuple[_Design, Values]:
    """The parts alone, or with further signals where those gain more than one standard error."""
    small, large = _design(signals, ()), _design(signals, evidence)
    found = {
        name: _cross_validate(part, rows, noisy, fold)
        for name, part in (("small", small), ("large", large))
    }
    gain = _log_loss(noisy, found["small"]) - _log_loss(noisy, found["large"])
    if gain.mean() > gain.std() / np.sqrt(len(gain)):
        return large, found["large"]
    return small, found["small"]


def _evidence(scoring: ScoringConfig) -> tuple[str, ...]:
    """Signals that may be weighed anew: those of the parts that count."""
    counts = (scoring.use_language, scoring.use_behaviour, scoring.use_grades)
    return tuple(name for name, part in EVIDENCE.items() if counts[part])


def _design(signals: Arrays, evidence: Sequence[str]) -> _Design:
    """Columns that say anything: neither constant nor unknown."""
    columns = {name: np.asarray(signals[name], np.float64) for name in (*PARTS, *evidence)}
    offset = shift_to(
        np.sum([columns[name] for name in PARTS], axis=0), float(signals["noise_rate"])
    )
    kept = {name: value for name, value in columns.items() if np.ptp(value) > 1e-9}  # NaN: False
    n_rows = len(signals["p_noisy"])
    table = [np.ones(n_rows)]
    for name, value in kept.items():
        table.append(value if name in PARTS else (value - value.mean()) / value.std())
    is_part = np.array([False, *(name in PARTS for name in kept)])
    return _Design(
        ("shift", *kept),
        np.stack(table, axis=1),
        is_part.astype(np.float64),
        np.array([SHIFT_SD, *[SLOPE_SD] * len(kept)]),
        np.where(is_part, 0.0, -np.inf),
        offset,
    )


def _fit(design: _Design, rows: NDArray[np.int64], noisy: NDArray[np.bool_]) -> Values:
    """Maximum of the posterior, ``(F,)``: convex, so there is one, from any start."""
    columns = design.columns[rows]

    def loss(weights: Values) -> tuple[float, Values]:
        logit = design.offset + columns @ weights
        away = (weights - design.centre) / design.spread
        value = np.logaddexp(0.0, np.where(noisy, -logit, logit)).sum() + 0.5 * (away**2).sum()
        return value, columns.T @ (expit(logit) - noisy) + away / design.spread

    bounds = [(low, None) for low in design.least]
    options = {"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8}
    start = design.centre
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x, np.float64)


def _predict(design: _Design, weights: Values) -> Values:
    return np.asarray(expit(design.offset + design.columns @ weights), np.float64)


def _folds(noisy: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Fold of each label, both kinds spread evenly, ``(L,)``."""
    fold = np.empty(len(noisy), np.int64)
    for kind in (noisy, ~noisy):
        fold[kind] = rng.permutation(int(kind.sum())) % N_FOLDS
    return fold


def _cross_validate(
    design: _Design, rows: NDArray[np.int64], noisy: NDArray[np.bool_], fold: NDArray[np.int64]
) -> Values:
    """Probability of each label being noisy by a fit without its fold, ``(L,)``."""
    found = np.empty(len(rows))
    for k in range(N_FOLDS):
        rest = fold != k
        p = _predict(design, _fit(design, rows[rest], noisy[rest]))
        found[~rest] = p[rows[~rest]]
    return np.clip(found, LEAST_P, 1 - LEAST_P)


def _shares(noisy: NDArray[np.bool_], fold: NDArray[np.int64]) -> Values:
    """Share of noisy labels in the other folds: what is known without any signal, ``(L,)``."""
    share = np.array([noisy[fold != k].mean() for k in range(N_FOLDS)])
    return np.asarray(share[fold], np.float64)


def _measured(noisy: NDArray[np.bool_], before: Values, after: Values) -> dict[str, Any]:
    return {
        "n": len(noisy),
        "auc_before": float(roc_auc_score(noisy, before)),
        "auc_after": float(roc_auc_score(noisy, after)),
        "log_loss_before": float(_log_loss(noisy, before).mean()),
        "log_loss_after": float(_log_loss(noisy, after).mean()),
    }


def _log_loss(noisy: NDArray[np.bool_], p: Values) -> Values:
    return np.asarray(-np.log(np.where(noisy, p, 1.0 - p)), np.float64)


def _changed(design: _Design, weights: Values) -> dict[str, Any]:
    """p_noisy and its parts as labels have them; the rate is the mean, never above the highest."""
    moved = design.columns * weights  # (E, F)
    parts = {name: np.zeros(len(moved)) for name in PARTS}
    for column, name in enumerate(design.names[1:], start=1):
        owner = name if name in PARTS else PARTS[EVIDENCE[name]]
        parts[owner] += moved[:, column]
    total = design.offset + moved.sum(axis=1)
    rate = min(float(expit(total).mean()), MOST_NOISE)
    p_noisy = expit(total + shift_to(total, rate))
    as_float = {name: value.astype(np.float32) for name, value in parts.items()}
    found: dict[str, Any] = {"p_noisy": _float(p_noisy), **as_float, "noise_rate": rate}
    return found


def _float(values: Values) -> FloatArray:
    return np.asarray(values, np.float32)
