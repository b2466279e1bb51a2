"""The retraining panel over a run, a dataset and labels from files and the real database."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.services import background, database, job_actions, retrain, run_folder
from app.services.compare import next_settings
from app.services.labels import events
from app.services.store import load_run
from core.config import RunConfig
from tests.app.services.test_retrain import EDGES, write_data
from tests.job_folder import write_job
from tests.run_folder import write_run

STAGES = {"pretrain": 10.0, "train": 40.0}


def draw():
    from app.services import store  # noqa: PLC0415 - a script of its own
    from app.ui import retrain, state  # noqa: PLC0415

    retrain.panel(store.load_run(state.workspace(), "run-1"))


@pytest.fixture
def run(workspace):
    settings = RunConfig.model_validate({"labels": {"held_out": 0.0}}).model_dump(mode="json")
    changes = {"stages": STAGES, "settings": settings, "dataset": "films",
               "dataset_fingerprint": "sha256:abc"}  # fmt: skip
    EDGES.to_parquet(write_run(workspace, "run-1", changes) / "edges.parquet")
    write_data(workspace)
    return load_run(workspace, "run-1")


def write_labels(workspace, said, source="noisy"):
    """Labels of ann in the database of the workspace."""
    connection = database.connect(workspace)
    database.prepare(connection)
    context = events.Context("ann", "films", source, "run-1", f"window of {source}")
    decisions = [
        events.Decision(user, item, label not in ("like", "not"), label, place)
        for place, (user, item, label) in enumerate(said)
    ]
    events.record(connection.cursor(), context, decisions)
    connection.close()


@pytest.fixture
def labels(run, workspace):  # noqa: ARG001 - the run comes first
    write_labels(workspace, [("ann", "i0", "noisy"), ("ann", "i1", "clean")])


def open_panel(who="ann"):
    app = AppTest.from_function(draw, default_timeout=60)
    app.session_state["_analyst"] = who
    app.run()
    assert not app.exception
    return app


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def texts(app):
    return [text.value for text in app.text]


@pytest.mark.usefixtures("run")
def test_without_labels_there_is_nothing_to_retrain_with():
    app = open_panel()
    assert "no label to retrain with" in app.info[0].value
    assert app.button(key="rt_start").disabled


@pytest.mark.usefixtures("labels")
def test_what_will_change_is_counted():
    app = open_panel()
    assert metrics(app) == {
        "Clean": "1", "Hard": "0", "Noisy": "1", "Like": "0", "Not": "0", "Held out": "0",
        "Left out": "0",
    }  # fmt: skip
    assert app.dataframe[0].value["Pairs"].tolist() == [1, 1, 0]
    assert "The final training begins from scratch. The run kept no weights." in texts(app)
    assert "It takes about 58 s." in texts(app)
    assert app.button(key="rt_start").label == "Retrain with 2 labels"


@pytest.mark.usefixtures("labels")
def test_the_button_keeps_the_labels_and_starts_one_run(workspace, monkeypatch):
    started = []

    def start(*told):
        started.append(told)
        write_job(workspace, "new", "running", order={"parent": "run-1"})
        return "new"

    monkeypatch.setattr(background, "start_run", start)
    app = open_panel()
    app.text_input(key="rt_message").set_value("two **labels**").run()
    app.button(key="rt_start").click().run()
    assert not app.exception
    app.button(key="rt_start").click().run()  # a double click
    ((name, config, place, given),) = started
    assert (name, place, given.parent, given.message) == (
        "films", workspace, "run-1", "two **labels**",
    )  # fmt: skip
    assert given.warm_start
    assert config.labels.held_out == 0.0
    assert given.labels.is_file()
    assert given.labels.parent == workspace / "revisions" / "films"
    assert len(given.revision) == 64
    assert "new" in texts(app)  # the run that goes on is shown


@pytest.mark.usefixtures("labels")
def test_settings_can_be_changed_and_are_compared_with_those_of_the_run(monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_run", lambda *told: started.append(told) or "new")
    app = open_panel()
    app.toggle(key="rt_edit").set_value(True).run()
    app.number_input(key="rt_run-1_0_train.epochs").set_value(7).run()
    app.toggle(key="rt_scratch").set_value(True).run()
    assert not app.exception
    changes = app.dataframe[1].value
    assert changes.to_dict("records") == [
        {"Setting": "train.epochs", "This run": str(RunConfig().train.epochs), "New run": "7"}
    ]
    app.button(key="rt_start").click().run()
    _, config, _, given = started[0]
    assert (config.train.epochs, config.labels.held_out, given.warm_start) == (7, 0.0, False)
    app.number_input(key="rt_run-1_0_train.epochs").set_value(0).run()
    assert "rt_start" not in [button.key for button in app.button]
    assert any("greater than 0" in text for text in texts(app))


@pytest.mark.usefixtures("labels")
def test_settings_of_what_if_are_where_it_begins(run):
    next_settings.save(run, {"scoring.caution": 0.25})
    app = open_panel()
    assert app.dataframe[1].value["Setting"].tolist() == ["scoring.caution"]


@pytest.mark.usefixtures("labels")
def test_nobody_retrains_without_a_name():
    app = open_panel(who="")
    assert "who you are" in app.info[0].value
    assert app.button(key="rt_start").disabled


@pytest.mark.usefixtures("labels")
def test_a_dataset_that_was_prepared_anew_is_said(workspace):
    path = workspace / "datasets" / "films" / run_folder.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprint": "sha256:new"}))
    app = open_panel()
    assert any("prepared anew" in text for text in texts(app))
    assert not app.button


@pytest.mark.usefixtures("labels")
def test_what_will_not_be_used_or_only_overrules_is_said(workspace):
    write_labels(workspace, [("ann", "i2", "like"), ("gone", "i0", "clean")], "card")
    write_labels(workspace, [("bob", "i2", "hard")], "bulk")
    app = open_panel()
    assert metrics(app)["Left out"] == "2"
    captions = " ".join(caption.value for caption in app.caption)
    assert "Left out: 1 not in the dataset, 1 on pairs of validation or test." in captions
    assert "1 of the labels were given to many pairs at once" in captions
    assert app.button(key="rt_start").label == "Retrain with 3 labels"
    assert "The difference between both runs will be that of labels and chance." in captions


@pytest.mark.usefixtures("labels")
def test_where_labels_decide_no_edge_that_is_said(run):
    next_settings.save(run, {"labels.override": False})
    app = open_panel()
    assert app.dataframe[0].value["Pairs"].tolist() == [0, 0, 0]
    assert any("labels.override is off" in text for text in texts(app))


@pytest.mark.usefixtures("labels")
def test_the_latest_retraining_stays_on_show_when_it_was_stopped(workspace, monkeypatch):
    resumed = []
    monkeypatch.setattr(job_actions, "resume", lambda *told: resumed.append(told))
    of_run = {"parent": "run-1"}
    write_job(workspace, "first", "failed", order=of_run | {"created": "2030-01-01T00:00:00Z"})
    write_job(workspace, "second", "cancelled", stage="train", fraction=0.5, message="*Stopped*",
              order=of_run | {"created": "2030-01-02T00:00:00Z"})  # fmt: skip
    write_job(workspace, "other", "cancelled", order={"created": "2030-01-03T00:00:00Z"})
    app = open_panel()
    assert {"second", "*Stopped*", "In train, 50% of all."} <= set(texts(app))
    assert not {"first", "other"} & set(texts(app))
    assert "jo_show_second" in [button.key for button in app.button]
    app.button(key="jo_resume_second").click().run()
    assert resumed == [(workspace, "second")]
    write_run(workspace, "third", {"parent": "run-1", "created": "2030-01-03T00:00:00Z"})
    assert "second" not in texts(open_panel())  # one that came later has its result


@pytest.mark.usefixtures("labels")
def test_the_plan_is_made_once_and_anew_after_a_label_or_another_setting(workspace, monkeypatch):
    made = []
    usual = retrain.plan
    monkeypatch.setattr(retrain, "plan", lambda *told: made.append(told) or usual(*told))
    app = open_panel()
    app.text_input(key="rt_message").set_value("x").run()
    assert len(made) == 1
    app.toggle(key="rt_scratch").set_value(True).run()
    assert len(made) == 2
    write_labels(workspace, [("ann", "i2", "noisy")], "card")
    app.run()
    assert len(made) == 3
    assert app.button(key="rt_start").label == "Retrain with 2 labels"


def test_a_run_of_a_baseline_offers_no_retraining(run):
    path = run.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["settings"]["method"] = "t-ce"
    path.write_text(json.dumps(manifest))
    app = open_panel()
    assert any("the baseline T-CE" in text.value for text in app.text)
    assert not app.button
    assert not app.dataframe
