"""Other rules for a run, and what p_noisy they make of its signals.

The log-odds of p_noisy are a sum: texts + behaviour + grades + a level that makes the mean of
p_noisy the estimated noise rate. Leaving a part out, or weighing behaviour otherwise, is arithmetic
on that sum, with the level found anew, as :func:`core.scoring.posterior.combine` does it.

Shape letters: E train interactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from app.services.compare.signals import Signals
from app.services.fields import flat
from app.services.store import Run
from core.config import Accept

PARTS: Final[Mapping[str, str]] = {
    "language": "Language (texts)",
    "behaviour": "Behaviour (loss, score)",
    "grades": "Grades",
}
"""Parts of the log-odds; each has a setting ``scoring.use_...``."""
STEPS: Final = 60
"""Halvings of the interval that holds the level: far below what a float can tell."""
Preset = Literal["paper", "soft", "none", ""]


@dataclass(frozen=True)
class Scenario:
    """Other rules; the defaults are those of most runs."""

    by: Literal["share", "threshold"] = "share"
    """What says how many are noisy."""
    value: float = 0.0
    """Share of the interactions called noisy, or p_noisy from which they are."""
    rule: Literal["posterior", "grades"] = "posterior"
    accept: Accept = "high"
    """Grade that both views must give at least, for *hard* and for edges."""
    without: tuple[str, ...] = ()
    """Parts (of :data:`PARTS`) that are left out beside those that the run left out itself."""
    caution: float | None = None
    """Weight of behaviour; None = as the run has it."""
    preset: Preset = "paper"
    """How the graph is refined; ``none`` = left as it is, empty = not known."""


def start(run: Run) -> Scenario:
    """The rules of the run itself."""
    manifest = run.manifest
    share = manifest.verdicts.get("noisy", 0) / max(1, manifest.n_interactions)
    accept: Accept = "mid" if setting(run, "refine.accept") == "mid" else "high"
    presets: dict[str, Preset] = {"paper": "paper", "soft": "soft", "none": "none"}
    return Scenario(
        value=share,
        rule="grades" if manifest.by_grades else "posterior",
        accept=accept,
        preset=presets.get(manifest.preset, ""),
    )


def setting(run: Run, name: str) -> Any:  # noqa: ANN401 - any plain value
    """A setting of a run by its full name; None where the run does not say."""
    return flat(run.manifest.settings).get(name)


def caution_of(run: Run) -> float | None:
    """Weight of behaviour in the run; None where it is 0 or not known: nothing to weigh anew."""
    found = setting(run, "scoring.caution")
    return float(found) if isinstance(found, int | float) and found > 0 else None


def left_out(run: Run) -> tuple[str, ...]:
    """Parts that the run itself left out: they were not kept and cannot come back."""
    return tuple(name for name in PARTS if setting(run, f"scoring.use_{name}") is False)


def p_noisy(known: Signals, scenario: Scenario, caution: float | None) -> npt.NDArray[np.float32]:
    """p_noisy by other rules, ``(E,)``; what a person decided stays, whatever its parts are worth.

    Args:
        known: Signals of the run.
        scenario: What to leave out, and the weight of behaviour.
        caution: Weight of behaviour in the run.
    """
    if not is_weighed_anew(known, scenario, caution):
        return known.p_noisy
    found = _by_parts(known, scenario, caution)
    return np.where(known.person, known.p_noisy, found).astype(np.float32)


def before_labels(
    known: Signals, scenario: Scenario, caution: float | None
) -> npt.NDArray[np.float32]:
    """:func:`p_noisy` before people overrule it, as far as the run kept the parts, ``(E,)``."""
    p = p_noisy(known, scenario, caution)
    if not known.has_parts or not known.person.any():
        return p
    return np.where(known.person, _by_parts(known, scenario, caution), p).astype(np.float32)


def is_weighed_anew(known: Signals, scenario: Scenario, caution: float | None) -> bool:
    """Whether a scenario makes another p_noisy."""
    return known.has_parts and (bool(scenario.without) or _scale(scenario, caution) != 1.0)


def _by_parts(known: Signals, scenario: Scenario, caution: float | None) -> npt.NDArray[np.float32]:
    """p_noisy from the parts of its log-odds, with the level found anew, ``(E,)``."""
    weights = {"language": 1.0, "behaviour": _scale(scenario, caution), "grades": 1.0}
    total = np.zeros(len(known.p_noisy))
    for name, weight in weights.items():
        if name not in scenario.without:
            total += weight * known.parts[name]
    return _expit(total + level(total, known.noise_rate)).astype(np.float32)


def _scale(scenario: Scenario, caution: float | None) -> float:
    """What the part of behaviour is multiplied by."""
    return scenario.caution / caution if scenario.caution is not None and caution else 1.0


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


def _expit(value: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -500, 500))))
