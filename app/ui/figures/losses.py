"""Figures of the loss distributions: by group, epoch by epoch, with a slider and play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

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
CLEAR: Final = "rgba(0,0,0,0)"
READABLE: Final = "#767C86"
"""Text where the theme reaches none: readable on both grounds."""
HISTOGRAM, DENSITY, CUMULATIVE = "Histogram", "Density", "Cumulative"
FORMS: Final = (HISTOGRAM, DENSITY, CUMULATIVE)
MOST_FRAMES: Final = 40


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


def frames_of(n_epochs: int, most: int = MOST_FRAMES) -> np.ndarray:
    """Places of the epochs that are shown: all, or evenly spread with the first and the last."""
    return np.unique(np.linspace(0, n_epochs - 1, min(n_epochs, most)).round().astype(int))


def by_epoch(
    shapes: Shapes, planted: Mapping[str, str], notes: Sequence[str] | None = None
) -> go.Figure:
    """Distribution with a slider over the epochs, a play and a pause button.

    Everything is in the figure: moving through the epochs asks nobody.

    Args:
        shapes: What to draw.
        planted: Kind -> ``hard`` or ``noise``.
        notes: A remark per epoch ``(T,)``, shown beside the slider.
    """
    figure = _lines(shapes, planted, -1)
    shown = frames_of(len(shapes.epochs))
    names = [str(int(shapes.epochs[place])) for place in shown]
    figure.frames = [
        go.Frame(
            name=name,
            data=[{"y": _closed(shapes, place, group)} for group in range(len(shapes.groups))],
        )
        for name, place in zip(names, shown, strict=True)
    ]
    last = int(shapes.epochs[-1])
    labels = [
        f"{name} of {last}" + (f"  ·  {notes[at]}" if notes else "")
        for name, at in zip(names, shown, strict=True)
    ]
    theme.frame(figure, 520, hovermode="x unified")
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 34, "b": 96},
        sliders=[_slider(names, labels)],
        updatemenus=[_buttons()],
    )
    _axes(figure, shapes, _ceiling(shapes, shown))
    return figure


def final(shapes: Shapes, planted: Mapping[str, str], cut: float) -> go.Figure:
    """Distribution of the final loss with the part that a cut drops."""
    figure = _lines(shapes, planted, -1)
    theme.frame(figure, 380, hovermode="x unified")
    _axes(figure, shapes, _ceiling(shapes, np.array([0])))
    high = float(shapes.x[-1])
    figure.add_vrect(
        x0=min(cut, high), x1=high, fillcolor=theme.NEUTRAL, opacity=0.16, line_width=0
    )
    figure.add_vline(x=min(cut, high), line={"color": theme.NEUTRAL, "width": 2})
    figure.add_annotation(
        x=np.log10(max(cut, 1e-6)) if shapes.log else min(cut, high),
        y=1,
        yref="paper",
        text=f"dropped above {cut:.3f} →",
        showarrow=False,
        xanchor="left" if cut < 0.7 * high else "right",
        yanchor="top",
        xshift=4 if cut < 0.7 * high else -4,
    )
    return figure


def _lines(shapes: Shapes, planted: Mapping[str, str], place: int) -> go.Figure:
    figure = go.Figure()
    style = styles(shapes.groups, planted)
    cumulative = shapes.form == CUMULATIVE
    for group, name in enumerate(shapes.groups):
        color, dash = style[name]
        title = theme.plain(name)
        figure.add_scatter(
            x=shapes.x,
            y=_closed(shapes, place, group),
            name=f"{title} ({shapes.sizes[group]:,})",
            mode="lines",
            fill="none" if cumulative or len(shapes.groups) > 4 or name == LISTED else "tozeroy",
            fillcolor=_faint(color),
            line={
                "color": color,
                "dash": dash,
                "width": 2.25,
                "shape": "hv" if shapes.form == HISTOGRAM else "linear",
            },
            # Data never becomes part of a template: plotly would fill in what looks like a field.
            text=title,
            hovertemplate="%{text} "
            + ("%{y:.3f}" if shapes.form == DENSITY else "%{y:.1%}")
            + "<extra></extra>",
        )
    return figure


def _closed(shapes: Shapes, place: int, group: int) -> np.ndarray:
    """Heights of a line; steps end where the last bin ends."""
    y = shapes.y[place, group]
    return np.round(np.append(y, y[-1:]) if shapes.form == HISTOGRAM else y, 5)


def _ceiling(shapes: Shapes, shown: np.ndarray) -> float:
    """Top of the axis, the same at every epoch.

    At first all losses are alike, one peak of everything: the axis is made for the other
    epochs, and those few peaks are cut off.
    """
    if shapes.form == CUMULATIVE:
        return 1.02
    tops = shapes.y[shown].max(axis=(1, 2)) if shapes.y.size else np.zeros(1)
    return 1.08 * max(float(np.median(tops)), float(tops[-1])) or 1.0


def _axes(figure: go.Figure, shapes: Shapes, top: float) -> None:
    titles = {
        HISTOGRAM: "Share of the group",
        DENSITY: "Density",
        CUMULATIVE: "Share of the group with a lower loss",
    }
    figure.update_yaxes(
        title={"text": titles[shapes.form]},
        range=[0, top],
        tickformat="" if shapes.form == DENSITY else ".0%",
    )
    ends = [float(shapes.x[0]), float(shapes.x[-1])] if len(shapes.x) else [0.0, 1.0]
    figure.update_xaxes(title={"text": shapes.axis}, range=ends, hoverformat=".3f")
    if shapes.log:
        figure.update_xaxes(
            type="log", range=np.log10(ends).tolist(), dtick="D2" if ends[1] < 30 * ends[0] else 1
        )


def _slider(names: list[str], labels: list[str]) -> dict[str, Any]:
    still = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": False},
        "transition": {"duration": 0},
    }
    return {
        "active": len(names) - 1,
        "x": 0.16,
        "len": 0.84,
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 62, "b": 0, "l": 0, "r": 8},
        "currentvalue": {
            "prefix": "Epoch ",
            "xanchor": "left",
            "font": {"size": 14, "color": READABLE},
            "offset": 6,
        },
        # The label of a step is the whole remark: it would run into its neighbours below the bar.
        "font": {"size": 1, "color": CLEAR},
        "ticklen": 0,
        "minorticklen": 0,
        "bgcolor": theme.NEUTRAL,
        "activebgcolor": theme.ACCENT,
        "bordercolor": CLEAR,
        "steps": [
            {"method": "animate", "label": label, "args": [[name], still]}
            for name, label in zip(names, labels, strict=True)
        ],
    }


def _buttons() -> dict[str, Any]:
    playing = {
        "fromcurrent": True,
        "frame": {"duration": 220, "redraw": False},
        "transition": {"duration": 160, "easing": "linear"},
    }
    pausing = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}}
    return {
        "type": "buttons",
        "direction": "left",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 68, "l": 0},
        "showactive": False,
        "bgcolor": CLEAR,
        "bordercolor": theme.NEUTRAL,
        "buttons": [
            {"label": "▶ Play", "method": "animate", "args": [None, playing]},
            {"label": "❚❚", "method": "animate", "args": [[None], pausing]},
        ],
    }


def _faint(color: str) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.10)"
