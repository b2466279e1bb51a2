"""The page over two hand-made run folders: nothing between it and the files is replaced."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from app.services import retrain, selection, store
from app.ui.graph_edges import mark
from tests.compare_page import open_page
from tests.compare_run import CHILD, PARENT, write_runs


@pytest.fixture
def folders(workspace):
    return write_runs(workspace)


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def texts(app):
    return " ".join(text.value for text in app.text)


def notes(app):
    return " ".join(one.value for one in [*app.info, *app.caption, *app.success])


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_what_to_do():
    assert "no finished run" in open_page().info[0].value


@pytest.mark.usefixtures("folders")
def test_a_run_is_compared_with_its_parent_first():
    app = open_page()
    assert app.multiselect(key="co_runs").value == [PARENT, CHILD]
    legend, found = app.dataframe[0].value, app.dataframe[1].value
    assert legend["letter"].tolist() == ["A", "B"]
    assert legend["message"].tolist() == ["", "**twelve** labels"]
    assert "train.pool" in found["name"].tolist()
    assert "1 setting differs" in texts(app)


@pytest.mark.usefixtures("folders")
def test_the_address_names_the_runs_and_the_view():
    app = open_page(co_runs=[CHILD, PARENT], co_view="Verdicts")
    assert app.dataframe[0].value["run"].tolist() == [CHILD, PARENT]
    assert metrics(app)["Verdict changed"] == "4 (66.7%)"


@pytest.mark.usefixtures("folders")
def test_one_run_alone_asks_for_a_second():
    for view in ("Settings", "Verdicts"):
        assert "second run" in notes(open_page(co_runs=[CHILD], co_view=view))


@pytest.mark.usefixtures("folders")
def test_metrics_stand_side_by_side_with_tests_over_users():
    app = open_page(co_view="Metrics")
    numbers = app.dataframe[1].value.set_index("what")
    assert numbers.loc["Called noisy"].tolist() == ["2", "3", "+1"]
    tests = app.dataframe[2].value
    assert tests["n"].tolist() == [1, 1, 2, 2]  # one user for validation, two for testing


def test_flips_become_the_review_list_of_either_run(folders):
    app = open_page(co_view="Verdicts", co_to="noisy")
    assert app.dataframe[-1].value["user_id"].tolist() == ["ann", "cid"]
    app.button(key="co_review_a").click().run()
    assert not app.exception
    run = store.load_run(folders[0].parents[1], PARENT)
    (kept,) = selection.every(run)
    assert kept.n_rows == 2
    assert app.session_state["run"] == PARENT


@pytest.mark.usefixtures("folders")
def test_a_changed_interaction_shows_its_parts_and_leads_to_its_card():
    app = open_page(co_view="Verdicts", co_why="behaviour moved it most")
    key = f"co_rows_{mark([PARENT, CHILD, 4])}"
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    parts = app.dataframe[-1].value.set_index("part")
    assert parts.loc["Behaviour", "change"] == pytest.approx(1.0)
    app.button(key="co_card_b").click().run()
    assert app.session_state["run"] == CHILD
    assert app.session_state["fl_row"] == 4


@pytest.mark.usefixtures("folders")
def test_edges_that_differ():
    app = open_page(co_view="Graph")
    assert metrics(app)["Decided otherwise"] == "3"
    assert app.dataframe[-1].value["item_id"].tolist() == ["i3", "i0", "i0"]
    app = open_page(co_view="Graph", co_edge_from="dropped", co_edge_to="kept")
    assert app.dataframe[-1].value["item_id"].tolist() == ["i3"]


@pytest.mark.usefixtures("folders")
def test_losses_in_both_shapes():
    for shape in ("Cumulative", "Histogram"):
        app = open_page(co_view="Losses", co_loss=shape)
        assert app.dataframe[-1].value["verdict"].tolist() == ["● clean", "◆ hard", "✕ noisy"]


@pytest.mark.usefixtures("folders")
def test_users_that_gained_and_their_first_ten():
    app = open_page(co_view="Users", co_by="NDCG@20")
    assert app.selectbox(key="co_user").options == ["ann"]
    before, after = app.dataframe[-2].value, app.dataframe[-1].value
    assert before["title"].tolist() == ["**Casino**", "Dune"]
    assert after["title"].tolist() == ["Dune", "**Casino**"]


@pytest.mark.usefixtures("folders")
def test_what_the_labels_did():
    app = open_page(co_view="Labels")
    assert metrics(app)["Kept for measuring"] == "3"
    assert "1 labelled noisy, 2 labelled clean or hard" in texts(app)
    assert "settings of these runs differ" in app.warning[0].value  # train.pool
    assert "given no labels" in notes(open_page(co_view="Labels", co_runs=[CHILD, PARENT]))


def test_other_rules_at_once_and_kept_for_the_next_run(folders):
    app = open_page(co_view="What if", run=PARENT)
    assert metrics(app) == {"Clean": "2", "Hard": "2", "Noisy": "2"}
    app.slider(key="co_w_share").set_value(0.167).run()
    assert metrics(app)["Noisy"] == "1"
    app.slider(key="co_w_caution").set_value(0.8).run()
    app.button(key="co_w_save").click().run()
    assert not app.exception
    path = folders[0].parents[1] / "next_settings" / "six-rows.json"
    kept = json.loads(path.read_text())
    assert kept["changed"]["scoring.caution"] == 0.8
    assert str(path) in app.code[-1].value


def test_at_least_mid_is_kept_for_the_next_run(folders):
    app = open_page(co_view="What if", run=PARENT, co_w_grade="at least Mid and Mid")
    found = app.dataframe[-2].value.set_index("")
    assert found.loc["Refined graph"].tolist() == ["hard edits (paper)", "hard edits (paper)"]
    assert found.loc["Edges dropped"].tolist() == ["1", "0"]
    app.button(key="co_w_save").click().run()
    kept = json.loads((folders[0].parents[1] / "next_settings" / "six-rows.json").read_text())
    assert kept["changed"] == {"refine.accept": "mid"}
    run = store.load_run(folders[0].parents[1], PARENT)
    _, chosen = retrain.settings_to_start(run)
    assert chosen["refine.accept"] == "mid"


@pytest.mark.usefixtures("folders")
def test_what_no_setting_can_say_is_said():
    app = open_page(co_view="What if", run=PARENT, co_w_without=["Language (texts)"])
    app.multiselect(key="co_w_without").set_value(["language", "behaviour", "grades"]).run()
    assert "No setting says this. With these left out nothing tells" in texts(app)


def test_soft_weights_are_said_to_drop_nothing(folders):
    change(folders[0], preset="soft")
    app = open_page(co_view="What if", run=PARENT)
    assert app.dataframe[-1].value.set_index("").loc["Edges dropped"].tolist() == ["0", "0"]
    assert "Soft weights drop no edge" in notes(app)


@pytest.mark.usefixtures("folders")
def test_the_data_can_be_taken_away():
    app = open_page(co_view="Take it away", co_only="refined", run=PARENT)
    assert "6 edges" in texts(app)
    assert f"export {PARENT} --to FOLDER --format csv --only refined" in app.code[-1].value
    app.selectbox(key="co_form").set_value("npz").run()
    assert "all" not in app.selectbox(key="co_only").options


def test_runs_of_two_datasets_are_compared_by_settings_alone(folders):
    path = folders[1] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": "another"}))
    app = open_page(co_runs=[PARENT, CHILD])
    assert "dataset" in app.dataframe[1].value["name"].tolist()
    assert "different datasets" in notes(open_page(co_runs=[PARENT, CHILD], co_view="Verdicts"))
    assert "gone or another" in texts(open_page(co_runs=[PARENT, CHILD], co_view="Metrics"))


def change(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_labels_that_could_not_be_used_are_counted(folders):
    given = {"n": 12, "n_used": 1, "n_held_out": 3, "n_misplaced": 2, "n_reserved": 6}
    change(folders[1], labels=given)
    found = metrics(open_page(co_view="Labels"))
    assert (found["Misplaced"], found["Validation or test"]) == ("2", "6")


@pytest.mark.usefixtures("folders")
def test_labels_that_queues_chose_are_said_to_favour_the_newer_run():
    app = open_page(co_view="Labels")
    assert "does not say which labels came of the random order" in notes(app)
    assert "favours the newer run" in notes(app)


def test_labels_of_the_random_order_come_first(folders):
    rows = {"user_id": ["bob"], "item_id": ["i3"], "label": ["noisy"], "sampled": [True]}
    pd.DataFrame(rows).to_parquet(folders[1] / "labels.parquet")
    app = open_page(co_view="Labels")
    shown = texts(app)
    assert shown.index("1 labelled noisy, 0 labelled clean") < shown.index("1 labelled noisy, 2")
    tables = [one.value for one in app.dataframe if "what" in one.value]
    assert tables[1]["what"].tolist()[1:] == [
        "Verdict and label agree: noisy or not",
        "Verdict is the label (clean: not noisy)",
    ]


@pytest.mark.usefixtures("folders")
def test_planted_truth_is_said_to_be_over_the_same_rows():
    shown = notes(open_page(co_view="Labels"))
    assert "1 are left out on both sides, because a label decided them" in shown
    assert "the same ones for all runs" in notes(open_page(co_view="Metrics"))


def test_tests_of_a_run_that_went_on_say_what_they_cannot_tell(folders):
    said = "B went on from the weights of another run"
    assert said not in notes(open_page(co_view="Metrics"))
    change(folders[1], warm_start=True)
    assert said in notes(open_page(co_view="Metrics"))


def test_pairs_left_out_of_an_export_are_counted(folders):
    edges = pd.read_parquet(folders[0] / "edges.parquet")
    more = edges[edges["origin"] == "added"].assign(user=[2, 1], item=[3, 1])
    pd.concat([edges, more]).to_parquet(folders[0] / "edges.parquet")
    app = open_page(co_view="Take it away", co_only="refined", run=PARENT)
    assert "6 edges" in texts(app)
    assert "2 more added edges are left out" in texts(app)


def test_pairs_of_validation_and_test_in_an_export_are_said(folders):
    edges = pd.read_parquet(folders[0] / "edges.parquet")
    more = edges[edges["origin"] == "added"].assign(user=[2, 1], item=[3, 1])
    pd.concat([edges, more]).to_parquet(folders[0] / "edges.parquet")
    app = open_page(co_view="Take it away", co_only="all", run=PARENT)
    assert "2 of the added ones are pairs of validation or test" in texts(app)


def test_methods_and_judges_of_the_runs_are_shown_and_no_cause_is_made_up(folders):
    path = folders[1] / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["settings"]["method"] = "r-ce"
    path.write_text(json.dumps(manifest))
    app = open_page(co_view="Verdicts", run=CHILD)
    legend = app.dataframe[0].value
    assert legend["what"].tolist() == ["reference", ""]
    assert legend["method"].tolist() == ["LLMHNI", "R-CE"]
    assert legend["judge"].tolist() == ["evidence judge, no LLM"] * 2
    assert "B is of the baseline R-CE: its P(noisy) is a rank." in texts(app)
    told = " ".join(app.dataframe[1].value["why"])
    assert "another method" in told
    assert "moved it" not in told
