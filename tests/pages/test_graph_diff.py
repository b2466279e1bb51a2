"""The page over a hand-made run folder: nothing between it and the files is replaced."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment
from app.ui.graph_edges import mark
from tests.graph_run import write_graph

MAIN = environment.ROOT / "app" / "main.py"
PAGE = str(environment.ROOT / "pages" / "graph_diff.py")


@pytest.fixture
def folder(finished_run):
    write_graph(finished_run)
    return finished_run


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def again(app):
    app.run()
    assert not app.exception
    return app


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def texts(app):
    return [text.value for text in app.text]


def written(app):
    return " ".join(
        str(element.value) for element in [*app.markdown, *app.caption, *app.subheader, *app.info]
    )


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    app = open_page()
    assert "no finished run" in app.info[0].value


@pytest.mark.usefixtures("folder")
def test_the_whole_graph_comes_first():
    app = open_page()
    assert metrics(app) == {
        **{"Edges before": "6", "Edges after": "6"},
        **{"= kept": "3", "~ weakened": "1", "− dropped": "2", "+ added": "2"},
    }
    assert app.dataframe[0].value["n"].sum() == 8
    assert "1 items" in app.caption[-1].value
    assert "that of a clean interaction too" in written(app)


@pytest.mark.usefixtures("folder")
def test_a_link_to_a_user_opens_its_neighbourhood_and_its_lists():
    app = open_page(gd_user="ann")
    assert app.segmented_control(key="gd_view").value == "User or item"
    assert metrics(app) == {
        **{"Edges before": "2", "Edges after": "3", "Their weight": "2.5"},
        **{"= kept": "1", "~ weakened": "1", "+ added": "1"},
        "Test items of this user among the ten, of 1": "1 → 1",
    }
    top = app.dataframe[-1].value
    assert top["after"].tolist() == [1, 2]
    assert top["star"].tolist() == ["", "★"]
    assert top["edge"].tolist() == ["+ added", ""]


@pytest.mark.usefixtures("folder")
def test_hostile_titles_and_reasons_are_plain_text():
    app = open_page(gd_item="i1")
    assert "<b>Bambi</b> (i1)" in texts(app)
    app = open_page(gd_user="ann")
    app = open_page(gd_view="Changed edges")
    for untrusted in ("Bambi", "Casino", "noise**", "deserts"):
        assert untrusted not in written(app)


@pytest.mark.usefixtures("folder")
def test_a_part_of_a_title_gives_matches_and_selecting_one_opens_it():
    app = open_page(gd_view="User or item", gd_item="AMB")
    found = app.dataframe[0].value
    assert found["id"].tolist() == ["i1"]
    app.session_state[f"gd_found_{mark(['i1'])}"] = {"selection": {"rows": [0], "columns": []}}
    again(app)
    assert "<b>Bambi</b> (i1)" in texts(app)
    assert app.text_input(key="gd_item").value == "i1"


@pytest.mark.usefixtures("folder")
def test_nothing_found_says_so_and_offers_a_start():
    app = open_page(gd_view="User or item", gd_user="<script>")
    assert "No user" in app.info[0].value
    assert [table.value["id"].tolist()[0] for table in app.dataframe] == ["ann", "i1"]


@pytest.mark.usefixtures("folder")
def test_typing_in_one_field_empties_the_other():
    app = open_page(gd_user="ann")
    app.text_input(key="gd_item").set_value("i0")
    again(app)
    assert app.text_input(key="gd_user").value == ""
    assert "Alien (i0)" in texts(app)


@pytest.mark.usefixtures("folder")
def test_the_node_in_the_middle_is_remembered_when_the_view_is_left():
    app = open_page(gd_user="ann")
    for view in ("Whole graph", "User or item"):
        app.segmented_control(key="gd_view").set_value(view)
        again(app)
    assert app.text_input(key="gd_user").value == "ann"


@pytest.mark.usefixtures("folder")
def test_a_click_on_a_node_puts_it_in_the_middle():
    app = open_page(gd_user="ann")
    key = f"gd_ego_{mark(['user', 'ann', False])}"
    app.session_state[key] = {"selection": {"points": [{"customdata": ["item", "i2"]}]}}
    again(app)
    assert app.text_input(key="gd_item").value == "i2"
    assert "**Casino** (i2)" in texts(app)


@pytest.mark.usefixtures("folder")
def test_two_steps_away():
    app = open_page(gd_user="ann")
    app.toggle(key="gd_hop").set_value(True)
    again(app)
    assert app.toggle(key="gd_hop").value is True


@pytest.mark.usefixtures("folder")
def test_a_surprise_is_a_user_that_changed():
    app = open_page(gd_view="User or item")
    app.button(key="gd_surprise").click()
    again(app)
    assert app.text_input(key="gd_user").value in ("ann", "bob", "cid")


@pytest.mark.usefixtures("folder")
def test_changed_edges_are_filtered_and_a_selected_one_shows_its_rationale():
    app = open_page(gd_view="Changed edges")
    assert len(app.dataframe[0].value) == 5
    app.text_input(key="gd_text").set_value("casino")
    again(app)
    (edge,) = app.dataframe[0].value.to_dict("records")
    assert (edge["decision"], edge["verdict"]) == ("+ added", "○ never observed")
    app.session_state[f"gd_rows_{mark(['run-1', (0, 2)])}"] = {
        "selection": {"rows": [0], "columns": []}
    }
    again(app)
    assert "User's view: Likes gambling\nItem's view: Close to Heat" in texts(app)
    app.button(key="gd_go_item").click()
    again(app)
    assert "**Casino** (i2)" in texts(app)


@pytest.mark.usefixtures("folder")
def test_filters_without_an_edge_say_so():
    app = open_page(gd_view="Changed edges", gd_text="nobody")
    assert "No edge fits" in app.info[0].value


@pytest.mark.usefixtures("folder")
def test_a_page_beyond_the_last_becomes_the_first():
    app = open_page(gd_view="Changed edges", gd_page="99")
    assert len(app.dataframe[0].value) == 5


def test_runs_without_embeddings_keep_the_rest(folder):
    (folder / "vectors.parquet").unlink()
    app = open_page(gd_user="ann")
    assert "kept no embeddings" in app.info[0].value
    assert metrics(app)["Edges before"] == "2"


@pytest.mark.parametrize("damaged", ["edges.parquet", "vectors.parquet"])
def test_a_damaged_table_is_explained(folder, damaged):
    (folder / damaged).write_text("{")
    app = open_page(gd_user="ann")
    assert "could not be shown" in app.error[0].value
    assert any("run it again" in text for text in texts(app))
