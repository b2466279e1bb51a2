"""How families of methods and schemes look: hue and, as a second cue, symbol and dash.

The same as in the figures of the report, so that both can be read side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from app.ui import theme
from core.study.figure_style import COLORS, DASHES, MARKERS, SCHEME_LOOKS
from core.study.labels import FAMILIES, SCHEMES, title

SYMBOLS: Final = {
    "D": "diamond",
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "x": "x",
    "P": "cross",
    "d": "diamond-tall",
    "*": "star",
}
"""Marker of the report -> symbol of plotly."""
LINES: Final = {"-": "solid", "--": "dash", ":": "dot"}
OURS: Final = "ours"
ORACLE: Final = "oracle"


class Look(NamedTuple):
    """Of a family or a scheme."""

    name: str
    color: str
    symbol: str
    dash: str


def look(family: str, ink: str) -> Look:
    """How a family is drawn.

    Args:
        family: As in the rows.
        ink: Colour of text on the ground of the page: the oracle has it.
    """
    color = ink if family == ORACLE else COLORS.get(family, theme.NEUTRAL)
    symbol = SYMBOLS.get(MARKERS.get(family, "o"), "circle")
    dash = LINES.get(DASHES.get(family, "-."), "dashdot")
    return Look(FAMILIES.get(family, theme.plain(family, 24)), color, symbol, dash)


def scheme(name: str) -> Look:
    """How a scheme of mining is drawn."""
    family, marker = SCHEME_LOOKS.get(name, ("plain", "x"))
    return Look(
        SCHEMES.get(name, theme.plain(name, 24)),
        COLORS.get(family, theme.NEUTRAL),
        SYMBOLS.get(marker, "circle"),
        "solid",
    )


def in_order(families: Iterable[str]) -> list[str]:
    """Families as the report lists them, unknown ones last."""
    there = set(families)
    return [*(one for one in FAMILIES if one in there), *sorted(there - set(FAMILIES))]


def called(variant: str) -> str:
    """A variant as a label of a figure."""
    return theme.plain(title(variant), 34)
