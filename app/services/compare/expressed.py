"""Settings of a next run that mean the same as other rules tried on a run."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from app.services.compare import scenario as rules
from app.services.compare import signals, what_if
from app.services.compare.scenario import Scenario
from app.services.compare.signals import Signals
from app.services.store import Run
from core.config import ScoringConfig

DIGITS: Final = range(4, 16)
"""Digits of the flag factor: the fewest that flag just as many."""


class Expressed(NamedTuple):
    """What the next run is told."""

    changes: dict[str, Any]
    """Changed settings by full name, such as ``scoring.caution``."""
    cannot: tuple[str, ...]
    """Sentences on what no setting says."""
    roughly: tuple[str, ...]
    """Sentences on why a run with these settings may decide a little otherwise."""


def expressed(run: Run, scenario: Scenario) -> Expressed:
    """Say other rules as settings.

    Raises:
        DataError: If a table of the run is missing or damaged.
    """
    own, known, caution = rules.start(run), signals.load(run), rules.caution_of(run)
    found: dict[str, Any] = {}
    cannot = []
    weighs = rules.is_weighed_anew(known, scenario, caution)
    before = rules.before_labels(known, scenario, caution)
    if scenario.rule != own.rule:
        found["scoring.rule"] = scenario.rule
    as_flagged = (scenario.by, scenario.value, scenario.rule) == (own.by, own.value, own.rule)
    if scenario.rule == "posterior" and (weighs or not as_flagged):
        cut = what_if.threshold(rules.p_noisy(known, scenario, caution), scenario)
        n_flagged = int((before >= cut).sum())
        if not n_flagged:
            cannot.append("That nothing is noisy: the number of noisy ones must be above 0.")
        elif n_flagged != _n_flagged(_flag_factor(run), known):
            found["scoring.flag_factor"] = _factor(n_flagged, known)
    if weighs and scenario.without and np.ptp(before) < 1e-6:
        cannot.append("With these left out nothing tells the interactions apart.")
    elif known.has_parts:
        found |= {f"scoring.use_{name}": False for name in scenario.without}
    if weighs and "behaviour" not in scenario.without and scenario.caution not in (None, caution):
        found["scoring.caution"] = scenario.caution
    if scenario.accept != own.accept:
        found["refine.accept"] = scenario.accept
    if scenario.preset != own.preset:
        found["refine.preset"] = scenario.preset
    roughly = _roughly(run, known, weighs, scenario) if found else ()
    return Expressed(found, tuple(cannot), roughly)


def _roughly(run: Run, known: Signals, weighs: bool, scenario: Scenario) -> tuple[str, ...]:
    found = []
    labels = run.manifest.labels or {}
    if weighs and labels.get("calibrated") is True:
        found.append(
            "Labels corrected P(noisy) in this run. The next one fits the correction anew to the "
            "parts that are left, so its P(noisy) will differ a little from what is shown."
        )
    if weighs and scenario.caution is not None and _any(known.parts["grades"]):
        found.append(
            "The judge graded candidates alone. The next run learns anew what their grades add "
            "at another weight of behaviour, so their P(noisy) will differ a little."
        )
    if rules.setting(run, "refine.preset") == "auto" and scenario.preset == rules.start(run).preset:
        found.append(
            "The preset is auto: a training from scratch tries both graphs and may keep the other."
        )
    return tuple(found)


def _any(part: npt.NDArray[np.float32]) -> bool:
    return bool((part != 0).any())


def _flag_factor(run: Run) -> float:
    found = rules.setting(run, "scoring.flag_factor")
    return float(found) if isinstance(found, int | float) else ScoringConfig().flag_factor


def _n_flagged(factor: float, known: Signals) -> int:
    """Interactions that a factor flags, as :func:`core.scoring.verdict.noise_threshold` counts."""
    return round(min(factor * known.noise_rate, 1.0) * len(known.p_noisy))


def _factor(n_flagged: int, known: Signals) -> float:
    """Flag factor that flags so many."""
    whole = n_flagged / len(known.p_noisy) / known.noise_rate
    short = (round(whole, digits) for digits in DIGITS)
    return next((factor for factor in short if _n_flagged(factor, known) == n_flagged), whole)
