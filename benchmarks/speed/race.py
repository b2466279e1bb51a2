"""Learning curves: who reaches a recall when, and what recall equal epochs give."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from benchmarks.speed.rows import Rows

PEER: Final = "RecBole"
EQUAL: Final = "equal epochs: "
DEFAULT_RATE: Final = 1e-3
"""RecBole's, of all its models."""

Curve = Sequence[Sequence[float]]
"""Seconds of training, of the processor, and recall, after each epoch."""


def curves(rows: Rows, contestant: str) -> dict[int, Curve]:
    """Curve of each seed."""
    return {row["round"]: row["found"]["curve"] for row in rows.of(contestant=contestant).rows}


def best(curve: Curve) -> float:
    """Highest recall of a training."""
    return max((point[2] for point in curve), default=math.nan)


def reached(curve: Curve, recall: float) -> float:
    """Seconds until a recall is reached; infinite where it never is."""
    return next((point[0] for point in curve if point[2] >= recall), math.inf)


def best_rate(rows: Rows, side: str, rates: Sequence[float]) -> float:
    """Learning rate with the highest mean of best recalls; NaN where nothing was measured."""
    means = {}
    for rate in rates:
        found = curves(rows, f"{side} lr {rate:g}")
        if found:
            means[rate] = statistics.fmean(best(curve) for curve in found.values())
    return max(means, key=lambda rate: means[rate], default=math.nan)


def rates_of(rows: Rows, side: str, rates: Sequence[float], tuned: bool) -> tuple[float, float]:
    """Learning rates of RecBole and ours: RecBole's default, or the best of each."""
    if not tuned:
        return DEFAULT_RATE, best_rate(rows, side, rates)
    return best_rate(rows, PEER, rates), best_rate(rows, side, rates)


def sooner(
    rows: Rows, side: str, rates: Sequence[float], tuned: bool, near: float = 0.0
) -> list[float]:
    """RecBole's seconds to its best recall over ours to the same, per seed.

    Args:
        rows: Of one graph.
        side: Ours, such as ``ours fp32``.
        rates: That were tried.
        tuned: Whether RecBole has its best rate, or its default while ours has its best. Where
            seeds of ours never get there, 0.
        near: How far below its best recall both have arrived, in standard deviations of
            RecBole's best recalls over seeds. At 0 a seed that ends within chance of the other
            side's counts as never there. With less than two seeds there is none, and no answer.
    """
    theirs, own = rates_of(rows, side, rates, tuned)
    peers, mine = curves(rows, f"{PEER} lr {theirs:g}"), curves(rows, f"{side} lr {own:g}")
    bests = [best(curve) for curve in peers.values() if curve]
    if near and len(bests) < 2:
        return []
    margin = near * statistics.stdev(bests) if near else 0.0
    found = []
    for seed in sorted(peers.keys() & mine.keys()):
        goal = best(peers[seed]) - margin
        found.append(reached(peers[seed], goal) / reached(mine[seed], goal))
    return found


def equal_recall(rows: Rows, side: str) -> float:
    """Difference of mean recall to the reference after equally many epochs, in its sd.

    The larger of both standard deviations over seeds; NaN with fewer than two seeds.
    """
    reference, mine = last_recalls(rows, "reference"), last_recalls(rows, side)
    if min(len(reference), len(mine)) < 2:
        return math.nan
    spread = max(statistics.stdev(reference), statistics.stdev(mine))
    difference = abs(statistics.fmean(reference) - statistics.fmean(mine))
    return difference / spread if spread > 0 else (0.0 if difference == 0 else math.inf)


def last_recalls(rows: Rows, side: str) -> list[float]:
    """Recall after the last epoch, per seed."""
    return [float(curve[-1][2]) for curve in curves(rows, EQUAL + side).values()]
