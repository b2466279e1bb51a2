"""What other rules would have made of the signals of one run, at once and without training.

p_noisy comes of :mod:`app.services.compare.scenario`; verdicts and edges then follow by the code
of the method itself. What training would learn from other edges is not foretold.

Shape letters: E train interactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services.compare import signals
from app.services.compare.scenario import Preset, Scenario, caution_of, p_noisy, start
from app.services.compare.signals import Signals
from app.services.store import Run
from core.config import ScoringConfig
from core.graph.refine import ADDED, DROPPED, refine
from core.scoring.verdict import assign_verdicts
from core.types import VERDICTS, FloatArray, GradeArray

NOISY: Final = VERDICTS.index("noisy")


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
    preset: Preset
    """How the graph is refined; empty = not known. The next three are edges of that graph."""
    dropped: int | None
    added: int | None
    weight: float | None
    """Sum of the weights of the observed edges."""


@dataclass(frozen=True)
class Outcome:
    """The run as it is, and as it would be."""

    now: Side
    then: Side
    moves: pd.DataFrame
    """Interactions by both verdicts: ``before``, ``after``, ``n``."""
    moved: float | None
    """Mean change of the weight of an observed edge, without sign."""
    n_told: int = 0
    """Interactions that labels decided or taught: they measure nothing."""


def outcome(run: Run, scenario: Scenario) -> Outcome:
    """Apply other rules to a run.

    Raises:
        DataError: If a table of the run is missing or damaged.
    """
    known, own = signals.load(run), start(run)
    p = p_noisy(known, scenario, caution_of(run))
    verdict, cut = _verdicts(known, p, scenario)
    was, edges = _edges(known, known.p_noisy, own), _edges(known, p, scenario)
    now = _side(known, known.verdict, run.manifest.threshold, own.preset, was)
    then = _side(known, verdict, cut, scenario.preset, edges)
    moved = None
    if was.weight is not None and edges.weight is not None and len(p):
        moved = float(np.abs(edges.weight - was.weight).mean())
    return Outcome(now, then, _moves(known.verdict, verdict), moved, int(known.told.sum()))


def _verdicts(
    known: Signals, p: npt.NDArray[np.float32], scenario: Scenario
) -> tuple[GradeArray, float | None]:
    """Verdicts of other rules, those that a person decided as they are; and the threshold."""
    cut, config = threshold(p, scenario), ScoringConfig(rule=scenario.rule)
    grades = known.user_grade, known.item_grade
    found = assign_verdicts(p, *grades, known.low, cut, config, scenario.accept)
    found[known.person] = known.verdict[known.person]
    return found, cut if scenario.rule == "posterior" else None


def threshold(p: npt.NDArray[np.float32], scenario: Scenario) -> float:
    """p_noisy from which an interaction is noisy, infinite where none is."""
    if scenario.by == "threshold":
        return scenario.value
    n_noisy = round(scenario.value * len(p))
    if not n_noisy:
        return float("inf")
    return float(np.partition(p, len(p) - n_noisy)[len(p) - n_noisy])


def _side(
    known: Signals, verdict: GradeArray, cut: float | None, preset: Preset, edges: _Edges
) -> Side:
    noisy, found_out = verdict == NOISY, ~known.told
    counts = np.bincount(verdict, minlength=len(VERDICTS))
    measured = known.label >= 0
    return Side(
        {name: int(n) for name, n in zip(VERDICTS, counts, strict=True)},
        None if cut is None or not np.isfinite(cut) else cut,
        _share(noisy, known.noise & found_out),
        _share(known.noise, noisy & found_out) if known.noise.any() else None,
        _share(~noisy, known.hard & found_out) if known.noise.any() else None,
        _share(_is_label(known.label, verdict), measured),
        int(measured.sum()),
        preset,
        edges.dropped,
        edges.added,
        None if edges.weight is None else float(edges.weight.sum(dtype=np.float64)),
    )


class _Edges(NamedTuple):
    """What a preset makes of the graph; None where it is not known."""

    weight: FloatArray | None
    """Of the observed edges, ``(E,)``."""
    dropped: int | None
    added: int | None


def _edges(known: Signals, p: npt.NDArray[np.float32], scenario: Scenario) -> _Edges:
    if scenario.preset == "none":
        return _Edges(np.ones(len(p), np.float32), 0, 0)
    judged = known.judgements
    by_grades = judged is not None and known.has_low
    if scenario.preset == "" or (scenario.preset == "paper" and not by_grades):
        return _Edges(None, None, None)
    graph = refine(
        known.train,
        signals.NOT_JUDGED if judged is None else judged,
        known.low,
        p,
        scenario.preset,
        known.labels,
        scenario.accept,
    )
    n_added = None if judged is None else int((graph.origin == ADDED).sum())
    return _Edges(graph.weight[: len(p)], int((graph.origin == DROPPED).sum()), n_added)


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
