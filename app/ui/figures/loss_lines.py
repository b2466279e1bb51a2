"""Lines of the loss distributions: what they are, how groups look, and which share a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.services.losses import GENUINE, LISTED
from app.ui import theme

HARD_STYLES: Final = (("#59A14F", "dash"), ("#4FA9A0", "longdash"))
NOISE_STYLES: Final = (
    ("#B07AA1", "dot"),
    ("#9C755F", "dashdot"),
    ("#D37295", "longdashdot"),
    ("#7F6BD9", "6px,3px,2px,3px"),
)
"""Color and dash of planted kinds: none of the hues of the verdicts, dots for noise."""
HISTOGRAM, DENSITY, CUMULATIVE = "Histogram", "Density", "Cumulative"
FORMS: Final = (HISTOGRAM, DENSITY, CUMULATIVE)
TOGETHER: Final = 4
"""Groups that share one panel at most."""


@dataclass(frozen=True)
class Shapes:
    """Curves of the groups, epoch by epoch. Shape letters: T epochs, G groups, P points."""

    form: str
    """One of :data:`FORMS`."""
    epochs: np.ndarray
    """``(T,)``."""
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    """Interactions of each group."""
    x: np.ndarray
    """Losses ``(P,)``; edges ``(P + 1,)`` of a histogram."""
    y: np.ndarray
    """``(T, G, P)``."""
    log: bool
    axis: str
    """What the loss is, for the axis."""


def styles(groups: Sequence[str], planted: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Color and dash of each group.

    Args:
        groups: Verdicts, planted kinds, or both.
        planted: Kind -> ``hard`` or ``noise``.
    """
    found: dict[str, tuple[str, str]] = {}
    hard, noise = iter(HARD_STYLES * 9), iter(NOISE_STYLES * 9)
    for kind, class_ in planted.items():
        found[kind] = next(hard if class_ == "hard" else noise)
    for group in groups:
        if group in theme.VERDICT_COLORS:
            found[group] = (theme.VERDICT_COLORS[group], theme.VERDICT_DASHES[group])
    found[GENUINE] = (theme.NEUTRAL, "solid")
    found[LISTED] = ("#7D8590", "2px,2px")
    return found


def panels(groups: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Places of the groups that are drawn together.

    More than :data:`TOGETHER` lines are a tangle: then the first group, what everything is
    compared with, stands behind each of the others in a panel of its own.
    """
    if len(groups) <= TOGETHER:
        return (tuple(range(len(groups))),)
    return tuple((0, place) for place in range(1, len(groups)))


def draw(shapes: Shapes, planted: Mapping[str, str], columns: int) -> go.Figure:
    """Draw the last epoch, panel by panel, in the order of :func:`panels`.

    Args:
        shapes: What to draw.
        planted: Kind -> ``hard`` or ``noise``.
        columns: Panels side by side.
    """
    shown = panels(shapes.groups)
    columns = min(columns, len(shown))
    titles = [_title(shapes, group[-1], planted) for group in shown] if len(shown) > 1 else None
    figure = make_subplots(
        -(-len(shown) // columns),
        columns,
        shared_xaxes="all",
        shared_yaxes="all",
        subplot_titles=titles,
        horizontal_spacing=0.025,
        vertical_spacing=0.11,
    )
    for number, groups in enumerate(shown):
        row, column = number // columns + 1, number % columns + 1
        for group in groups:
            behind = len(shown) > 1 and group == 0
            line = _line(shapes, group, planted, behind)
            line.showlegend = len(shown) == 1  # else the titles say it
            figure.add_trace(line, row, column)
        if number + columns >= len(shown):  # nothing below: the axis is written here
            figure.update_xaxes(
                showticklabels=True, title={"text": shapes.axis}, row=row, col=column
            )
    figure.update_annotations(font={"size": 13})
    return figure


def heights(shapes: Shapes, place: int) -> list[np.ndarray]:
    """Heights of every line of :func:`draw` at an epoch, in its order."""
    return [_closed(shapes, place, group) for one in panels(shapes.groups) for group in one]


def _title(shapes: Shapes, group: int, planted: Mapping[str, str]) -> str:
    """Name of a panel, with the sign of hard or noise as second cue."""
    name = shapes.groups[group]
    signs = {"hard": theme.VERDICT_SIGNS["hard"], "noise": theme.VERDICT_SIGNS["noisy"]}
    sign = signs.get(planted.get(name, ""), "")
    said = f"{sign} {theme.plain(name)} ({shapes.sizes[group]:,})".strip()
    return f'<span style="color:{styles([name], planted)[name][0]}"><b>{said}</b></span>'


def _line(shapes: Shapes, group: int, planted: Mapping[str, str], behind: bool) -> go.Scatter:
    name = shapes.groups[group]
    color, dash = styles(shapes.groups, planted)[name]
    title = theme.plain(name)
    filled = behind or (shapes.form != CUMULATIVE and name != LISTED)
    return go.Scatter(
        x=shapes.x,
        y=_closed(shapes, -1, group),
        name=f"{title} ({shapes.sizes[group]:,})",
        mode="lines",
        fill="tozeroy" if filled and shapes.form != CUMULATIVE else "none",
        fillcolor=theme.faint(color, 0.1),
        line={
            "color": color,
            "dash": dash,
            "width": 1 if behind else 2.25,
            "shape": "hv" if shapes.form == HISTOGRAM else "linear",
        },
        # Data never becomes part of a template: plotly would fill in what looks like a field.
        text=title,
        hovertemplate="%{text} "
        + ("%{y:.3f}" if shapes.form == DENSITY else "%{y:.1%}")
        + "<extra></extra>",
    )


def _closed(shapes: Shapes, place: int, group: int) -> np.ndarray:
    """Heights of a line; steps end where the last bin ends."""
    y = shapes.y[place, group]
    return np.round(np.append(y, y[-1:]) if shapes.form == HISTOGRAM else y, 5)
