from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from app.services import job_log, jobs
from core.errors import ConfigError
from tests.run_folder import write_run, write_status

WORKER = """
import datetime, json, os, pathlib, time
folder = pathlib.Path(os.environ["LLMHNI_WORKSPACE"], "runs", "run-2")
folder.mkdir(parents=True)
status = {"state": "running", "stage": "pretrain", "fraction": 0.25, "message": "epoch 3",
          "pid": os.getpid(), "updated": datetime.datetime.now(datetime.UTC).isoformat()}
(folder / "status.json.tmp").write_text(json.dumps(status))
os.replace(folder / "status.json.tmp", folder / "status.json")
print("cwd", os.getcwd(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def gone():
    """Number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def now():
    return datetime.now(UTC).isoformat()


def state_of(workspace, **fields):
    return jobs.read_status(write_status(workspace, **{"updated": now()} | fields)).state


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def launched(workspace):
    return json.loads((workspace / "logs" / "demo.json").read_text())["pid"]


@pytest.fixture
def started(workspace):
    """A started job that has reported once; ended with the test."""
    jobs.start_demo(workspace, ("-c", WORKER))
    pid = launched(workspace)
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_a_job_whose_process_runs_is_running(workspace):
    assert state_of(workspace, state="running", pid=os.getpid()) == "running"


def test_a_job_whose_process_is_gone_is_interrupted(workspace, gone):
    assert state_of(workspace, state="running", pid=gone) == "interrupted"


def test_a_job_without_a_process_number_is_interrupted(workspace):
    assert state_of(workspace, state="running") == "interrupted"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_an_end_that_was_written_is_believed(workspace, gone, state):
    assert state_of(workspace, state=state, pid=gone) == state


def test_a_job_is_done_only_with_its_manifest(workspace, gone):
    assert state_of(workspace, state="done", pid=os.getpid()) == "running"
    assert state_of(workspace, state="done", pid=gone) == "interrupted"
    write_run(workspace, "run-3")
    status = write_status(workspace, "run-3", state="done", pid=gone, updated=now())
    assert jobs.read_status(status).state == "done"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "running"}', '{"state": "?"}'])
def test_a_status_that_cannot_be_read_is_a_failure(workspace, text):
    folder = write_status(workspace)
    (folder / "status.json").write_text(text)
    assert jobs.read_status(folder).state == "failed"


def test_a_folder_without_a_status_has_no_job(workspace):
    assert jobs.read_status(workspace) is None


def test_nothing_runs_in_an_empty_workspace(workspace):
    assert jobs.current(workspace) is None


def test_a_job_started_elsewhere_is_found_while_it_runs(workspace, gone):
    write_status(workspace, "old", state="failed", pid=gone, updated=now())
    assert jobs.current(workspace) is None
    write_status(workspace, "new", state="running", pid=os.getpid(), updated=now())
    assert jobs.current(workspace).run_id == "new"
    assert jobs.current(workspace).log is None


def test_a_started_job_has_its_own_session_and_reports(workspace, started):
    assert jobs.current(workspace).status.state == "running"  # also before its first report
    wait_for(lambda: jobs.current(workspace).run_id == "run-2")
    job = jobs.current(workspace)
    assert (job.status.stage, job.status.fraction, job.status.pid) == ("pretrain", 0.25, started)
    assert os.getsid(started) == started != os.getsid(0)
    wait_for(lambda: "cwd" in job_log.read(job.log))


def test_a_second_start_does_not_start_a_second_job(workspace, started):
    jobs.start_demo(workspace, ("-c", WORKER))
    assert launched(workspace) == started


def test_a_killed_job_shows_as_interrupted_with_its_log(workspace, started):
    wait_for(lambda: "cwd" in job_log.read(workspace / "logs" / "demo.log"))
    os.kill(started, signal.SIGKILL)
    wait_for(lambda: jobs.current(workspace).status.state == "interrupted")
    assert jobs.current(workspace).run_id == "run-2"
    assert job_log.read(jobs.current(workspace).log).startswith("cwd")


def test_a_job_that_never_began_shows_what_it_printed(workspace):
    jobs.start_demo(workspace, ("-c", "raise SystemExit('no sample here')"))
    wait_for(lambda: jobs.current(workspace).status.state == "interrupted")
    job = jobs.current(workspace)
    assert job.run_id is None
    assert job_log.read(job.log) == "no sample here"


def test_a_failed_start_is_forgotten_once_a_run_is_finished(workspace):
    jobs.start_demo(workspace, ("-c", ""))
    wait_for(lambda: jobs.current(workspace).status.state == "interrupted")
    write_run(workspace)
    assert jobs.current(workspace) is None


def test_an_older_run_with_the_same_process_number_is_not_the_started_job(workspace, started):
    long_ago = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    write_status(workspace, "run-0", state="failed", pid=started, updated=long_ago)
    assert jobs.current(workspace).run_id != "run-0"
    assert jobs.current(workspace).status.state == "running"


@pytest.mark.parametrize(
    ("printed", "stage"),
    [
        ("", "loading libraries"),
        ("Reading sample\nPreparing", "preparing"),
        ("Reading sample\nWriting the dataset\nDataset sample", "writing the dataset"),
        ("some warning", "loading libraries"),
    ],
)
def test_before_there_is_a_run_the_last_step_that_was_printed_is_shown(workspace, printed, stage):
    code = f"import time; print({printed!r}, flush=True); time.sleep(60)"
    jobs.start_demo(workspace, ("-c", code))
    try:
        wait_for(lambda: job_log.read(workspace / "logs" / "demo.log") == printed)
        wait_for(lambda: jobs.current(workspace).status.stage == stage)
    finally:
        os.kill(launched(workspace), signal.SIGKILL)


def test_only_the_end_of_a_log_is_shown(workspace):
    log = workspace / "log"
    log.write_text("\n".join(f"line {number}" for number in range(5000)))
    assert job_log.read(log, 2) == "line 4998\nline 4999"
    assert job_log.read(workspace / "none") == ""


def test_other_work_has_a_log_of_its_own_and_is_no_run(workspace):
    assert jobs.launched(workspace, "check-x") is None
    jobs.start(workspace, ("-c", "print('looked')"), "check-x")
    wait_for(lambda: not jobs.launched(workspace, "check-x").running)
    assert job_log.read(jobs.launched(workspace, "check-x").log) == "looked"
    assert jobs.current(workspace) is None


def test_a_run_is_asked_to_stop_by_a_file(workspace):
    folder = write_status(workspace, "run-2", state="running", pid=os.getpid(), updated=now())
    jobs.ask_to_stop(workspace, "run-2")
    jobs.ask_to_stop(workspace, "run-none")
    assert (folder / "cancel").exists()
    assert not (workspace / "runs" / "run-none").exists()


def test_a_finished_run_is_not_started_again(workspace):
    folder = write_run(workspace, "done")
    order = {"run_id": "done", "created": now(), "dataset": "films", "settings": {},
             "dataset_fingerprint": "x", "dataset_folder": "datasets/films"}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(order))
    write_status(workspace, "done", state="done", pid=1, updated=now())
    before = (folder / "status.json").read_bytes()
    with pytest.raises(ConfigError, match="is finished"):
        jobs.start_run(workspace, "done", ("-c", "import time; time.sleep(20)"))
    assert (folder / "status.json").read_bytes() == before
    assert not list(workspace.glob("queue/*/*.json"))
    assert not (workspace / "logs").exists()
