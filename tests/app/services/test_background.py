from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime

import pytest

from app.services import background, datasets, importing, jobs, run_folder
from app.services.importing import make_plan
from core.config import PrepareConfig, RunConfig


def finished(ask, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work = ask()
        if work is not None and not work.running:
            return work
        time.sleep(0.1)
    raise AssertionError("it did not end")


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "odd.csv"
    rows = [f"u{user};i{(user + step) % 8}" for user in range(6) for step in range(6)]
    file.write_text("Wer;Was\n" + "\n".join([*rows, rows[0]]) + "\n")
    return make_plan(file, columns=["user=Wer", "item=Was"])


def write_log(workspace, name, text):
    logs = workspace / "logs"
    logs.mkdir()
    started = datetime.now(UTC).isoformat()
    (logs / f"{name}.json").write_text(json.dumps({"pid": 2**30, "started": started}))
    (logs / f"{name}.log").write_text(text)


def test_files_are_checked_and_prepared_in_processes_of_their_own(workspace, plan):
    assert background.check(plan, workspace) is None
    background.start_check(plan, workspace)
    found = finished(lambda: background.check(plan, workspace))
    assert found.answer["ok"] is True
    assert (found.answer["n_rows"], found.answer["n_users"], found.answer["columns"]) == (37, 6, [])
    titles = [problem["title"] for problem in found.answer["problems"]]
    assert "User-item pairs that occur more than once" in titles
    assert importing.names(workspace) == ["odd"]
    assert not importing.is_draft("odd", workspace)

    background.start_prepare(plan, PrepareConfig(name="mine", seed=4), workspace)
    made = finished(lambda: background.preparation(plan, workspace))
    assert made.answer["counts"]["n_users"] == 6
    report = datasets.load(workspace, "mine").manifest.report
    assert report.settings["seed"] == 4
    assert [(entry.reason, entry.n_rows) for entry in report.left_out] == [("repeated pair", 1)]


def test_a_check_that_finds_errors_leaves_what_was_kept(workspace, plan, tmp_path):
    importing.save_plan(plan, workspace)
    other = plan.model_copy(update={"path": str(tmp_path / "gone.csv")})
    background.start_check(other, workspace)
    assert finished(lambda: background.check(other, workspace)).answer["ok"] is False
    assert importing.stored_plan("odd", workspace) == plan
    assert importing.open_plan("odd", workspace) == other


def test_what_preparing_refuses_is_told_in_its_words(workspace, plan):
    importing.save_plan(plan, workspace)
    background.start_prepare(plan, PrepareConfig(split="time"), workspace)
    work = finished(lambda: background.preparation(plan, workspace))
    assert "need a timestamp column" in work.error
    assert not work.answer


def test_a_check_of_another_mapping_does_not_count(workspace, plan):
    other = plan.model_copy(update={"path": "/elsewhere"})
    answer = {"ok": True, "plan": json.loads(other.model_dump_json())}
    write_log(workspace, "check-odd", json.dumps(answer))
    assert background.check(plan, workspace) is None
    assert background.check(other, workspace).answer == answer


def test_work_that_was_killed_shows_what_it_printed(workspace, plan):
    write_log(workspace, "prepare-odd", "Reading odd\nKilled\n")
    work = background.preparation(plan, workspace)
    assert not work.running
    assert "Killed" in work.error


def test_a_running_process_tells_what_it_said_last(workspace, plan):
    write_log(workspace, "prepare-odd", "Reading odd\nPreparing\n")
    started = datetime.now(UTC).isoformat()
    (workspace / "logs" / "prepare-odd.json").write_text(
        json.dumps({"pid": os.getpid(), "started": started})
    )
    work = background.preparation(plan, workspace)
    assert (work.running, work.said[-1]) == (True, "Preparing")


def test_a_run_is_ordered_with_its_settings_and_started(workspace, prepared, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "start_run", lambda *arguments: asked.append(arguments))
    config = RunConfig.model_validate({"train": {"epochs": 7}})
    run_id = background.start_run("small", config, workspace)
    assert asked == [(workspace, run_id)]
    order, ordered = run_folder.read_order(workspace / "runs" / run_id)
    assert (order.dataset, order.dataset_folder, ordered) == ("small", "datasets/small", config)
    assert (order.labels, order.parent, order.revision) == ("", "", "")
    assert prepared.is_dir()
