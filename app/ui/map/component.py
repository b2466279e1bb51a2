"""The map as a component of its own, for many points, and the legend beside every map.

Places go down once per run and kind of points; colours, marks and the outline go down again
when they change, two bytes a point. Up goes one small event.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from app.services.map_selection import Area
from app.services.maps import Points
from app.ui import theme
from app.ui.map.scene import DIM, HIT, Scene, shape_of

FOLDER: Final = Path(__file__).parent
KINDS: Final = {"uint8": "u8", "uint16": "u16", "uint32": "u32"}
MAP_SCRIPTS: Final = ("unpack.js", "paint.js", "frame.js", "picture.js", "view.js")
MAP_KEY: Final = "sm_map"
LEGEND_KEY: Final = "sm_legend"


def draw_map(
    scene: Scene,
    places: bytes,
    token: str,
    on_event: Callable[[], None],
    height: int,
    *,
    raster: bool,
) -> None:
    """Draw the map; what people do to it comes as ``event`` in ``st.session_state[MAP_KEY]``.

    Args:
        scene: What to draw.
        places: From :func:`pack_points`.
        token: Names the points: the same token, the same places.
        on_event: Called when an event came: ``kind`` is ``area`` (with ``view`` and ``corners``
            x, y, x, y...), ``pick`` (with ``place``) or ``clear``.
        height: In pixels.
        raster: Draw without WebGL although the browser has it.
    """
    _component("map")(
        key=MAP_KEY,
        data=pack_scene(scene, token, height, raster=raster),
        default={"event": None},
        on_event_change=on_event,
    )
    with st.container(key="sm_store"):
        _component("points")(key="sm_points_data", data=places)


def draw_legend(scene: Scene, on_press: Callable[[], None], on_missing: Callable[[], None]) -> None:
    """Draw the classes with their counts, ``47 / 412`` while some points are selected.

    Args:
        scene: What is drawn.
        on_press: Called when a class was clicked: ``press["place"]`` of the state.
        on_missing: Called when the browser turns out to have no WebGL2.
    """
    every = scene.classes.counts()
    part = None if scene.kept is None else scene.classes.counts(scene.kept)
    entries = [
        {
            "label": label,
            "color": scene.colors[place],
            "shape": shape_of(scene.classes, place),
            "hidden": place in scene.hidden,
            "count": f"{every[place]:,}" if part is None else f"{part[place]:,} / {every[place]:,}",
        }
        for place, label in enumerate(scene.classes.labels)
    ]
    _component("legend")(
        key=LEGEND_KEY,
        data={"entries": entries},
        default={"press": None, "missing": False},
        on_press_change=on_press,
        on_missing_change=on_missing,
    )


def pack_points(points: Points, shapes: np.ndarray, token: str) -> bytes:
    """Places of the nodes, which nodes the points are, and titles, as bytes."""
    titles = [title.encode() for title in points.titles]
    parts: dict[str, np.ndarray] = {
        "raw": points.nodes["raw"].ravel(),
        "aligned": points.nodes["aligned"].ravel(),
        "first": points.first.astype(np.uint32),
        "shape": shapes,
        "titles": np.frombuffer(b"".join(titles), np.uint8),
        "ends": np.cumsum([len(title) for title in titles]).astype(np.uint32),
    }
    if points.second is not None:
        parts["second"] = points.second.astype(np.uint32)
    return pack({"token": token, "n": len(points)}, parts)


def pack_scene(scene: Scene, token: str, height: int, *, raster: bool) -> bytes:
    """Everything else about a picture, as bytes."""
    marks = scene.marks
    head = {
        "token": token,
        "view": scene.layout,
        "height": height,
        "raster": raster,
        "colour": scene.title,
        "labels": scene.classes.labels,
        "verdicts": [*theme.VERDICT_COLORS, ""],
        "colors": [
            [*rgb(color), 0.0 if place in scene.hidden else 0.88]
            for place, color in enumerate(scene.colors)
        ],
        "dim": bool((marks == DIM).any()),
        "hits": bool((marks == HIT).any()),
        "pick": -1 if scene.pick is None else scene.pick,
        "area": _area(scene.area),
    }
    # Tells one picture from the next, for whoever waits until it is painted.
    head["stamp"] = hashlib.sha256(json.dumps(head).encode() + marks.tobytes()).hexdigest()[:8]
    return pack(head, {"code": scene.classes.codes, "mask": marks})


def pack(head: Mapping[str, Any], parts: Mapping[str, np.ndarray]) -> bytes:
    """Length of the header, header as JSON, parts at multiples of four; unpack.js reads it."""
    contents = {name: values.tobytes() for name, values in parts.items()}
    listed = [[name, KINDS[parts[name].dtype.name], len(raw)] for name, raw in contents.items()]
    header = json.dumps({**head, "parts": listed}).encode()
    packed = bytearray(struct.pack("<I", len(header)) + header)
    for raw in contents.values():
        packed += b"\0" * (-len(packed) % 4)
        packed += raw
    return bytes(packed)


def rgb(color: str) -> tuple[float, float, float]:
    """Parts of ``#rrggbb``, 0..1."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _area(area: Area | None) -> dict[str, Any] | None:
    return None if area is None else {"view": area.view, "corners": area.corners.tolist()}


def _component(name: str) -> ComponentRenderer:
    html, css, js = _sources(name)
    return st.components.v2.component(f"llmhni_{name}", html=html, css=css, js=js)


@cache
def _sources(name: str) -> tuple[str, str, str]:
    """HTML, CSS and JavaScript of a component, from the files beside this one."""
    files = {
        "points": ("<div hidden></div>", "", ("unpack.js", "points.js")),
        "map": ('<div class="map"></div>', "view.css", MAP_SCRIPTS),
        "legend": ('<div class="legend"></div>', "legend.css", ("legend.js",)),
    }
    html, css, scripts = files[name]
    styles = (FOLDER / css).read_text(encoding="utf-8") if css else " "
    return html, styles, "\n".join((FOLDER / js).read_text(encoding="utf-8") for js in scripts)
