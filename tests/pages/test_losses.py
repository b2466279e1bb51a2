"""The page over a hand-made run folder: nothing between it and the files is replaced."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment, loss_cut, selection, store
from app.ui.loss_cut import how_many
from tests.loss_run import write_loss_run
from tests.run_folder import INTERACTIONS, NAN

MAIN = environment.ROOT / "app" / "main.py"


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("../pages/losses.py").run()
    assert not app.exception
    return app


def open_view(view, **state):
    app = open_page()
    for key, value in state.items():
        app.session_state[key] = value
    app.session_state["ls_view"] = view
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def metrics(app):
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


@pytest.fixture
def run(workspace):
    write_loss_run(workspace)
    return store.load_run(workspace, "run-1")


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    app = open_page()
    assert "no finished run" in app.info[0].value


@pytest.mark.usefixtures("run")
def test_the_distribution_is_the_first_view():
    app = open_page()
    assert app.title[0].value == "Loss distributions"
    assert len(app.get("plotly_chart")) == 1
    assert any("bins of equal width" in caption.value for caption in app.caption)


@pytest.mark.parametrize("form", ["Histogram", "Density", "Cumulative"])
@pytest.mark.parametrize("by", ["Verdict", "Planted kind"])
@pytest.mark.usefixtures("run")
def test_every_form_is_drawn_by_verdict_and_by_planted_kind(form, by):
    app = open_view("Distribution", ls_form=form, ls_by=by, ls_loss="In sample", ls_x="Log")
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.usefixtures("run")
def test_the_threshold_says_what_a_loss_cut_drops():
    # Highest 20 % of five losses: row 3 alone, planted noise, and the highest p_noisy too.
    app = open_view("Threshold", ls_share=20.0)
    assert metrics(app) == {
        "Dropped by either": ("1", "16.7% of 6"),
        "Noise removed": ("33.3%", "33.3% by P(noisy)"),
        "Genuine lost": ("0.0%", "0.0% by P(noisy)"),
        "Hard lost": ("0.0%", "0.0% by P(noisy)"),
    }
    said = next(caption.value for caption in app.caption if "equal cost" in caption.value)
    assert "the 1 interactions with the highest loss against the 1 with" in said
    assert "calls 2 noisy" in said
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.usefixtures("run")
def test_the_threshold_can_be_a_loss_and_both_sides_drop_as_many():
    # Above 0.51: rows 1 to 4. The four highest p_noisy: rows 3, 5 (noise), 4, 2 (planted hard).
    app = open_view("Threshold", ls_unit="Loss value", ls_value=0.51)
    assert metrics(app) == {
        "Dropped by either": ("4", "66.7% of 6"),
        "Noise removed": ("66.7%", "66.7% by P(noisy)"),
        "Genuine lost": ("66.7%", "66.7% by P(noisy)"),
        "Hard lost": ("100.0%", "100.0% by P(noisy)"),
    }


def test_without_planted_kinds_the_threshold_speaks_of_verdicts(workspace):
    write_loss_run(workspace, kinds=None)
    app = open_view("Threshold", ls_share=40.0)
    assert metrics(app)["✕ Of noisy, lost"] == ("50.0%", "100.0% by P(noisy)")
    assert any("truth is not known" in caption.value for caption in app.caption)
    assert len(app.get("plotly_chart")) == 1
    assert "dropped, planted hard" not in app.selectbox(key="ls_pick").options


def test_what_is_dropped_goes_to_the_review_list(run):
    app = open_view("Threshold", ls_share=40.0, ls_form="Density", ls_pick="dropped, called hard")
    app.button(key="ls_review").click().run()
    assert not app.exception
    (kept,) = selection.every(run)
    assert (kept.n_rows, kept.source) == (1, "loss cut at 2.000: dropped, called hard")
    assert app.title[0].value == "Flagged interactions"
    assert app.session_state["list"] == kept.id
    assert set(app.session_state["fl_verdict"]) == {"clean", "hard", "noisy"}  # the whole list


def test_a_review_list_is_counted_at_the_threshold(run):
    kept = selection.save(run, [2, 3], "two")
    app = open_view("Threshold", ls_share=20.0, list=kept.id)
    assert any("drops 1 of 2" in caption.value for caption in app.caption)


def test_a_review_list_is_chosen_by_its_name_and_stays_in_the_address_by_its_id(run):
    one, two = selection.save(run, [2, 3], "two"), selection.save(run, [1], "another")
    app = open_page(list=one.id)
    shown = next(box for box in app.sidebar.selectbox if box.label == "Review list")
    assert set(shown.options) == {"Everything", "Two, 2", "Another, 1"}
    assert shown.value == one.id
    shown.set_value(two.id).run()
    assert not app.exception
    assert app.session_state["list"] == two.id
    assert app.query_params["list"] in (two.id, [two.id])


def map_key(app):
    return app.get("plotly_chart")[0].proto.id.split("-", 2)[2]  # $$ID-<hash>-<key>


@pytest.mark.usefixtures("workspace")
def test_an_area_of_the_map_is_selected_by_values_never_by_places(workspace):
    spread = INTERACTIONS | {"loss_variability": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]}
    write_loss_run(workspace, interactions=spread)
    app = open_view("Data map")
    box = {"x": [1.5, 4.5], "y": [1.5, 9.0], "xref": "x", "yref": "y"}
    area = {"selection": {"points": [], "point_indices": [0], "box": [box], "lasso": []}}
    app.session_state[map_key(app)] = area
    app.run()
    assert "3 selected: ◆ 2 hard, ✕ 1 noisy" in texts(app)
    app.button(key="ls_send").click().run()
    assert not app.exception
    (kept,) = selection.every(store.load_run(workspace, "run-1"))
    assert kept.n_rows == 3


@pytest.mark.usefixtures("run")
def test_clicked_points_are_read_by_number():
    app = open_view("Data map")
    points = [{"customdata": [4], "point_index": 0}, {"point_index": 1}]
    app.session_state[map_key(app)] = {"selection": {"points": points, "box": [], "lasso": []}}
    app.run()
    assert "1 selected: ◆ 1 hard" in texts(app)


@pytest.mark.usefixtures("run")
def test_a_box_in_a_panel_of_the_density_selects_its_verdict_alone():
    app = open_view("Data map", ls_map="Density")
    box = {"x": [0.0, 1.0], "y": [0.0, 9.0], "xref": "x3", "yref": "y3"}
    app.session_state[map_key(app)] = {"selection": {"points": [], "box": [box], "lasso": []}}
    app.run()
    assert "2 selected: ✕ 2 noisy" in texts(app)


@pytest.mark.usefixtures("run")
def test_curves_are_listed_and_titles_are_only_in_tables():
    app = open_view("Loss curves", ls_find="B")
    assert app.dataframe[0].value["title"].tolist() == ["<b>Bambi</b>", "Brazil"]
    assert "2 of 2 found in the run, highest loss first" in texts(app)
    written = " ".join(element.value for element in [*app.markdown, *app.caption])
    assert "Bambi" not in written


@pytest.mark.usefixtures("run")
def test_a_search_without_a_hit_says_so():
    assert "No interaction is found" in open_view("Loss curves", ls_find="' OR 1=1").info[0].value


@pytest.mark.parametrize("view", ["Distribution", "Threshold", "Data map", "Loss curves"])
def test_a_run_without_any_known_loss_is_shown(workspace, view):
    blank = dict.fromkeys(("loss", "loss_mean", "loss_variability"), [NAN] * 6)
    folder = write_loss_run(workspace, interactions=INTERACTIONS | blank)
    history = pd.read_parquet(folder / "loss_history.parquet").head(0)
    history.to_parquet(folder / "loss_history.parquet")
    app = open_view(view)
    assert app.info


@pytest.mark.parametrize("damaged", ["loss_history.parquet", "interactions.parquet"])
def test_a_damaged_file_is_explained(workspace, damaged):
    (write_loss_run(workspace) / damaged).write_text("{")
    app = open_page()
    assert "could not be shown" in app.error[0].value
    assert any("run it again" in text for text in texts(app))


@pytest.mark.parametrize("cut", [0.0, 1.0, 2.0, 3.7])
def test_the_sizes_of_the_picks_are_those_of_their_rows(run, cut):
    now = loss_cut.at(loss_cut.tally(run, (cut,)), 0)
    for pick in loss_cut.PICKS:
        assert how_many(now, pick) == len(loss_cut.picked(run, cut, pick))
