"""Where labels of points can stand without covering each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

LETTER: Final = 0.0078
"""Width of a letter as a share of the plot, about, at 1280 pixels."""
LINE: Final = 0.034
"""Height of a line as a share of the plot."""
_SPOTS: Final = {
    "top center": (-0.5, 0.65),
    "bottom center": (-0.5, -0.65),
    "middle right": (0.0, 0.0),
    "middle left": (-1.0, 0.0),
    "top right": (0.0, 0.55),
    "bottom right": (0.0, -0.55),
    "top left": (-1.0, 0.55),
    "bottom left": (-1.0, -0.55),
}
"""Position -> left end of the text in its widths, and its middle in lines."""
_APART: Final = 0.012
Box = tuple[float, float, float, float]


MOST: Final = 0.2
"""Share of a label that may be covered."""


def span(table: pd.DataFrame, axis: str) -> tuple[float, float]:
    """Range of an axis that points, their intervals and their labels fit in."""
    ends = table[[axis, f"{axis}_low", f"{axis}_high"]]
    low, high = float(ends.min().min()), float(ends.max().max())
    room = 0.07 * (high - low) or 0.05
    return low - room, high + room


def free_spots(
    x: pd.Series,
    y: pd.Series,
    names: Sequence[str],
    wide: tuple[float, float],
    high: tuple[float, float],
) -> list[str]:
    """A position for each label, tried in order; none where all are covered.

    Args:
        x: Of the points.
        y: Likewise.
        names: Labels, in the order of the points.
        wide: Range of the axis of x.
        high: Of y.

    Returns:
        Positions as plotly names them; empty: the label would stand on others.
    """
    across, up = _scaled(x, wide), _scaled(y, high)
    points = [(a - 0.008, b - 0.012, a + 0.008, b + 0.012) for a, b in zip(across, up, strict=True)]
    taken: list[Box] = list(points)
    found = []
    for place, (a, b, name) in enumerate(zip(across, up, names, strict=True)):
        others = [box for other, box in enumerate(taken) if other != place]
        boxes = {spot: _box(a, b, name, spot) for spot in _SPOTS}
        covered = {spot: sum(_overlap(own, box) for box in others) for spot, own in boxes.items()}
        best = min(covered, key=covered.__getitem__)
        if covered[best] > MOST * LETTER * len(name) * LINE:
            found.append("")
            continue
        taken.append(boxes[best])
        found.append(best)
    return found


def _scaled(values: pd.Series, ends: tuple[float, float]) -> list[float]:
    low, high = ends
    return [(float(value) - low) / (high - low) for value in values]


def _box(a: float, b: float, name: str, spot: str) -> Box:
    start, middle = _SPOTS[spot]
    width = LETTER * len(name)
    side = _APART if start == 0.0 else -_APART if start == -1.0 else 0.0
    left = a + start * width + side
    return left, b + (middle - 0.5) * LINE, left + width, b + (middle + 0.5) * LINE


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    outside = max(0.0, -one[0]) + max(0.0, one[2] - 1.0)
    return (across * up if across > 0 and up > 0 else 0.0) + outside * LINE
