"""The map page over a hand-made run folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.services import selection, store
from app.ui.map import controls
from tests.pages.test_overview import open_app
from tests.run_folder import write_projection

SQUARE = "aligned:{0},{0},{1},{0},{1},{1},{0},{1}"
EVERYTHING = SQUARE.format(0, 65535)
PLOT, MAP, LEGEND = "sm_plot", "sm_map", "sm_legend"


@pytest.fixture
def run(finished_run, workspace):
    write_projection(finished_run)
    return store.load_run(workspace, "run-1")


def open_map(**query):
    app = open_app()
    app.switch_page("../pages/semantic_map.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app):
    return [text.value for text in app.text]


def figure(app):
    return json.loads(app.get("plotly_chart")[0].proto.spec)


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    assert "no finished run" in open_map().info[0].value


def test_a_damaged_map_is_explained(run):
    (run.folder / "projection.parquet").write_text("{")
    app = open_map()
    assert "could not be shown" in app.error[0].value
    assert any("run it again" in text for text in shown(app))


@pytest.mark.usefixtures("run")
def test_every_kind_of_points_and_colour_can_be_shown():
    app = open_map()
    for what in controls.WHATS:
        app.segmented_control(key="sm_points").set_value(what).run()
        for colour in app.selectbox(key="sm_color").options:
            app.selectbox(key="sm_color").select(colour).run()
            assert not app.exception


@pytest.mark.usefixtures("run")
def test_titles_are_shown_letter_by_letter():
    text = str(figure(open_map(sm_pick="n4", sm_area=EVERYTHING)))
    assert "&lt;b&gt;Bambi" in text
    assert "<b>Bambi</b>" not in text
    app = open_map(sm_pick="n4")
    assert "<b>Bambi</b>" in shown(app)
    assert not any("Bambi" in element.value for element in [*app.markdown, *app.caption])


@pytest.mark.usefixtures("run")
def test_an_outline_in_the_address_selects_points_and_their_interactions():
    app = open_map(sm_area=EVERYTHING)
    assert "7 of 7 points outlined" in shown(app)
    assert any("6 interactions of these points" in text for text in shown(app))
    assert len(app.dataframe[0].value) == 7


@pytest.mark.usefixtures("run")
def test_an_outline_around_nothing_offers_no_review():
    app = open_map(sm_area=SQUARE.format(0, 5))
    assert "0 of 7 points outlined" in shown(app)
    assert app.button(key="sm_review").disabled


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("area", ["aligned:1,2", "nonsense", "aligned:1,2,x,4,5,6"])
def test_an_address_that_is_no_outline_is_as_none(area):
    assert not any("outlined" in text for text in shown(open_map(sm_area=area, sm_pick="n99")))


@pytest.fixture
def session(monkeypatch):
    """Session state as an event finds it; AppTest cannot draw on a map."""
    kept = {"sm_area": "", "sm_pick": "", "sm_find": "", "sm_hide": ""}
    monkeypatch.setattr(controls.st, "session_state", kept)
    return kept


def choices(**changes):
    fields = {"what": "nodes", "layout": "both", "colour": "loss", "find": "", "draw": "auto"}
    return controls.Choices(**fields | {"area": None, "pick": ""} | changes)


def test_a_lasso_on_the_figure_becomes_the_outline(session):
    drawn = {"x": [0, 9, 9.4, 0], "y": [0, 0, 9, 9], "xref": "x2", "yref": "y2"}
    session[PLOT] = {"selection": {"points": [], "box": [], "lasso": [drawn]}}
    controls.on_plot(("raw", "aligned"), "n")
    assert session["sm_area"] == "aligned:0,0,9,0,9,9,0,9"


def test_a_click_chooses_a_point_by_its_id(session):
    point = {"point_index": 0, "curve_number": 1, "customdata": [6]}
    session[PLOT] = {"selection": {"points": [point], "box": [], "lasso": []}}
    controls.on_plot(("raw",), "n")
    assert (session["sm_pick"], session["sm_area"]) == ("n6", "")


def test_the_large_map_sends_an_outline_a_point_or_that_neither_is_wanted(session):
    ids = np.array([10, 20])
    session[MAP] = {"event": {"kind": "area", "view": "raw", "corners": [0, 0, 9, 0, 9, 9]}}
    controls.on_map(ids, "r")
    session[MAP] = {"event": {"kind": "pick", "place": 1}}
    controls.on_map(ids, "r")
    session[MAP] = {"event": {"kind": "pick", "place": 2}}  # of a map that is gone
    controls.on_map(ids, "r")
    assert (session["sm_area"], session["sm_pick"]) == ("raw:0,0,9,0,9,9", "r20")
    session[MAP] = {"event": {"kind": "clear"}}
    controls.on_map(ids, "r")
    assert (session["sm_area"], session["sm_pick"]) == ("", "")


def test_a_press_in_the_legend_hides_a_class_of_this_colouring_alone(session):
    session[LEGEND] = {"press": {"place": 2, "at": 1}}
    controls.on_legend(choices())
    assert session["sm_hide"] == "nodes loss:2"
    assert choices().hidden == {2}
    assert choices(colour="group").hidden == frozenset()
    controls.on_legend(choices())
    assert session["sm_hide"] == ""


def test_who_draws(session):
    assert choices().renderer(controls.FEW) == "plotly"
    assert choices(draw="plotly").renderer(controls.FEW + 1) == "webgl"
    assert choices(draw="webgl").renderer(1) == "webgl"
    session[LEGEND] = {"missing": True}
    controls.on_missing()
    assert choices().renderer(1) == "raster"


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("drawing", ["WebGL", "Pixels"])
def test_the_component_draws_in_place_of_plotly(drawing):
    assert open_map().get("plotly_chart")
    assert not open_map(sm_draw=drawing).get("plotly_chart")


@pytest.mark.usefixtures("run")
def test_a_hidden_class_is_neither_drawn_nor_selected():
    where = {"sm_points": "Interactions", "sm_color": "Verdict", "sm_area": EVERYTHING}
    assert "6 of 6 points outlined" in shown(open_map(**where))
    app = open_map(**where, sm_hide="interactions verdict:0")
    assert "4 of 6 points outlined" in shown(app)
    assert {trace["name"] for trace in figure(app)["data"]} == {"hard", "noisy"}


@pytest.mark.usefixtures("run")
def test_clear_forgets_outline_search_and_point():
    app = open_map(sm_area=EVERYTHING, sm_pick="n4", sm_find="a")
    app.button(key="sm_clear").click().run()
    assert [app.session_state[key] for key in ("sm_area", "sm_pick", "sm_find")] == ["", "", ""]


@pytest.mark.usefixtures("run")
def test_the_search_marks_points_and_can_be_reviewed():
    app = open_map(sm_find="alien")
    assert "1 of 7 points found" in shown(app)
    assert any("2 interactions of these points" in text for text in shown(app))


def test_the_interactions_of_the_selected_points_become_the_review_list(run):
    app = open_map(sm_find="alien")
    app.button(key="sm_review").click().run()
    assert app.title[0].value == "Flagged interactions"
    kept = selection.every(run)
    assert [(one.n_rows, one.source) for one in kept] == [(2, "of 1 points found on the map")]
