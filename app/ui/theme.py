"""Colours and shapes that mean the same on every page, and the frame of every figure.

The verdict hues stay apart for colour-blind eyes and on white and black; wherever they are used, a
second cue (dash, pattern or symbol) says the same. Added and dropped edges have two hues more.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, Final

import plotly.graph_objects as go

VERDICT_COLORS: Final[Mapping[str, str]] = {
    "clean": "#2A7FC4",
    "hard": "#CA8400",
    "noisy": "#B83462",
}
"""The categorical colours of .streamlit/config.toml are the same three, in this order."""
VERDICT_DASHES: Final[Mapping[str, str]] = {"clean": "solid", "hard": "dash", "noisy": "dot"}
VERDICT_PATTERNS: Final[Mapping[str, str]] = {"clean": "", "hard": "/", "noisy": "x"}
VERDICT_SYMBOLS: Final[Mapping[str, str]] = {"clean": "circle", "hard": "diamond", "noisy": "x"}
VERDICT_SIGNS: Final[Mapping[str, str]] = {"clean": "●", "hard": "◆", "noisy": "✕"}
"""For tables and text, where there is no colour."""

EDGE_COLORS: Final[Mapping[str, str]] = {
    "kept": "#8A8F98",
    "weakened": "#B9A27C",
    "dropped": "#C2410C",
    "added": "#0E8F7E",
}
EDGE_DASHES: Final[Mapping[str, str]] = {
    "kept": "solid",
    "weakened": "dash",
    "dropped": "dot",
    "added": "solid",
}
EDGE_SIGNS: Final[Mapping[str, str]] = {"kept": "=", "weakened": "~", "dropped": "−", "added": "+"}

NEUTRAL: Final = "#8A8F98"
"""Everything that is not the point of a picture."""
ACCENT: Final = "#0072B2"
SCALE: Final = "Cividis"
"""For amounts: the same to colour-blind eyes, and readable on both grounds."""
RAMPS: Final = {
    "light": ("#C9C1E2", "#9580CC", "#6A46B0", "#2E0F66"),
    "dark": ("#4A4168", "#7359B3", "#A78BE8", "#F0E9FF"),
}
"""For amounts as points on a ground: one hue, none of the verdicts', in both themes from low, near
the ground, to high, which stands out. So more reads the same in both; only lightness turns."""
DIVERGING: Final = (
    (0.0, "#2A7FC4"),
    (0.5, "#C9CCD1"),
    (1.0, "#B83462"),
)
"""From "speaks for clean" to "speaks for noise"."""
GROUPS: Final = (
    "#4E79A7", "#F28E2B", "#59A14F", "#E15759", "#B07AA1", "#76B7B2",
    "#EDC948", "#9C755F", "#FF9DA7", "#86BCB6", "#D37295", "#79706E",
)  # fmt: skip
"""For niches and genres; more groups than colours are told apart by symbol as well."""

FONT: Final = "Source Sans, Source Sans Pro, sans-serif"


def pattern(shape: str) -> dict[str, Any]:
    """Hatching over a filled bar, light enough for a number to be read on it."""
    return {"shape": shape, "fillmode": "overlay", "fgcolor": "white", "fgopacity": 0.45,
            "solidity": 0.12, "size": 7}  # fmt: skip


def faint(color: str, opacity: float) -> str:
    """A colour ``#RRGGBB`` with an opacity, 0..1, as CSS has it."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def plain(text: str, length: int = 0) -> str:
    """Text from data as plotly shows it letter by letter: its labels read a kind of HTML.

    Args:
        text: Whatever it is.
        length: Cut to so many letters; 0 = not cut.
    """
    one_line = " ".join(text.split())
    cut = f"{one_line[: length - 1]}…" if 0 < length < len(one_line) else one_line
    return html.escape(cut, quote=False)


def frame(figure: go.Figure, height: int = 360, **layout: object) -> go.Figure:
    """Give a figure the common frame: quiet axes, legend above the plot, narrow margins."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 32, "b": 8},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "title": {"text": ""},
        },
        font={"family": FONT, "size": 13},
        hoverlabel={"font": {"family": FONT, "size": 13}, "align": "left"},
        modebar={"orientation": "h"},
    )
    figure.update_xaxes(zeroline=False, ticks="outside", ticklen=4, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    figure.update_layout(**layout)
    return figure
