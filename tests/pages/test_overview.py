"""The page over a hand-made run folder: nothing between it and the files is replaced."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment, jobs
from tests.baseline_run import NOTE, write_baseline_run
from tests.run_folder import INTERACTIONS, MANIFEST, write_run, write_status

MAIN = environment.ROOT / "app" / "main.py"


def open_app(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def now():
    return datetime.now(UTC).isoformat()


@pytest.mark.usefixtures("workspace")
def test_without_a_run_the_page_says_so_and_offers_the_sample():
    app = open_app()
    assert app.title[0].value == "Overview"
    assert "no finished run" in app.info[0].value
    said = app.markdown[0].value
    assert "hard ones worth learning from" in said  # what the app is
    assert "This page will show what a run found" in said
    assert [button.label for button in app.button] == ["Run the sample"]


def test_the_button_starts_the_sample_in_the_workspace(workspace, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start_demo", started.append)
    open_app().button(key="start_demo").click().run()
    assert started == [workspace]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"finished": "2030-01-02T03:30:00+00:00"}, "finished 2030-01-02 03:30 UTC"),
        ({}, "started 2030-01-02 03:04 UTC"),
    ],
)
def test_the_time_is_that_of_the_end_where_it_is_known(workspace, end, said):
    write_run(workspace, "run-1", end)
    assert any(said in caption.value for caption in open_app().caption)


@pytest.mark.usefixtures("finished_run")
def test_numbers_of_the_run_are_shown():
    app = open_app()
    assert metrics(app) == {
        "Clean": "2",
        "Hard": "2",
        "Noisy": "2",
        "Noise found": "70.0%",
        "Hard kept": "90.0%",
        "Hard kept by a loss cut": "40.0%",
        "Recall@20": "0.2500",
        "NDCG@20": "0.1250",
    }
    deltas = {metric.label: metric.delta for metric in app.metric}
    assert deltas["Recall@20"] == "+0.0500 against plain LightGCN (0.2000)"
    assert deltas["NDCG@20"] == "-0.0250 against plain LightGCN (0.1500)"
    assert all(button.key.startswith("card_") for button in app.button)  # nothing to start


@pytest.mark.usefixtures("finished_run")
def test_every_signal_has_its_three_numbers():
    table = open_app().dataframe[0].value
    assert table.index.tolist()[0] == "Loss"
    assert table.loc["Loss"].tolist() == [0.75, 0.5, 0.5]
    assert table.loc["P(noisy), all together"].tolist() == [0.9, 0.85, 0.8]
    assert table["Highest loss"].isna().sum() == 2  # logical null, score absent


@pytest.mark.usefixtures("finished_run")
def test_five_examples_come_with_their_evidence_as_plain_text():
    app = open_app()
    shown = texts(app)
    assert shown.index("bob → Dune") < shown.index("cid → Alien") < shown.index("ann → Alien")
    assert "bob → **Casino**" in shown
    assert "User's view, Low: Avoids deserts" in shown
    assert "Item's view, High: Close to Solaris" in shown
    assert "✕ noisy, P(noisy) 0.950" in shown
    written = " ".join(element.value for element in [*app.markdown, *app.caption])
    for untrusted in ("Casino", "Bambi", "deserts", "six rows", "evidence judge"):
        assert untrusted not in written


def test_what_the_verdicts_fell_upon_is_shown_as_shares(workspace):
    run = write_run(workspace)
    assert not any("What the verdicts fell upon" in one.value for one in open_app().caption)
    counts = {
        "clean": {"noise": 1, "hard": 1, "ordinary": 8},
        "hard": {"noise": 1, "hard": 3, "ordinary": 0},
        "noisy": {"noise": 6, "hard": 0, "ordinary": 0},
    }
    (run / "detection.json").write_text(json.dumps({"verdicts_top_loss": counts}))
    app = open_app()
    found = next(one.value for one in app.dataframe if "Planted noise" in one.value)
    assert found.loc["hard"].tolist() == [4, 0.25, 0.75, 0.0]
    assert found.loc["all"].tolist() == [20, 0.4, 0.2, 0.4]
    said = "Of the 4 hard ones among them the method calls 75% hard (3), 25% clean (1)."
    assert said in [one.value for one in app.caption]


@pytest.mark.parametrize(
    "told", [[1], None, {"clean": 3}, {"clean": {"noise": "1"}}, {"all": {"noise": 1}}]
)
def test_counts_of_verdicts_that_are_none_leave_the_page_whole(workspace, told):
    run = write_run(workspace)
    (run / "detection.json").write_text(json.dumps({"verdicts_top_loss": told}))
    app = open_app()
    assert not any("Planted noise" in one.value for one in app.dataframe)
    assert any("Loss by verdict" in one.value for one in app.subheader)


def test_a_run_without_known_truth_says_so(workspace):
    write_run(workspace, changes={"detection": None, "noise_recall": None, "ranking": None})
    app = open_app()
    assert "not planted" in app.info[0].value
    assert "did not measure" in app.info[1].value


def test_the_newest_run_is_shown_and_another_can_be_chosen(workspace):
    write_run(workspace, "old", {"created": "2029-01-01T00:00:00+00:00", "dataset": "first"})
    write_run(workspace, "new", {"created": "2031-01-01T00:00:00+00:00", "dataset": "second"})
    app = open_app()
    assert f"second, judged by: {MANIFEST['judge']}" in texts(app)
    app.selectbox(key="run").set_value("old").run()
    assert f"first, judged by: {MANIFEST['judge']}" in texts(app)


def test_the_run_of_a_link_is_shown(workspace):
    write_run(workspace, "old", {"created": "2029-01-01T00:00:00+00:00", "dataset": "first"})
    write_run(workspace, "new", {"created": "2031-01-01T00:00:00+00:00"})
    assert f"first, judged by: {MANIFEST['judge']}" in texts(open_app(run="old"))


@pytest.mark.usefixtures("finished_run")
def test_a_link_to_a_run_that_does_not_exist_shows_the_newest():
    assert f"six rows, judged by: {MANIFEST['judge']}" in texts(open_app(run="../../etc"))


@pytest.mark.parametrize("damaged", ["manifest.json", "interactions.parquet"])
def test_a_damaged_run_is_explained(finished_run, damaged):
    (finished_run / damaged).write_text("{")
    app = open_app()
    assert "could not be shown" in app.error[0].value
    assert any(damaged in text and "run it again" in text for text in texts(app))


def test_progress_of_a_running_job_is_shown_and_no_second_one_is_offered(workspace):
    write_status(
        workspace,
        **{"state": "running", "stage": "pretrain", "fraction": 0.4, "message": "**epoch** 3"},
        **{"pid": os.getpid(), "updated": now()},
    )
    app = open_app()
    assert "Running: pretrain" in texts(app)
    assert "**epoch** 3" in texts(app)
    assert "start_demo" not in [button.key for button in app.button]


def test_an_interrupted_job_shows_the_end_of_its_log(workspace):
    jobs.start_demo(workspace, ("-c", "raise SystemExit('the disk is full')"))
    app = open_app()
    while texts(app)[:1] == ["Running: starting"]:
        app.run()
    assert "interrupted" in app.error[0].value
    assert app.code[0].value == "the disk is full"
    assert [button.label for button in app.button] == ["Run the sample"]


def test_an_item_without_a_title_goes_by_its_id(workspace):
    write_run(workspace, interactions=INTERACTIONS | {"title": [""] * 6})
    assert any(text.endswith(" → i3") for text in texts(open_app()))


def test_a_run_with_nothing_noisy_is_shown(workspace):
    write_run(
        workspace,
        changes={"verdicts": {"clean": 6, "hard": 0, "noisy": 0}},
        interactions=INTERACTIONS | {"verdict": ["clean"] * 6},
    )
    app = open_app()
    assert not app.error
    assert metrics(app)["Noisy"] == "0"


LABELS = {"n": 9, "n_overruled": 5, "n_held_out": 2, "calibrated": False, "why_not": "**few**"}


def test_a_run_with_labels_says_what_people_decided(workspace):
    write_run(workspace, changes={"labels": LABELS, "parent": "run-0"})
    app = open_app()
    assert any("People decided 5 of 6 verdicts" in one.value for one in app.markdown)
    said = " ".join(texts(app))
    assert "given 9 labels; 2 of them were kept for measuring" in said
    assert "Retrained from run-0." in said
    assert "Why not: **few**" in said
    assert any("AUCs" in one.value and "leave them out" in one.value for one in app.caption)


@pytest.mark.usefixtures("finished_run")
def test_a_run_without_labels_speaks_of_no_people():
    assert not any("People decided" in one.value for one in open_app().markdown)


@pytest.mark.parametrize("truth", [True, False])
def test_a_run_of_a_baseline_is_shown_as_one(workspace, truth):
    write_baseline_run(workspace, truth=truth)
    app = open_app()
    shown = texts(app)
    assert {"six rows", "Method: R-CE, pairwise", NOTE} <= set(shown)
    assert "R-CE, pairwise, against the plain backbone" in shown
    assert "✕ noisy, rank 0.917" in shown
    said = " ".join(element.value for element in [*app.text, *app.caption, *app.markdown])
    for wrong in ("judged by", "log-odds", "User's view", "grades High", "caution", "logical"):
        assert wrong not in said
    assert "Three examples" in [head.value for head in app.subheader]  # none is hard
    assert any("no two sides" in info.value for info in app.info) is not truth
    if truth:
        names = app.dataframe[0].value.index.tolist()
        assert "Logical relevance" not in names
        assert names[-1] == "P(noisy), a rank"


@pytest.mark.usefixtures("finished_run")
def test_a_run_of_llmhni_names_its_method():
    app = open_app()
    assert {"Method: LLMHNI", "LLMHNI, against the plain backbone"} <= set(texts(app))
    assert "Five examples" in [head.value for head in app.subheader]
