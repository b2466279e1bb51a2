"""What one picture of the map shows, whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from plotly.colors import sample_colorscale, unlabel_rgb

from app.services.map_classes import Classes
from app.services.map_selection import Area
from app.services.maps import VIEWS, Mask, Points
from app.ui import theme

SIDE_BY_SIDE: Final = "both"
NAMES: Final = {"aligned": "Aligned space", "raw": "Raw text space"}
DIM, NORMAL, HIT = 0, 1, 2
"""How a point is drawn: outside of what is selected, as it is, found by the search."""
FAINT: Final = "#C3C7CE"
SHAPES: Final = {"circle": "circle", "diamond": "diamond", "x": "cross"}


@dataclass(frozen=True)
class Scene:
    """One picture."""

    points: Points
    classes: Classes
    verdicts: NDArray[np.uint8]
    """Shape of each point: place among the verdicts, 3 = none, ``(P,)``."""
    colors: list[str]
    """Of the classes, ``#rrggbb``."""
    hidden: frozenset[int]
    """Classes that are not drawn."""
    layout: str
    """``aligned``, ``raw`` or :data:`SIDE_BY_SIDE`."""
    title: str
    """What the colours mean, in a word or two."""
    area: Area | None = None
    selected: Mask | None = None
    """Points within the area, of shown classes, ``(P,)``; None without an area."""
    hits: Mask | None = None
    """Points that the search found, ``(P,)``; None without a search."""
    pick: int | None = None
    """Place of the chosen point."""

    @property
    def panes(self) -> tuple[str, ...]:
        """Maps from left to right."""
        return VIEWS if self.layout == SIDE_BY_SIDE else (self.layout,)

    @property
    def kept(self) -> Mask | None:
        """Points that the outline and the search leave, ``(P,)``; None without either."""
        if self.selected is None or self.hits is None:
            return self.hits if self.selected is None else self.selected
        both: Mask = self.selected & self.hits
        return both

    @property
    def how(self) -> str:
        """By what they were picked, for people."""
        ways = ((self.selected, "outlined"), (self.hits, "found"))
        return " and ".join(way for mask, way in ways if mask is not None)

    @property
    def marks(self) -> NDArray[np.uint8]:
        """How each point is drawn: :data:`DIM`, :data:`NORMAL` or :data:`HIT`, ``(P,)``."""
        marks = np.full(len(self.points), NORMAL, np.uint8)
        if self.kept is not None:
            marks[~self.kept] = DIM
            marks[self.kept] = NORMAL if self.hits is None else HIT
        return marks

    @property
    def shapes(self) -> NDArray[np.uint8]:
        """Verdict of each point, and 4 more for items, which are drawn larger, ``(P,)``."""
        return shape_codes(self.points, self.verdicts)


def shape_codes(points: Points, verdicts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Verdict of each point, and 4 more for items, ``(P,)``."""
    if points.second is not None:
        return verdicts
    codes: NDArray[np.uint8] = (verdicts + 4 * (points.first >= points.n_users)).astype(np.uint8)
    return codes


def colors(classes: Classes, *, dark: bool) -> list[str]:
    """Colours of the classes; the suspicious end of an amount stands out from the ground."""
    n_known = sum(classes.known)
    if classes.scale == "amount":
        known = _ramp(n_known, dark=dark)
    else:
        known = {
            "verdict": list(theme.VERDICT_COLORS.values()),
            "truth": [FAINT, theme.VERDICT_COLORS["hard"], theme.VERDICT_COLORS["noisy"]],
            "kind": [theme.GROUPS[0], theme.GROUPS[1]],
            "group": [*theme.GROUPS, *map(_tint, theme.GROUPS)],
        }[classes.scale][:n_known]
    return [*known, theme.NEUTRAL, FAINT][: len(classes.labels)]


def shape_of(classes: Classes, place: int) -> str:
    """Shape that the legend shows for a class: that of a verdict, else a neutral square."""
    if classes.scale != "verdict" or not classes.known[place]:
        return "square"
    return SHAPES[theme.VERDICT_SYMBOLS[classes.labels[place]]]


def _tint(color: str) -> str:
    """The same colour, lighter: for the second dozen of groups."""
    parts = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * 0.5):02x}" for part in parts)


def _ramp(n_steps: int, *, dark: bool) -> list[str]:
    """Steps of the scale for amounts, from quiet to loud: the same hue on both grounds."""
    if not n_steps:
        return []
    ends = list(theme.RAMPS["dark" if dark else "light"])
    return [
        "#{:02x}{:02x}{:02x}".format(*(round(part) for part in unlabel_rgb(color)))
        for color in sample_colorscale(
            ends, np.linspace(0.0, 1.0, n_steps).tolist(), colortype="rgb"
        )
    ]
