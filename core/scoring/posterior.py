"""p_noisy: from signals to a probability, without a single label.

Positive-unlabelled learning [D]: a classifier tells train interactions from stand-ins
(:mod:`core.scoring.stand_ins`) by out-of-fold signals; where it cannot be sure, an interaction
looks like the noise it may be. How signals are put together matters more than any one of them:

1. *Language at equal behaviour.* Stand-ins are weighted so that score and popularity are spread as
   among the train interactions. The classifier then learns what the texts add **given** the score:
   the difference between hard and noisy, not between easy and hard.
2. *Behaviour at equal popularity.* A second classifier on loss history, score and neighbours, and
   on the score by models that have seen the pair (:mod:`core.scoring.insertions`).
   Without the weights it would take unpopular items for noise, or popular ones, as the stand-ins
   have it. What popularity itself says is added again: how the noise rate rises or falls with
   it (:mod:`core.scoring.popularity`). Misclicks fall on items few people want, clicks for
   position on those that everybody sees.
3. p = sigmoid(logit of 1 + caution * logit of 2 + shift). ``caution`` < 1 holds back evidence that
   hard and noisy interactions share. The shift makes the mean of p the estimated noise rate.
4. *Grades* are features of 1 where every pair was judged. Where only some were, grades move the
   logit of those by what they say beyond 1 and 2, learnt on judged interactions against judged
   stand-ins (controls).

The noise rate is estimated as :mod:`core.scoring.noise_rate` says.

Shape letters: E train interactions, P pairs, F features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from core.config import ScoringConfig
from core.keys import distinct
from core.scoring.binning import weighted_bins
from core.scoring.evidence import Evidence
from core.scoring.noise_rate import noise_rate
from core.scoring.popularity import popularity_logit
from core.types import HIGH, LOW, BoolArray, FloatArray, GradeArray

BINS = {1: (12,), 2: (12, 5)}
"""Bins per column (popularity; score and popularity) of the cells in which stand-ins are weighted
like the train interactions."""
WEIGHT_CAP = 0.995
"""Quantile at which weights are cut: a cell with few stand-ins must not decide alone."""
N_BINS = 128
"""Of each feature; finds as much as 255 in less time, 63 finds measurably less."""
LEAST_CONTROLS = 20
"""With fewer judged controls, grades cannot be weighed and leave p_noisy as it is."""


@dataclass(frozen=True)
class Posterior:
    """p_noisy of E interactions and the parts of its logit, ``(E,)`` each."""

    p_noisy: FloatArray
    from_language: FloatArray
    """Logit moved by texts, and by grades where every pair was judged, at equal behaviour; against
    the average interaction, positive = towards noise. So are the next two."""
    from_behaviour: FloatArray
    """Logit moved by loss history, score and popularity, caution applied."""
    from_grades: FloatArray
    """Logit moved by the grades; 0 where the judge was not asked."""
    noise_rate: float
    """Estimated share of noise, 0..1."""


@dataclass(frozen=True)
class Parts:
    """Cross-fitted logits of being a stand-in, ``(P,)`` each."""

    language: np.ndarray
    """At equal behaviour."""
    behaviour: np.ndarray
    """At equal popularity, out of fold alone."""
    fitted: np.ndarray | None
    """The same with the scores of models that have seen the pair, of the interactions alone,
    ``(E,)``; None where there are no such models."""


def combine(
    evidence: Evidence,
    observed: BoolArray,
    config: ScoringConfig,
    rng: np.random.Generator,
) -> Posterior:
    """Estimate p_noisy of the observed pairs.

    Args:
        evidence: Signals of P pairs, the E observed ones first.
        observed: Which pairs are train interactions, ``(P,)``.
        config: Caution, folds, and which parts count.
        rng: Assigns cross-fitting folds and seeds the classifiers.
    """
    return weigh(fit_parts(evidence, observed, config, rng), evidence, observed, config)


def fit_parts(
    evidence: Evidence, observed: BoolArray, config: ScoringConfig, rng: np.random.Generator
) -> Parts:
    """Fit both classifiers; grades count in them only where every pair was judged.

    Args:
        evidence: As of :func:`combine`, and so are the others.
        observed: Which pairs are train interactions.
        config: Folds.
        rng: Assigns cross-fitting folds and seeds the classifiers.
    """
    standing = evidence.standing()
    at_equal = np.hstack([evidence.language(), standing])
    equal = _balance(standing, observed)
    language = _cross_fit(at_equal, observed, equal, config.folds, rng)
    moves = np.hstack([evidence.behaviour(), standing[:, 1:]])
    as_popular = _balance(standing[:, 1:], observed)
    behaviour = _cross_fit(moves, observed, as_popular, config.folds, rng)
    return Parts(language, behaviour, _fitted(evidence, observed, config, rng))


def _fitted(
    evidence: Evidence, observed: BoolArray, config: ScoringConfig, rng: np.random.Generator
) -> np.ndarray | None:
    """Behaviour with fitted scores, against inserted stand-ins: mean logit ``(E,)``."""
    seen = evidence.insertions
    if seen is None or len(seen.row) == 0:
        return None
    own = np.flatnonzero(observed)
    behaviour, popularity = evidence.behaviour(), evidence.standing()[:, 1:]
    total = np.zeros(len(own))
    for row, score, stand_in_score in zip(seen.row, seen.score, seen.stand_in_score, strict=True):
        rows = np.concatenate([own, row])
        fitted = np.concatenate([score, stand_in_score])[:, None]
        features = np.hstack([fitted, behaviour[rows], popularity[rows]])
        weight = _balance(popularity[rows], observed[rows])
        total += _cross_fit(features, observed[rows], weight, config.folds, rng)[: len(own)]
    return total / len(seen.row)


def weigh(
    parts: Parts, evidence: Evidence, observed: BoolArray, config: ScoringConfig
) -> Posterior:
    """Put the parts together, with what grades of some of the pairs add.

    Args:
        parts: Of the same pairs.
        evidence: Whose grades and popularity count; nothing else of it is read.
        observed: Which pairs are train interactions.
        config: Caution, and which parts count.
    """
    language, behaviour = parts.language, parts.behaviour
    rate = noise_rate(expit(language + behaviour), observed)
    popular = np.zeros(len(behaviour))
    if config.use_popularity:  # language stays out of it: the parts can be told apart
        popular = popularity_logit(expit(behaviour), evidence.log_popularity, observed)
    behaviour = behaviour + popular
    moved = behaviour[observed] if parts.fitted is None else parts.fitted + popular[observed]
    base = language + config.caution * behaviour
    shift = np.zeros(len(base))
    if not evidence.all_judged():
        shift = _grade_shift(base, observed, evidence.user_grade, evidence.item_grade)
    # Left out at the end: the other parts and the rate stay what they are with all signals.
    counted = (
        language[observed] * config.use_language,
        config.caution * moved * config.use_behaviour,
        shift[observed] * config.use_grades,
    )
    total = np.sum(counted, axis=0)
    return Posterior(
        expit(total + shift_to(total, rate)).astype(np.float32),
        _centred(counted[0]),
        _centred(counted[1]),
        counted[2].astype(np.float32),  # centred on the judged ones already
        rate,
    )


def _balance(standing: FloatArray, observed: BoolArray) -> np.ndarray:
    """Weights ``(P,)`` that spread stand-ins over one or two columns like interactions."""
    cell = np.zeros(len(standing), np.int64)
    for column, bins in zip(standing.T, BINS[standing.shape[1]], strict=True):
        edges = np.quantile(column[observed], np.linspace(0, 1, bins + 1)[1:-1])
        cell = cell * bins + np.digitize(column, edges)
    n_cells = int(np.prod(BINS[standing.shape[1]]))
    wanted = np.bincount(cell[observed], minlength=n_cells)
    there = np.bincount(cell[~observed], minlength=n_cells)
    weight = np.where(observed, 1.0, (wanted / np.maximum(there, 1))[cell])
    return np.asarray(np.minimum(weight, max(np.quantile(weight[~observed], WEIGHT_CAP), 1e-9)))


def _cross_fit(
    features: FloatArray,
    observed: BoolArray,
    weight: np.ndarray,
    n_folds: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Logit of being a stand-in, each pair by classifiers that have not seen it, ``(P,)``."""
    target = ~observed
    balanced = np.where(
        observed, 0.5 / weight[observed].sum(), 0.5 / max(weight[target].sum(), 1e-9)
    )
    weight = weight * balanced * len(weight)
    fold = rng.permutation(len(target)) % n_folds
    result = np.zeros(len(target))
    for k in range(n_folds):
        fit, apply = fold != k, fold == k
        model = HistGradientBoostingClassifier(
            max_iter=120,
            learning_rate=0.05,
            max_leaf_nodes=8,
            max_bins=N_BINS,
            min_samples_leaf=min(100, max(int(fit.sum()) // 20, 1)),
            l2_regularization=5.0,
            early_stopping=False,
            random_state=int(rng.integers(2**31)),
        )
        if not apply.any() or len(distinct(target[fit])) < 2:
            continue  # nothing to tell apart: logit 0 says nothing either way
        bins = weighted_bins(features, weight, fit, N_BINS)
        model.fit(bins[fit], target[fit], sample_weight=weight[fit])
        result[apply] = model.decision_function(bins[apply])
    return result


def _grade_shift(
    base: np.ndarray, observed: BoolArray, user_grade: GradeArray, item_grade: GradeArray
) -> np.ndarray:
    """What grades add to the logit, ``(P,)``, 0 where not judged.

    A logistic regression of judged interactions against judged controls on the base logit and
    the grades; the part of the grades is the shift. Its sign is fixed by meaning: a High never
    speaks for noise, a Low never against it.
    """
    judged = (user_grade >= 0) & (item_grade >= 0)
    shift = np.zeros(len(base))
    if (judged & ~observed).sum() < LEAST_CONTROLS or (judged & observed).sum() < LEAST_CONTROLS:
        return shift
    grades = np.stack(
        [user_grade == HIGH, user_grade == LOW, item_grade == HIGH, item_grade == LOW], axis=1
    ).astype(float)
    features = np.hstack([base[:, None], grades])[judged]
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    model.fit(features, ~observed[judged])
    sign = np.array([-1.0, 1.0, -1.0, 1.0])
    weights = sign * np.maximum(sign * model.coef_[0, 1:], 0.0)
    moved = grades[judged] @ weights
    # Centred on the judged interactions: being asked about is no evidence.
    shift[judged] = moved - moved[observed[judged]].mean()
    return shift


def _centred(part: np.ndarray) -> FloatArray:
    return np.asarray(part - part.mean(), dtype=np.float32)


def shift_to(total: np.ndarray, rate: float) -> float:
    """Constant that makes the mean probability ``rate``."""
    rate = min(max(rate, 1e-6), 1.0 - 1e-6)  # 0 and 1 lie at infinity
    far = 60.0 + float(np.abs(total).max(initial=0.0))
    return float(brentq(lambda c: expit(total + c).mean() - rate, -far, far))
