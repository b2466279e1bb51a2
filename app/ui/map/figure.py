"""The map as a plotly figure, for up to some ten thousand points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.services.map_selection import Area
from app.services.maps import TOP, View
from app.ui import theme
from app.ui.map.scene import DIM, HIT, NAMES, NORMAL, Scene

SYMBOLS: Final = (*theme.VERDICT_SYMBOLS.values(), "square")
SIZE: Final = {"few": 8.0, "many": 5.0}
FEW: Final = 5000
BAR: Final = 40
"""Pixels of the mode bar on the right edge, in which no point may lie."""


def figure(scene: Scene, height: int) -> go.Figure:
    """Draw a scene: a pane per map, a trace per class, ids as ``customdata``.

    Args:
        scene: What to draw.
        height: In pixels.
    """
    names = [NAMES[pane] for pane in scene.panes] if len(scene.panes) > 1 else None
    picture = make_subplots(1, len(scene.panes), subplot_titles=names, horizontal_spacing=0.01)
    # The mode bar stands on the right edge, clear of the titles, which begin at the left.
    for column, title in enumerate(picture.layout.annotations, start=1):
        axis = "" if column == 1 else str(column)
        title.update(x=picture.layout[f"xaxis{axis}"].domain[0], xanchor="left", font={"size": 13})
    marks = scene.marks
    hover = _hover(scene)
    for column, pane in enumerate(scene.panes, start=1):
        for place in range(len(scene.classes.labels)):
            if place not in scene.hidden:
                picture.add_trace(_trace(scene, pane, place, marks, hover), row=1, col=column)
        _ring(picture, scene, pane, column)
    _outline(picture, scene)
    return _framed(picture, scene, height)


def _trace(
    scene: Scene, pane: str, place: int, marks: np.ndarray, hover: np.ndarray
) -> go.Scattergl:
    rows = np.flatnonzero(scene.classes.codes == place)
    xy = scene.points.places(_view(pane))[rows].astype(np.int32)
    shapes = scene.shapes[rows]
    base = SIZE["few"] if len(scene.points) <= FEW else SIZE["many"]
    sizes = (
        base * np.where(shapes >= len(SYMBOLS), 1.2, 0.85) * np.where(marks[rows] == HIT, 1.7, 1)
    )
    some_dim = bool((marks == DIM).any())
    return go.Scattergl(
        x=xy[:, 0],
        y=xy[:, 1],
        mode="markers",
        name=theme.plain(scene.classes.labels[place]),
        # A list of lists: an array would come back from a click as a mapping of its places.
        customdata=[[int(number)] for number in scene.points.ids[rows]],
        text=hover[rows],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": scene.colors[place],
            "size": sizes.round(1),
            "symbol": np.array(SYMBOLS)[shapes % len(SYMBOLS)],
            "opacity": 0.85,
            "line": {"width": 0},
        },
        selectedpoints=np.flatnonzero(marks[rows] >= NORMAL) if some_dim else None,
        selected={"marker": {"opacity": 0.95}},
        unselected={"marker": {"opacity": 0.12}},
        showlegend=False,
    )


def _hover(scene: Scene) -> np.ndarray:
    """Text of each point: its title, letter by letter, and what the colours and shapes say."""
    points, classes = scene.points, scene.classes
    nodes = [theme.plain(title, 60) for title in points.titles]
    verdicts = (*theme.VERDICT_COLORS, "no interactions")
    said = [theme.plain(f"{scene.title}: {label}", 40) for label in classes.labels]
    lines = []
    for place, node in enumerate(points.first):
        if points.second is None:
            what = "item" if node >= points.n_users else "user"
            title, verdict = nodes[node], f"{what}, mostly {verdicts[scene.verdicts[place]]}"
        else:
            title = f"{nodes[node]} → {nodes[points.second[place]]}"
            verdict = verdicts[scene.verdicts[place]]
        lines.append(f"<b>{title}</b><br>{verdict}<br>{said[classes.codes[place]]}")
    return np.array(lines, dtype=object)


def _ring(picture: go.Figure, scene: Scene, pane: str, column: int) -> None:
    """A ring around the chosen point."""
    if scene.pick is None:
        return
    x, y = (int(value) for value in scene.points.places(_view(pane))[scene.pick])
    marker = {"symbol": "circle-open", "size": 18, "color": theme.NEUTRAL, "line": {"width": 3}}
    ring = go.Scattergl(
        x=[x], y=[y], mode="markers", marker=marker, hoverinfo="skip", showlegend=False
    )
    picture.add_trace(ring, row=1, col=column)


def _outline(picture: go.Figure, scene: Scene) -> None:
    area = scene.area
    if area is None or area.view not in scene.panes:
        return
    axis = "" if scene.panes.index(area.view) == 0 else "2"
    corners = " L ".join(f"{x:.0f},{y:.0f}" for x, y in area.corners)
    picture.add_shape(
        type="path",
        path=f"M {corners} Z",
        xref=f"x{axis}",
        yref=f"y{axis}",
        line={"color": theme.ACCENT, "width": 1.5},
        fillcolor="rgba(0, 114, 178, 0.07)",
        layer="below",
    )


def _framed(picture: go.Figure, scene: Scene, height: int) -> go.Figure:
    key = f"{scene.points.n_users} {len(scene.points)} {scene.layout}"
    # No clickmode, and no lasso to begin with: Streamlit takes clicks away while one is in hand.
    theme.frame(
        picture,
        height,
        margin={"l": 4, "r": BAR, "t": 26 if len(scene.panes) > 1 else 4, "b": 4},
        hovermode="closest",
        modebar={"orientation": "v"},
        uirevision=key,
        selectionrevision=_revision(scene.area),
        newselection={"line": {"color": theme.ACCENT, "width": 1.5, "dash": "solid"}},
    )
    picture.update_xaxes(visible=False, range=[0, TOP])
    picture.update_yaxes(visible=False, range=[0, TOP])
    for axis in ("", "2")[: len(scene.panes)]:
        picture.layout[f"yaxis{axis}"].update(scaleanchor=f"x{axis}")
    if len(scene.panes) > 1:
        _divide(picture)
    return picture


def _divide(picture: go.Figure) -> None:
    """A line between two maps: their points may come near each other."""
    picture.add_shape(
        type="line",
        **{"xref": "paper", "yref": "paper", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1},
        line={"color": theme.NEUTRAL, "width": 1},
        opacity=0.35,
    )


def _revision(area: Area | None) -> str:
    return "" if area is None else f"{area.view}{area.corners.sum():.0f}"


def _view(pane: str) -> View:
    return "raw" if pane == "raw" else "aligned"


def outlined(selection: Mapping[str, Any], panes: tuple[str, ...]) -> tuple[str, np.ndarray] | None:
    """Read the outline of a selection event; None if it has none (a click, or nothing).

    Returns:
        Pane and corners ``(K, 2)``, units of the map.
    """
    for form in ("lasso", "box"):
        for drawn in selection.get(form) or []:
            x, y = np.array(drawn["x"], float), np.array(drawn["y"], float)
            if form == "box":
                x, y = x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]
            pane = panes[1] if drawn.get("xref") == "x2" and len(panes) > 1 else panes[0]
            return pane, np.stack([x, y], axis=1)
    return None
