"""The pipeline of a run as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import plotly.graph_objects as go

from app.ui import theme

PER_ROW: Final = 5
FILL: Final = "rgba(138,143,152,0.12)"
"""Of a box: a trace of grey on either ground."""
EDGE: Final = "rgba(138,143,152,0.55)"
ROW_HEIGHT: Final = 1.32
BOX: Final = 0.96
"""Height of a box; below it stands the time of its stage."""


class Box(NamedTuple):
    """One step in the picture."""

    name: str
    stage: str
    marks: str
    lines: tuple[str, ...]
    """What it made in this run; already plain for plotly."""


class Drawn(NamedTuple):
    """What the picture is made of, given to plotly at once: added one by one, all are checked."""

    shapes: list[dict[str, Any]]
    labels: list[dict[str, Any]]


def pipeline(boxes: Sequence[Box], seconds: Mapping[str, float]) -> go.Figure:
    """The steps in their order, two rows of boxes, with the seconds of each stage below them.

    Args:
        boxes: Ten steps.
        seconds: By stage; a stage that is missing shows no time.
    """
    figure, drawn = go.Figure(), Drawn([], [])
    for place, box in enumerate(boxes):
        left, top = place % PER_ROW, -ROW_HEIGHT * (place // PER_ROW)
        _box(drawn, place + 1, box, left, top)
        if place % PER_ROW < PER_ROW - 1 and place + 1 < len(boxes):
            _arrow(drawn, left + 1, top - BOX / 2)
    total = sum(seconds.values())
    for stage in dict.fromkeys(box.stage for box in boxes):
        places = [place for place, box in enumerate(boxes) if box.stage == stage]
        _bracket(drawn, places, _duration(stage, seconds.get(stage), total))
    figure.update_layout(shapes=drawn.shapes, annotations=drawn.labels)
    figure.add_scatter(  # an empty figure is not drawn by every viewer
        x=[0], y=[0], mode="markers", marker={"opacity": 0}, hoverinfo="skip", showlegend=False
    )
    rows = math.ceil(len(boxes) / PER_ROW)
    theme.frame(figure, 152 * rows, margin={"l": 0, "r": 0, "t": 4, "b": 0}, dragmode=False)
    figure.update_xaxes(range=[0, PER_ROW], visible=False, fixedrange=True)
    figure.update_yaxes(range=[-ROW_HEIGHT * rows, 0.02], visible=False, fixedrange=True)
    return figure


def _box(drawn: Drawn, number: int, box: Box, left: float, top: float) -> None:
    verdict = box.name == "Verdict"
    edges = {"type": "rect", "x0": left + 0.04, "x1": left + 0.96, "y0": top - BOX, "y1": top}
    line = {"color": theme.ACCENT if verdict else EDGE, "width": 2 if verdict else 1}
    drawn.shapes.append({**edges, "line": line, "fillcolor": FILL, "layer": "below"})
    _label(drawn, f"<b>{number}  {box.name}</b>", left + 0.08, top - 0.04, font={"size": 14})
    _label(drawn, box.marks, left + 0.93, top - 0.05, xanchor="right", font={"size": 11})
    _label(drawn, "<br>".join(box.lines), left + 0.08, top - 0.28, font={"size": 12})


def _arrow(drawn: Drawn, x: float, y: float) -> None:
    centred = {"xanchor": "center", "yanchor": "middle"}
    _label(drawn, "›", x, y, font={"size": 20, "color": theme.NEUTRAL}, **centred)


def _label(drawn: Drawn, text: str, x: float, y: float, **options: Any) -> None:  # noqa: ANN401
    placed = {"xanchor": "left", "yanchor": "top", "align": "left", **options}
    drawn.labels.append(
        {"x": x, "y": y, "text": text, "showarrow": False, "borderpad": 0, **placed}
    )


def _bracket(drawn: Drawn, places: Sequence[int], text: str) -> None:
    """A line below the boxes of one stage, with its time."""
    row = places[0] // PER_ROW
    left, right = places[0] % PER_ROW + 0.04, places[-1] % PER_ROW + 0.96
    y = -ROW_HEIGHT * row - BOX - 0.06
    line = {"color": EDGE, "width": 2}
    drawn.shapes.append({"type": "line", "x0": left, "x1": right, "y0": y, "y1": y, "line": line})
    _label(drawn, text, left, y - 0.03, font={"size": 12, "color": theme.NEUTRAL})


def _duration(stage: str, seconds: float | None, total: float) -> str:
    if seconds is None or total <= 0:
        return f"{stage} –"
    return f"{stage}  {seconds:,.1f} s, {seconds / total:.0%}"
