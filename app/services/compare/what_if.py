"""What other rules would have made of the signals of one run, at once and without training.

The log-odds of p_noisy are a sum: texts + behaviour + grades + a level that makes the mean of
p_noisy the estimated noise rate. Leaving a part out, or weighing behaviour otherwise, is arithmetic
on that sum, with the level found anew. Verdicts and edges then follow by the code of the method
itself. What training would learn from other edges is not foretold.

Shape letters: E train interactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.compare import signals
from app.services.compare.signals import Signals
from app.services.store import Run
from core.config import ScoringConfig
from core.graph.refine import refine
from core.scoring.verdict import assign_verdicts
from core.types import HIGH, MID, VERDICTS, GradeArray

PARTS: Final[Mapping[str, str]] = {
    "language": "Language (texts)",
    "behaviour": "Behaviour (loss, score)",
    "grades": "Grades",
}
NOISY: Final = VERDICTS.index("noisy")
STEPS: Final = 60
"""Halvings of the interval that holds the level: far below what a float can tell."""


@dataclass(frozen=True)
class Scenario:
    """Other rules; the defaults are those of most runs."""

    by: Literal["share", "threshold"] = "share"
    """What says how many are noisy."""
    value: float = 0.0
    """Share of the interactions called noisy, or p_noisy from which they are."""
    rule: Literal["posterior", "grades"] = "posterior"
    least: Literal["High", "Mid"] = "High"
    """Grade that both views must give at least, for *hard* and for edges."""
    without: tuple[str, ...] = ()
    """Parts (of :data:`PARTS`) that are left out."""
    caution: float | None = None
    """Weight of behaviour; None = as the run has it."""


@dataclass(frozen=True)
class Side:
    """What some rules make of a run; None where it is not known."""

    verdicts: Mapping[str, int]
    threshold: float | None
    """p_noisy from which an interaction is noisy; None where grades decide."""
    noise_found: float | None
    """Share of planted noise called noisy; this and the next two without what labels decided."""
    precision: float | None
    """Share of planted noise among those called noisy."""
    hard_kept: float | None
    """Share of hard genuine ones not called noisy."""
    agree: float | None
    """Share of the labels kept for measuring that the verdict is; clean = not noisy."""
    n_labels: int
    dropped: int | None
    """Edges that the preset ``paper`` drops."""
    added: int | None
    weight: float
    """Sum of the weights of the observed edges with the preset ``soft``."""


@dataclass(frozen=True)
class Outcome:
    """The run as it is, and as it would be."""

    now: Side
    then: Side
    moves: pd.DataFrame
    """Interactions by both verdicts: ``before``, ``after``, ``n``."""
    moved: float
    """Mean change of the weight of an observed edge with the preset ``soft``, without sign."""
    n_told: int = 0
    """Interactions that labels decided or taught: they measure nothing."""


def start(run: Run) -> Scenario:
    """The rules of the run itself."""
    share = run.manifest.verdicts.get("noisy", 0) / max(1, run.manifest.n_interactions)
    rule: Literal["posterior", "grades"] = "grades" if run.manifest.by_grades else "posterior"
    return Scenario(value=share, rule=rule)


def caution_of(run: Run) -> float | None:
    """Weight of behaviour in the run; None where it is 0 or not known: nothing to weigh anew."""
    scoring = run.manifest.settings.get("scoring")
    found = scoring.get("caution") if isinstance(scoring, Mapping) else None
    return float(found) if isinstance(found, int | float) and found > 0 else None


def outcome(run: Run, scenario: Scenario) -> Outcome:
    """Apply other rules to a run.

    Raises:
        DataError: If a table of the run is missing or damaged.
    """
    known = signals.load(run)
    p = p_noisy(known, scenario, caution_of(run))
    verdict, threshold = _verdicts(known, p, scenario)
    own = start(run)
    now = _side(known, known.p_noisy, known.verdict, run.manifest.threshold, own)
    then = _side(known, p, verdict, threshold, scenario)
    moved = float(np.abs(_soft(p) - _soft(known.p_noisy)).mean()) if len(p) else 0.0
    return Outcome(now, then, _moves(known.verdict, verdict), moved, int(known.told.sum()))


def p_noisy(known: Signals, scenario: Scenario, caution: float | None) -> npt.NDArray[np.float32]:
    """p_noisy without some parts or with behaviour weighed otherwise, ``(E,)``.

    Args:
        known: Signals of the run.
        scenario: What to leave out, and the weight of behaviour.
        caution: Weight of behaviour in the run.
    """
    scale = 1.0
    if scenario.caution is not None and caution:
        scale = scenario.caution / caution
    if not known.has_parts or (not scenario.without and scale == 1.0):
        return known.p_noisy
    weights = {"language": 1.0, "behaviour": scale, "grades": 1.0}
    total = np.zeros(len(known.p_noisy))
    for name, weight in weights.items():
        if name not in scenario.without:
            total += weight * known.parts[name]
    found = _expit(total + level(total, known.noise_rate)).astype(np.float32)
    # What a person decided stays, whatever its parts are worth.
    return np.where(known.person, known.p_noisy, found).astype(np.float32)


def level(total: np.ndarray, rate: float) -> float:
    """What to add to log-odds so that the mean probability is ``rate``."""
    low, high = -60.0 - float(np.max(total)), 60.0 - float(np.min(total))
    middle = 0.0
    for _ in range(STEPS):
        p = _expit(total + middle)
        error = float(p.mean()) - rate
        if abs(error) < 1e-9:
            break
        low, high = (low, middle) if error > 0 else (middle, high)
        slope = float((p * (1 - p)).mean())
        ahead = middle - error / slope if slope > 0 else low  # Newton, halving where it leaves
        middle = ahead if low < ahead < high else (low + high) / 2
    return middle


def expressible(run: Run, scenario: Scenario) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Settings of a next run that mean the same, and what no setting can say.

    Returns:
        Changed settings by full name, such as ``scoring.caution``; sentences.
    """
    own, found, cannot = start(run), dict[str, Any](), []
    if scenario.rule != own.rule:
        found["scoring.rule"] = scenario.rule
    if scenario.rule == "posterior":
        known = signals.load(run)
        p = p_noisy(known, scenario, caution_of(run))
        share = float((p >= _threshold(p, scenario)).mean())
        factor = share / known.noise_rate if known.noise_rate > 0 else 0.0
        if factor > 0 and abs(share - own.value) > 0.5 / max(1, len(p)):
            found["scoring.flag_factor"] = round(factor, 4)
        elif factor <= 0:
            cannot.append("That nothing is noisy: the number of noisy ones must be above 0.")
    if "behaviour" in scenario.without:
        found["scoring.caution"] = 0.0
    elif scenario.caution is not None and scenario.caution != caution_of(run):
        found["scoring.caution"] = scenario.caution
    if scenario.least != own.least:
        cannot.append("At least Mid from both views: the method asks for High and High.")
    cannot += [
        f"{PARTS[name]} left out: no setting takes this part away alone."
        for name in scenario.without
        if name != "behaviour"
    ]
    return found, tuple(cannot)


def _verdicts(
    known: Signals, p: npt.NDArray[np.float32], scenario: Scenario
) -> tuple[GradeArray, float | None]:
    """Verdicts of other rules, those that a person decided as they are; and the threshold."""
    threshold = _threshold(p, scenario)
    user, item = _graded(known.user_grade, scenario), _graded(known.item_grade, scenario)
    config = ScoringConfig(rule=scenario.rule)
    found = assign_verdicts(p, user, item, known.low, threshold, config)
    found[known.person] = known.verdict[known.person]
    return found, threshold if scenario.rule == "posterior" else None


def _threshold(p: npt.NDArray[np.float32], scenario: Scenario) -> float:
    if scenario.by == "threshold":
        return scenario.value
    n_noisy = round(scenario.value * len(p))
    if not n_noisy:
        return float("inf")
    return float(np.partition(p, len(p) - n_noisy)[len(p) - n_noisy])


def _graded(grade: GradeArray, scenario: Scenario) -> GradeArray:
    """Grades for rules that ask for High: Mid counts as High where Mid is enough."""
    if scenario.least == "High":
        return grade
    return np.where(grade >= MID, HIGH, grade).astype(np.int8)


def _side(
    known: Signals,
    p: npt.NDArray[np.float32],
    verdict: GradeArray,
    threshold: float | None,
    scenario: Scenario,
) -> Side:
    noisy, found_out = verdict == NOISY, ~known.told
    counts = np.bincount(verdict, minlength=len(VERDICTS))
    measured = known.label >= 0
    dropped, added = _edges(known, p, scenario)
    return Side(
        {name: int(n) for name, n in zip(VERDICTS, counts, strict=True)},
        None if threshold is None or not np.isfinite(threshold) else threshold,
        _share(noisy, known.noise & found_out),
        _share(known.noise, noisy & found_out) if known.noise.any() else None,
        _share(~noisy, known.hard & found_out) if known.noise.any() else None,
        _share(_is_label(known.label, verdict), measured),
        int(measured.sum()),
        dropped,
        added,
        float(_soft(p).sum(dtype=np.float64)),
    )


def _edges(
    known: Signals, p: npt.NDArray[np.float32], scenario: Scenario
) -> tuple[int | None, int | None]:
    """Edges dropped and added by the preset ``paper``."""
    if known.judgements is None or not known.has_low:
        return None, None
    judged = signals.regraded(known.judgements, lambda grade: _graded(grade, scenario))
    graph = refine(known.train, judged, known.low, p, "paper", known.labels)
    return int((graph.origin == 1).sum()), int((graph.origin == 2).sum())


def _soft(p: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Weights of observed edges with the preset ``soft``, ``(E,)``."""
    return np.asarray(np.maximum(np.float32(1.0) - p, np.float32(signals.LEAST_WEIGHT)))


def _is_label(label: GradeArray, verdict: GradeArray) -> npt.NDArray[np.bool_]:
    """As :func:`app.services.compare.labels.is_label`, by codes."""
    clean = VERDICTS.index("clean")
    return np.asarray((label == verdict) | ((label == clean) & (verdict != NOISY)))


def _moves(before: GradeArray, after: GradeArray) -> pd.DataFrame:
    size = len(VERDICTS)
    n = np.bincount(before.astype(np.int64) * size + after, minlength=size * size)
    names = [(one, two) for one in VERDICTS for two in VERDICTS]
    table = pd.DataFrame(names, columns=["before", "after"]).assign(n=n)
    return table[table["n"] > 0].reset_index(drop=True)


def _share(what: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float | None:
    return float(what[among].mean()) if among.any() else None


def _expit(value: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -500, 500))))
