"""What is sent to the browser, and the plotly figure of a scene."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from app.services.map_classes import Classes
from app.services.map_selection import Area
from app.services.maps import Points
from app.ui import theme
from app.ui.map import component
from app.ui.map.figure import BAR, figure, outlined
from app.ui.map.scene import SIDE_BY_SIDE, Scene, colors


def scene(**changes):
    """Two users and one item; the item is hidden behind markup in its title."""
    at = np.array([[0, 0], [10, 20], [65535, 65535]], np.uint16)
    ids = np.arange(3)
    points = Points(2, ids, None, ids, {"raw": at, "aligned": at[::-1]}, ["ü", "v", "<i>w</i>"])
    classes = Classes(
        "verdict", np.array([0, 2, 2], np.uint8), ["clean", "hard", "noisy"], [True] * 3
    )
    fields = {
        "points": points, "classes": classes, "verdicts": np.array([0, 2, 2], np.uint8),
        "colors": list(theme.VERDICT_COLORS.values()), "hidden": frozenset(),
        "layout": SIDE_BY_SIDE, "title": "verdict",
    }  # fmt: skip
    return Scene(**fields | changes)


def unpack(data):
    """As unpack.js reads it."""
    (size,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + size])
    at, parts = 4 + size, {}
    for name, kind, length in head["parts"]:
        at += -at % 4
        dtype = {"u8": "u1", "u16": "<u2", "u32": "<u4"}[kind]
        parts[name] = np.frombuffer(data[at : at + length], dtype)
        at += length
    assert at == len(data)
    return head, parts


def test_points_arrive_as_they_were_sent():
    shown = scene()
    head, parts = unpack(component.pack_points(shown.points, shown.shapes, "here"))
    assert (head["token"], head["n"]) == ("here", 3)
    assert parts["raw"].reshape(-1, 2).tolist() == [[0, 0], [10, 20], [65535, 65535]]
    assert parts["shape"].tolist() == [0, 2, 6]  # an item: 4 more
    text = parts["titles"].tobytes()
    assert text[: parts["ends"][0]].decode() == "ü"
    assert text[parts["ends"][1] :].decode() == "<i>w</i>"
    assert "second" not in parts


def test_a_selection_dims_the_others_and_a_search_lifts_its_hits():
    selected, hits = np.array([True, True, False]), np.array([False, True, True])
    assert scene().marks.tolist() == [1, 1, 1]
    assert scene(selected=selected).marks.tolist() == [1, 1, 0]
    assert scene(hits=hits).marks.tolist() == [0, 2, 2]
    assert scene(selected=selected, hits=hits).marks.tolist() == [0, 2, 0]
    head, parts = unpack(component.pack_scene(scene(hits=hits), "t", 100, raster=False))
    assert (head["dim"], head["hits"], parts["mask"].tolist()) == (True, True, [0, 2, 2])


def test_a_hidden_class_is_transparent():
    head, _ = unpack(component.pack_scene(scene(hidden=frozenset({2})), "t", 100, raster=False))
    assert [color[3] > 0 for color in head["colors"]] == [True, True, False]


def test_every_class_fits_the_colours_of_the_painter():
    labels = [f"g{place}" for place in range(24)] + ["3 more", "no group"]
    classes = Classes("group", np.zeros(1, np.uint8), labels, [True] * 24 + [False] * 2)
    for dark in (False, True):
        found = colors(classes, dark=dark)
        assert len(set(found)) == len(labels) == 26
        assert all(re.fullmatch("#[0-9a-fA-F]{6}", color) for color in found)
    source = (Path(component.__file__).parent / "paint.js").read_text()
    assert "u_colors[32]" in source


@pytest.mark.parametrize("n_steps", [0, 1, 6])
def test_amounts_end_loud_on_either_ground(n_steps):
    classes = Classes("amount", np.zeros(1, np.uint8), ["x"] * n_steps, [True] * n_steps)
    light, dark = (colors(classes, dark=ground) for ground in (False, True))
    assert len(light) == len(dark) == n_steps
    if n_steps > 1:
        assert sum(component.rgb(light[-1])) < sum(component.rgb(light[0]))
        assert sum(component.rgb(dark[-1])) > sum(component.rgb(dark[0]))


def test_the_figure_knows_points_by_id_and_verdicts_by_shape():
    made = figure(scene(), 300)
    noisy = [trace for trace in made.data if trace.name == "noisy"]
    assert len(noisy) == 2  # a pane each
    assert json.loads(made.to_json())["data"][2]["customdata"] == [[1], [2]]
    assert set(noisy[0].marker.symbol) == {theme.VERDICT_SYMBOLS["noisy"]}
    assert noisy[0].text[1].startswith("<b>&lt;i&gt;w&lt;/i&gt;</b>")
    assert made.layout.dragmode is None  # a lasso from the start would take clicks away


def test_an_outline_is_drawn_in_its_own_pane():
    area = Area("aligned", np.array([[0, 0], [9, 0], [9, 9]], float))
    drawn = figure(scene(area=area, selected=np.array([True, False, False])), 300)
    assert drawn.layout.margin.r == BAR  # no point under the mode bar
    outline, divider = drawn.layout.shapes
    assert outline.xref == "x2"
    assert (divider.xref, divider.x0, divider.x1) == ("paper", 0.5, 0.5)
    clean = next(trace for trace in drawn.data if trace.name == "clean")
    assert list(clean.selectedpoints) == [0]


def test_outlines_of_events_name_their_pane():
    box = {"x": [1, 5], "y": [2, 8], "xref": "x2", "yref": "y2"}
    pane, corners = outlined({"box": [box], "lasso": [], "points": []}, ("raw", "aligned"))
    assert pane == "aligned"
    assert corners.tolist() == [[1, 2], [5, 2], [5, 8], [1, 8]]
    assert outlined({"points": [{}], "box": [], "lasso": []}, ("raw",)) is None


def test_scripts_never_put_text_into_html():
    for script in Path(component.__file__).parent.glob("*.js"):
        source = script.read_text()
        assert "innerHTML" not in source
        assert "http://" not in source.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in source
