"""Figures of the loss distributions: by group, epoch by epoch, with a slider and play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from app.ui import theme
from app.ui.figures.loss_lines import (
    CUMULATIVE,
    DENSITY,
    HISTOGRAM,
    TOGETHER,
    Shapes,
    draw,
    heights,
    panels,
)

CLEAR: Final = "rgba(0,0,0,0)"
READABLE: Final = "#767C86"
"""Text where the theme reaches none: readable on both grounds."""
MOST_FRAMES: Final = 40


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
    figure = draw(shapes, planted, 3)
    shown = frames_of(len(shapes.epochs))
    names = [str(int(shapes.epochs[place])) for place in shown]
    figure.frames = [
        go.Frame(
            name=name,
            data=[{"y": y} for y in heights(shapes, int(place))],
        )
        for name, place in zip(names, shown, strict=True)
    ]
    last = int(shapes.epochs[-1])
    labels = [
        f"{name} of {last}" + (f"  ·  {notes[at]}" if notes else "")
        for name, at in zip(names, shown, strict=True)
    ]
    theme.frame(figure, _height(shapes, 3, 520), hovermode="x unified")
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 34, "b": 96},
        sliders=[_slider(names, labels)],
        updatemenus=[_buttons()],
    )
    _axes(figure, shapes, _ceiling(shapes, shown))
    return figure


def final(shapes: Shapes, planted: Mapping[str, str], cut: float) -> go.Figure:
    """Distribution of the final loss with the part that a cut drops."""
    figure = draw(shapes, planted, 2)
    theme.frame(figure, _height(shapes, 2, 380), hovermode="x unified")
    _axes(figure, shapes, _ceiling(shapes, np.array([0])))
    high = float(shapes.x[-1])
    figure.add_vrect(
        x0=min(cut, high),
        x1=high,
        fillcolor=theme.NEUTRAL,
        opacity=0.16,
        line_width=0,
        row="all",
        col="all",
    )
    line = {"color": theme.NEUTRAL, "width": 2}
    figure.add_vline(x=min(cut, high), line=line, row="all", col="all")
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


def _ceiling(shapes: Shapes, shown: np.ndarray) -> float:
    """Top of the axis, the same at every epoch.

    At first all losses are alike, one peak of everything: the axis is made for the other
    epochs, and those few peaks are cut off.
    """
    if shapes.form == CUMULATIVE:
        return 1.02
    # In panels, what stands behind may reach over the top: the kinds are what is looked at.
    first = 0 if len(shapes.groups) <= TOGETHER else 1
    tops = shapes.y[shown, first:].max(axis=(1, 2)) if shapes.y.size else np.zeros(1)
    return 1.08 * max(float(np.median(tops)), float(tops[-1])) or 1.0


def _axes(figure: go.Figure, shapes: Shapes, top: float) -> None:
    titles = {
        HISTOGRAM: "Share of the group",
        DENSITY: "Density",
        CUMULATIVE: "Share of the group with a lower loss",
    }
    figure.update_yaxes(title={"text": titles[shapes.form]}, col=1)
    figure.update_yaxes(
        range=[0, top],
        tickformat="" if shapes.form == DENSITY else ".0%",
    )
    ends = [float(shapes.x[0]), float(shapes.x[-1])] if len(shapes.x) else [0.0, 1.0]
    figure.update_xaxes(range=ends, hoverformat=".3f")
    if shapes.log:
        figure.update_xaxes(
            type="log", range=np.log10(ends).tolist(), dtick="D2" if ends[1] < 30 * ends[0] else 1
        )


def _height(shapes: Shapes, columns: int, one: int) -> int:
    """Pixels: those of ``one`` panel, or of the rows of many."""
    n_panels = len(panels(shapes.groups))
    return one if n_panels == 1 else one - 180 + 160 * -(-n_panels // columns)


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
