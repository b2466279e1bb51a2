"""``runs``, ``cancel``, and ``report`` of a run that has none."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from app import cli
from app.services import environment, run_list
from tests.run_folder import write_run, write_status

NOW = datetime.now(UTC).isoformat()


@pytest.fixture
def call(workspace, capsys):  # noqa: ARG001 - commands use the workspace
    def run(*arguments):
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def stopped(pipeline, prepared, call):
    """Name of a run that was stopped in the stage judge."""
    pipeline.stop_with = KeyboardInterrupt()
    code, _, errors = call("run", "small")
    assert code == 1
    pipeline.stop_with = None
    (folder,) = (prepared.parents[1] / "runs").iterdir()
    assert f"{environment.shell_command('run', '--resume', folder.name)}\n" in errors
    return folder.name


def test_runs_says_how_to_go_on(call, stopped):
    code, output, _ = call("runs")
    assert code == 0
    assert f"{stopped}: stopped in the stage 'judge', 75% done, on small" in output
    assert f"Continue it: {environment.shell_command('run', '--resume', stopped)}" in output
    (run,) = json.loads(call("runs", "--json")[1].splitlines()[-1])["runs"]
    assert (run["run_id"], run["state"], run["stage"]) == (stopped, "stopped", "judge")


def test_no_run_at_all_is_said(call):
    code, output, _ = call("runs")
    assert code == 0
    assert "There is no run yet" in output


def test_the_report_of_a_stopped_run_says_where_it_stopped(call, stopped):
    code, _, errors = call("report", stopped)
    assert code == 1
    assert "was stopped in the stage 'judge', 75% done" in errors
    assert f"--resume {stopped}" in errors


def test_the_report_of_a_failed_run_says_why(call, workspace):
    write_status(workspace, "broken", state="failed", message="The disk is full.", updated=NOW)
    code, _, errors = call("report", "broken")
    assert code == 1
    assert "failed: The disk is full." in errors
    assert "cannot be continued" in errors


def test_the_report_of_a_running_run_says_how_to_stop_it(call, workspace):
    write_status(workspace, "going", state="running", pid=os.getpid(), updated=NOW)
    code, _, errors = call("report", "going")
    assert code == 1
    assert "still running" in errors
    assert "cancel going" in errors


def test_cancel_says_that_a_stopped_run_does_not_run(call, stopped):
    code, _, errors = call("cancel", stopped)
    assert code == 1
    assert "is stopped" in errors
    assert f"--resume {stopped}" in errors


def test_cancel_says_when_the_run_has_not_come_to_it(call, workspace, monkeypatch):
    monkeypatch.setattr(run_list, "SECONDS_TO_STOP", 0.2)
    folder = write_status(
        workspace, "deaf", state="running", stage="train", fraction=0.6, pid=os.getpid(),
        updated=NOW,
    )  # fmt: skip
    code, output, _ = call("cancel", "deaf")
    assert code == 0
    assert "asked to stop; it has not come to it yet in the stage 'train', 60% done" in output
    assert (folder / "cancel").exists()


def test_cancel_in_json_says_how_it_ended(call, workspace, monkeypatch):
    folder = write_status(workspace, "going", state="running", pid=os.getpid(), updated=NOW)
    ask = run_list.jobs.ask_to_stop

    def answered(place, run_id):
        ask(place, run_id)
        write_status(workspace, "going", state="cancelled", updated=NOW)

    monkeypatch.setattr(run_list.jobs, "ask_to_stop", answered)
    code, output, _ = call("cancel", "going", "--json")
    found = json.loads(output.splitlines()[-1])
    assert (code, found["state"], found["run_id"]) == (0, "stopped", "going")
    assert (folder / "cancel").exists()


def test_a_finished_run_is_listed_with_its_report(call, workspace):
    write_run(workspace, "run-1")
    assert environment.shell_command("report", "run-1") in call("runs")[1]


def test_a_run_that_waits_is_listed_with_what_it_waits_for(call, workspace):
    going = {"pid": os.getpid(), "updated": NOW}
    write_status(workspace, "mine", state="queued", waits_for="first", place=1, **going)
    assert "mine: waits for run first" in call("runs")[1]
    assert "waits for its turn" in call("report", "mine")[2]
