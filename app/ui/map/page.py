"""One picture of the map from the choices of the page, drawn by whoever suits it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.services import map_classes, map_selection, maps
from app.services.store import Run
from app.ui import components, state, theme
from app.ui.map import controls
from app.ui.map.component import draw_legend, draw_map, pack_points
from app.ui.map.controls import PLOT_KEY, Choices
from app.ui.map.figure import figure
from app.ui.map.scene import Scene, colors, shape_codes

HEIGHT = 620


def compose(run: Run, choices: Choices) -> Scene:
    """Gather what the picture shows.

    Raises:
        core.errors.DataError: If a table is missing or damaged.
    """
    points = state.ask(maps.points, run, choices.what)
    classes = state.ask(map_classes.classes, run, choices.what, choices.colour)
    hidden = choices.hidden & frozenset(range(len(classes.labels)))
    shown = ~np.isin(classes.codes, sorted(hidden))
    selected = hits = None
    if choices.area is not None:
        places = points.places(choices.area.view)
        selected = map_selection.inside(places, choices.area.corners) & shown
    if choices.find:
        hits = map_selection.matching(points, choices.find) & shown
    number = choices.picked("n" if points.second is None else "r")
    return Scene(
        points=points,
        classes=classes,
        verdicts=state.ask(maps.verdicts, run, choices.what),
        colors=colors(classes, dark=st.context.theme.type == "dark"),
        hidden=hidden,
        layout=choices.layout,
        title=map_classes.title(choices.what, choices.colour),
        area=choices.area,
        selected=selected,
        hits=hits,
        pick=None if number is None else points.place_of(number),
    )


def draw(run: Run, scene: Scene, choices: Choices) -> None:
    """Draw the map with the renderer that suits the number of points."""
    letter = "n" if scene.points.second is None else "r"
    renderer = choices.renderer(len(scene.points))
    if renderer == "plotly":
        components.chart(
            figure(scene, HEIGHT),
            PLOT_KEY,
            "semantic-map",
            on_select=lambda: controls.on_plot(scene.panes, letter),
            selection_mode=("points", "box", "lasso"),
            config={"scrollZoom": True, "displayModeBar": True},
        )
        return
    ids = scene.points.ids
    draw_map(
        scene,
        state.ask(packed, run, choices.what),
        _token(run, choices.what),
        lambda: controls.on_map(ids, letter),
        HEIGHT,
        raster=renderer == "raster",
    )


def packed(run: Run, what: maps.What) -> bytes:
    """Points as the browser gets them."""
    points = maps.points(run, what)
    shapes = shape_codes(points, maps.verdicts(run, what))
    return pack_points(points, shapes, _token(run, what))


def _token(run: Run, what: str) -> str:
    return f"{run.id} {run.manifest.created.isoformat()} {what}"


def legend(scene: Scene, choices: Choices) -> None:
    """Draw the classes with their counts, and what a point stands for."""
    draw_legend(scene, lambda: controls.on_legend(choices), controls.on_missing)
    if scene.points.second is not None:
        st.caption("An interaction lies midway between its user and its item.")
    elif scene.classes.scale == "verdict":
        st.caption("The most frequent verdict of a point's interactions. Items are larger.")
    if scene.classes.scale != "verdict":
        signs = ", ".join(f"{sign} {name}" for name, sign in theme.VERDICT_SIGNS.items())
        larger = "" if scene.points.second is not None else " Items are larger."
        st.caption(f"Shape is the verdict: {signs}.{larger}")
