"""The Jobs page in every state a job can be in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from app.services import environment, job_actions, jobs
from app.ui import jobs_notice
from core.errors import ConfigError
from tests.dataset_folder import write_dataset
from tests.job_folder import write_finished, write_job, write_progress

MAIN = environment.ROOT / "app" / "main.py"
PAGE = str(environment.ROOT / "pages" / "jobs.py")


def open_page(**query):
    app = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page(PAGE).run()
    assert not app.exception
    return app


def texts(app):
    return [text.value for text in app.text]


def keys(app):
    return {button.key for button in app.button}


@pytest.mark.usefixtures("workspace")
def test_an_empty_workspace_says_what_to_do():
    app = open_page()
    assert app.title[0].value == "Jobs"
    assert "Nothing was ever run" in app.info[0].value
    assert "start_demo" in keys(app)


def test_a_running_job_shows_stages_time_curves_and_a_stop(workspace):
    folder = write_job(workspace, "mine", "running", stage="train", fraction=0.6, seconds=20.0)
    write_progress(folder, (4, "pretrain", 1.0, {"epoch": 3, "loss": 0.5, "recall@20": 0.1}),
                   (8, "train", 0.5, {"epoch": 9, "loss": 0.4}))  # fmt: skip
    (workspace / "logs").mkdir()
    (workspace / "logs" / "run-mine.log").write_text("train ...\n<b>**x**</b>\n")
    app = open_page()
    said = texts(app)
    assert "✓ pretrain 4 s" in said
    assert any(text.startswith("▶ train") for text in said)
    (line,) = [text for text in said if text.startswith("train, 50% of this stage · epoch 9")]
    assert " s so far · about" in line
    assert line.endswith("left")
    assert app.code[0].value == "train ...\n<b>**x**</b>"
    assert len(app.get("plotly_chart")) == 1
    app.button(key="jo_stop_mine").click().run()
    assert (folder / "cancel").exists()
    assert "Stopping …" in texts(app)


def test_a_waiting_job_says_what_it_waits_for_and_can_be_taken_out(workspace):
    write_job(workspace, "first", "running", stage="train")
    folder = write_job(workspace, "second", "queued", place=1, waits_for="first")
    app = open_page()
    assert "Waits for run first to end (next in turn)." in texts(app)
    assert app.dataframe[0].value["State"].tolist() == [
        "▶ running",
        "◷ waiting",
    ]
    app.button(key="jo_stop_second").click().run()
    assert (folder / "cancel").exists()


def test_a_failed_job_says_why_what_to_do_and_has_its_log(workspace):
    write_dataset(workspace)
    write_job(workspace, "mine", "failed", message="There is **no** space left.", stage="train")
    (workspace / "logs").mkdir()
    (workspace / "logs" / "run-mine.log").write_text("it broke\n")
    app = open_page()
    assert app.error[0].value == "Failed."
    assert "There is **no** space left." in texts(app)
    assert app.code[0].value == "it broke"
    assert {"jo_resume", "jo_again"} <= keys(app)
    assert [button.label for button in app.get("download_button")][-1].startswith("Report")


def test_resume_and_start_again_start_the_job(workspace, monkeypatch):
    done = []
    monkeypatch.setattr(job_actions, "resume", lambda *told: done.append(("resume", *told)))
    monkeypatch.setattr(job_actions, "start_again", lambda *told: done.append(("again", *told)))
    write_dataset(workspace)
    write_job(workspace, "mine", "cancelled", message="Stopped.")
    app = open_page()
    assert app.info[0].value == "Stopped on request."
    app.button(key="jo_resume").click().run()
    app.button(key="jo_again").click().run()
    assert done == [("resume", workspace, "mine"), ("again", workspace, "mine")]


def test_what_cannot_be_done_is_said(workspace, monkeypatch):
    def refuse(*_):
        raise ConfigError("it is **running**")

    monkeypatch.setattr(job_actions, "resume", refuse)
    write_job(workspace, "mine", "interrupted", message="gone")
    app = open_page()
    app.button(key="jo_resume").click().run()
    assert "it is **running**" in texts(app)


def test_a_finished_job_leads_to_its_run_and_shows_its_line(workspace):
    write_finished(workspace, "a", created="2029-01-01T00:00:00+00:00")
    write_finished(workspace, "b", parent="a", revision="0123456789abcdef", message="*more*")
    app = open_page(jo_id="b")
    assert app.success[0].value == "Finished."
    assert "“*more*”" in texts(app)
    line = app.dataframe[1].value
    assert line["Run"].tolist() == ["b", "a"]
    assert line["Revision of the labels"].tolist()[0] == "0123456789ab"
    app.button(key="jo_open").click().run()
    assert app.session_state["run"] == "b"


def test_the_address_names_the_job_and_one_that_is_gone_is_forgotten(workspace):
    write_job(workspace, "x", "failed", message="this one")
    write_job(workspace, "y", "failed", message="the other")
    app = open_page()
    app.selectbox(key="jo_id").set_value("x").run()
    assert "this one" in texts(app)
    assert open_page(jo_id="nothing").selectbox(key="jo_id").value in ("x", "y")


def test_a_job_that_ends_is_told_on_every_page(workspace):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        write_finished(workspace, "older")
        write_job(workspace, "mine", "running", pid=child.pid, stage="train", fraction=0.4)
        app = AppTest.from_file(MAIN, default_timeout=60).run()
        assert "jobs_show" in keys(app)
        write_finished(workspace, "mine2")  # another one: not of this session's concern
        (workspace / "runs" / "mine" / "status.json").unlink()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        folder = write_job(workspace, "mine", "failed", message="no space")
        app.run()
        assert not app.exception
        assert app.toast[0].value == "A run has failed."
        assert "mine" in texts(app)
        assert "jobs_show" not in keys(app)
        app.button(key="jobs_open_mine").click().run()
        assert not app.exception
        assert "no space" in texts(app)
        assert "jobs_open_mine" not in keys(app)
        assert jobs.read_status(folder).state == "failed"
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["running"], "Running"),
        (["running", "queued", "queued"], "Running, 2 waiting"),
        (["running", "running"], "2 running"),
        (["queued"], "Waiting"),
        (["queued", "queued"], "2 waiting"),
    ],
)
def test_the_notice_says_what_runs_and_what_waits(states, said):
    assert jobs_notice.heading(states) == said


def test_a_job_that_waits_is_not_said_to_run(workspace):
    write_finished(workspace, "older")
    write_job(workspace, "mine", "queued", place=1, waits_for="another")
    app = AppTest.from_file(MAIN, default_timeout=60).run()
    assert not app.exception
    assert "for another" in texts(app)
    assert "jobs_show" in keys(app)
