"""All runs of a workspace, and a stop to one."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.services import run_list
from core.config import RunConfig
from core.errors import ConfigError, DataError
from tests.run_folder import write_run, write_status

NOW = datetime.now(UTC).isoformat()


def begun(workspace, run_id, created="2030-01-01T00:00:00+00:00", **status):
    """A run that has an order and a status but no result."""
    folder = write_status(workspace, run_id, updated=NOW, **status)
    order = {
        "run_id": run_id,
        "created": created,
        "dataset": "shop",
        "dataset_folder": "datasets/shop",
        "dataset_fingerprint": "f1",
        "settings": RunConfig().model_dump(mode="json"),
    }
    (folder / "run.json").write_text(json.dumps(order))
    return folder


def test_every_run_is_listed_with_its_state_the_latest_first(workspace):
    write_run(workspace, "old", {"created": "2029-01-01T00:00:00+00:00"})
    begun(workspace, "going", "2033-01-01T00:00:00+00:00", state="running", pid=os.getpid())
    begun(workspace, "asked", "2032-01-01T00:00:00+00:00", state="cancelled")
    begun(workspace, "broken", "2031-01-01T00:00:00+00:00", state="failed", message="no space")
    found = run_list.known_runs(workspace)
    assert [(run.run_id, run.state) for run in found] == [
        ("going", "running"),
        ("asked", "stopped"),
        ("broken", "failed"),
        ("old", "finished"),
    ]
    assert [run.dataset for run in found] == ["shop", "shop", "shop", "six rows"]
    ends = ["cancel going", "run --resume asked", "run --resume broken", "report old"]
    assert all(run.command.endswith(end) for run, end in zip(found, ends, strict=True))
    assert found[2].message == "no space"


def test_a_run_whose_process_is_gone_is_stopped(workspace):
    begun(workspace, "killed", state="running", pid=2**22 + 1)
    assert run_list.read(workspace, "killed").state == "stopped"


def test_a_run_without_an_order_cannot_be_continued(workspace):
    write_status(workspace, "odd", state="failed", updated=NOW)
    assert run_list.read(workspace, "odd").command == ""


def test_a_damaged_manifest_hides_no_other_run(workspace):
    write_run(workspace, "whole")
    (write_run(workspace, "torn") / "manifest.json").write_text("{")
    states = {run.run_id: run.state for run in run_list.known_runs(workspace)}
    assert states == {"whole": "finished", "torn": "failed"}


def test_a_running_run_is_asked_and_waited_for(workspace):
    folder = begun(workspace, "going", state="running", stage="judge", pid=os.getpid())

    def stop_when_asked():
        while not (folder / "cancel").exists():
            time.sleep(0.01)
        write_status(workspace, "going", state="cancelled", stage="judge", updated=NOW)

    thread = threading.Thread(target=stop_when_asked)
    thread.start()
    found = run_list.cancel(workspace, "going", seconds=10.0)
    thread.join()
    assert (found.state, found.stage) == ("stopped", "judge")


def test_a_run_that_does_not_look_in_time_is_still_running(workspace):
    folder = begun(workspace, "deaf", state="running", pid=os.getpid())
    assert run_list.cancel(workspace, "deaf", seconds=0.2).state == "running"
    assert (folder / "cancel").exists()


@pytest.mark.parametrize("state", ["cancelled", "failed"])
def test_what_does_not_run_cannot_be_stopped(workspace, state):
    folder = begun(workspace, "over", state=state)
    with pytest.raises(ConfigError, match="not running"):
        run_list.cancel(workspace, "over")
    assert not (folder / "cancel").exists()


def test_names_that_are_no_runs_are_refused(workspace):
    with pytest.raises(DataError, match="no run gone"):
        run_list.read(workspace, "gone")
    with pytest.raises(ConfigError, match="no name of a run"):
        run_list.read(workspace, "../x")


def test_dates_are_those_of_the_files(workspace):
    end = {"finished": "2030-01-02T03:14:05+00:00"}
    write_run(workspace, "one", end)
    run = run_list.read(workspace, "one")
    assert run.finished - run.created == timedelta(minutes=10)


def test_a_run_that_waits_says_for_what_and_can_leave_the_queue(workspace):
    folder = begun(workspace, "next", state="queued", waits_for="first", place=1, pid=os.getpid())
    run = run_list.read(workspace, "next")
    assert (run.state, run.waits_for) == ("queued", "first")
    assert run.command.endswith("cancel next")
    assert run_list.cancel(workspace, "next", seconds=0.1).state == "queued"
    assert (folder / "cancel").exists()
