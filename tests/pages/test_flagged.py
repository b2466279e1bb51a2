"""The page over a hand-made run folder: nothing between it and the files is replaced."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.services import environment, selection, store
from tests.review_run import HOSTILE, write_review_run

MAIN = environment.ROOT / "app" / "main.py"
PAGE = "../pages/flagged.py"


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def listed(app):
    return app.dataframe[0].value["title"].tolist()


def card_title(app):
    shown = texts(app)
    return next(
        text for text in shown if text in ["Alien", "Dune", "**Casino**", "Brazil", HOSTILE]
    )


@pytest.fixture
def run_folder(workspace):
    return write_review_run(workspace)


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    app = open_page()
    assert "no finished run" in app.info[0].value
    assert not app.dataframe


@pytest.mark.usefixtures("run_folder")
def test_it_starts_with_hard_and_noisy_most_at_odds_first():
    app = open_page()
    assert listed(app) == ["**Casino**", HOSTILE, "Brazil", "Dune"]
    assert "4 of 6 interactions: ◆ 2 hard, ✕ 2 noisy" in texts(app)
    assert card_title(app) == "**Casino**"


@pytest.mark.usefixtures("run_folder")
def test_a_link_to_an_interaction_opens_its_card():
    app = open_page(fl_row="3")
    assert card_title(app) == "Dune"
    shown = texts(app)
    assert "Planted: uniform" not in shown  # people label here
    assert "User's view: Low (support 0.50)" in shown
    assert "Graded by: evidence judge, no LLM" in shown
    assert "− dropped, weight 0.00" in shown


@pytest.mark.usefixtures("run_folder")
def test_what_was_planted_is_shown_to_who_asks_for_it_and_then_on_every_card():
    app = open_page(fl_row="3")
    assert "kind" not in app.dataframe[0].value
    app.toggle(key="planted_shown_fl").set_value(True).run()
    assert "Planted: uniform" in texts(app)
    assert app.dataframe[0].value["kind"].notna().any()
    app.toggle(key="planted_shown_fl").set_value(False).run()
    assert "Planted: uniform" not in texts(app)


@pytest.mark.usefixtures("run_folder")
def test_the_chosen_interaction_stays_the_same_when_the_order_changes():
    app = open_page(fl_row="4")
    assert marked(app) == 1
    app.selectbox(key="fl_sort").set_value("loss_high").run()
    assert listed(app)[0] == "Dune"
    assert card_title(app) == HOSTILE
    assert marked(app) == 1
    app.selectbox(key="fl_sort").set_value("p_high").run()
    assert card_title(app) == HOSTILE
    assert marked(app) == 2


def marked(app):
    """Place of the mark in the table on screen."""
    key = "fl_table_" + app.dataframe[0].proto.id.rpartition("fl_table_")[2]
    rows = app.session_state[key]["selection"]["rows"]
    return rows[0]


@pytest.mark.usefixtures("run_folder")
def test_next_and_previous_follow_the_list():
    app = open_page()
    app.button(key="fl_Next").click().run()
    assert app.number_input(key="fl_row").value == 4
    app.button(key="fl_Next").click().run()
    assert card_title(app) == "Brazil"
    app.button(key="fl_Previous").click().run()
    assert card_title(app) == HOSTILE


@pytest.mark.usefixtures("run_folder")
def test_filters_of_the_address_are_in_force():
    app = open_page(fl_verdict=["noisy"], fl_text="dun")
    assert listed(app) == ["Dune"]


@pytest.mark.usefixtures("run_folder")
def test_a_card_beside_the_list_says_that_it_is_not_on_it():
    app = open_page(fl_row="0")
    assert any("not on this page" in caption.value for caption in app.caption)
    assert card_title(app) == "Alien"


@pytest.mark.usefixtures("run_folder")
def test_an_interaction_that_does_not_exist():
    app = open_page(fl_row="99")
    assert any("no interaction of this number" in info.value for info in app.info)


@pytest.mark.usefixtures("run_folder")
def test_filters_that_leave_nothing_say_so():
    app = open_page(fl_text="nothing like it")
    assert any("No interaction passes" in info.value for info in app.info)
    assert not app.dataframe


@pytest.mark.usefixtures("run_folder")
def test_hostile_text_is_shown_as_plain_text():
    app = open_page(fl_row="4")
    assert HOSTILE in texts(app)
    for place in (app.markdown, app.caption, app.info, app.button, app.selectbox):
        assert all("onerror" not in str(one.proto) for one in place)
    assert all("onerror" not in html.proto.body for html in app.get("html"))


def test_a_review_list_of_another_page_narrows_it(run_folder, workspace):
    run = store.load_run(workspace, run_folder.name)
    kept = selection.save(run, [3, 5], "two of them")
    assert sorted(listed(open_page(list=kept.id))) == ["Brazil", "Dune"]


def test_without_planted_truth_there_is_no_such_filter(workspace):
    write_review_run(workspace, planted=False)
    app = open_page()
    assert "kind" not in app.dataframe[0].value
    assert not [pills for pills in app.get("button_group") if "fl_kind" in str(pills.proto.id)]


@pytest.mark.parametrize("damaged", ["interactions.parquet", "edges.parquet"])
def test_a_damaged_file_is_explained(run_folder, damaged):
    (run_folder / damaged).write_text("{")
    app = open_page()
    assert "could not be shown" in app.error[0].value
    assert any("run it again" in text for text in texts(app))


@pytest.mark.usefixtures("run_folder")
def test_a_view_is_saved_opened_and_deleted():
    app = open_page(fl_verdict=["noisy"], fl_p=["0.9", "1.0"])
    assert listed(app) == ["Dune"]
    app.text_input(key="flagged_name").set_value("**mine**")
    next(button for button in app.button if button.label == "Save").click().run()
    app.button(key="flagged_ready_Nearest to the threshold, any verdict").click().run()
    assert len(listed(app)) == 6
    app.selectbox(key="flagged_view").set_value("**mine**").run()
    app.button(key="flagged_open").click().run()
    assert listed(app) == ["Dune"]
    app.selectbox(key="flagged_view").set_value("**mine**").run()
    app.button(key="flagged_delete").click().run()
    assert not [box for box in app.selectbox if box.key == "flagged_view"]


def test_an_interaction_whose_signals_are_unknown_is_complete(run_folder):
    path = run_folder / "interactions.parquet"
    table = pd.read_parquet(path)
    signals = ["loss", "score", "semantic", "logical", "from_language", "from_behaviour"]
    table[[*signals, "from_grades"]] = float("nan")
    table.to_parquet(path)
    app = open_page(fl_row="5")
    assert card_title(app) == "Brazil"
    assert "Not known." in texts(app)


def test_without_a_threshold_the_list_and_the_card_are_there(run_folder):
    path = run_folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"threshold": None}))
    app = open_page(fl_row="3", fl_sort="border")
    assert not app.error
    assert card_title(app) == "Dune"


def test_a_planted_kind_that_the_run_has_not_does_not_filter_unseen(workspace):
    write_review_run(workspace, planted=False)
    app = open_page(fl_kind=["uniform"])
    assert len(listed(app)) == 4
    assert "fl_kind" not in app.query_params
    app.session_state["_next"] = {"fl_kind": ["uniform"]}  # as a saved view does
    app.run()
    assert not app.exception
    assert len(listed(app)) == 4


@pytest.mark.usefixtures("run_folder")
def test_known_kinds_of_the_address_stay_in_force():
    app = open_page(fl_kind=["uniform", "nowhere"])
    assert listed(app) == ["Dune"]


@pytest.mark.usefixtures("run_folder")
def test_a_run_that_does_not_exist_is_named_as_plain_text_and_its_card_is_not_shown():
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.switch_page(PAGE)  # at once, as a link does
    app.query_params["run"], app.query_params["fl_row"] = HOSTILE, "5"
    app.run()
    assert "not there" in app.sidebar.warning[0].value
    assert HOSTILE in [text.value for text in app.sidebar.text]
    assert app.number_input(key="fl_row").value is None
    assert card_title(app) == "**Casino**"  # the first of the list, not interaction 5


def test_another_run_forgets_the_chosen_interaction(run_folder):
    copy = run_folder.with_name("run-2")
    shutil.copytree(run_folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"run_id": "run-2"}))
    app = open_page(run=run_folder.name, fl_row="3")
    assert card_title(app) == "Dune"
    app.sidebar.selectbox(key="run").set_value("run-2").run()
    assert app.number_input(key="fl_row").value is None
    assert card_title(app) == "**Casino**"
    assert not app.sidebar.warning


def test_a_list_cut_down_by_filters_says_so_and_can_be_shown_whole(run_folder, workspace):
    run = store.load_run(workspace, run_folder.name)
    kept = selection.save(run, [0, 1, 3], "three")
    app = open_page(list=kept.id)
    assert listed(app) == ["Dune"]
    assert any("Showing 1 of the 3 on the review list" in one.value for one in app.caption)
    app.button(key="fl_all").click().run()
    assert len(listed(app)) == 3
    assert not [button for button in app.button if button.key == "fl_all"]


def test_without_a_threshold_nothing_is_near_to_one(run_folder):
    path = run_folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"threshold": None}))
    app = open_page(fl_sort="border")
    order = app.selectbox(key="fl_sort")
    assert order.value == "opposed"
    assert not any("threshold" in option for option in order.options)
    assert not any("threshold" in button.label for button in app.button)


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception


@pytest.mark.usefixtures("run_folder")
def test_a_label_on_the_card_is_kept_shown_in_the_list_and_can_be_taken_back():
    app = open_page(fl_row="3")
    app.session_state["_analyst"] = "Ann"
    app.run()
    press(app, "● clean")
    shown = app.dataframe[0].value.set_index("title")["label"]
    assert shown["Dune"] == "● clean"
    assert shown.drop("Dune").eq("–").all()
    press(app, "● clean")  # a second click changes nothing
    assert app.dataframe[0].value.set_index("title")["label"]["Dune"] == "● clean"
    press(app, "Take back")
    assert "label" not in app.dataframe[0].value  # nobody says anything any more


@pytest.mark.usefixtures("run_folder")
def test_nobody_labels_without_a_name():
    app = open_page(fl_row="3")
    assert not any(button.label == "● clean" for button in app.button)
    assert any("Who labels?" in field.label for field in app.text_input)


@pytest.mark.usefixtures("run_folder")
@pytest.mark.parametrize("shown", ["User, then item", "Loss, highest first"])
def test_the_order_of_an_address_counts(shown):
    app = open_page(fl_sort=shown)
    select = next(box for box in app.selectbox if box.label == "Order")
    assert select.options[select.index] == shown


@pytest.mark.usefixtures("run_folder")
def test_a_part_outlives_the_file_of_the_labels(workspace):
    app = open_page()
    app.session_state["_analyst"] = "Ana"
    app.run()
    press(app, "✕ noisy")
    files = list((workspace / "cache" / "labels").rglob("*.parquet"))
    assert files
    for path in files:
        path.unlink()
    st.cache_data.clear()
    next(one for one in app.button if one.label == "Next").click().run()
    assert not app.exception
    assert not app.error
