"""One run at a time, in the order of their start, by real processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from app.services import environment, job_log, jobs, run_orders, run_queue
from core.config import RunConfig
from core.errors import ConfigError

WORKER = str(environment.ROOT / "tests" / "app" / "queued_worker.py")
RUN = (WORKER, "run", "--json", "--resume")


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


class Runs:
    """Runs of one dataset, started as the app does; all are ended with the test."""

    def __init__(self, workspace, dataset):
        self.workspace, self.dataset = workspace, dataset

    def folder(self, run_id):
        return self.workspace / "runs" / run_id

    def order(self, run_id):
        return run_orders.place(
            self.workspace, self.dataset, RunConfig(device="cpu"), run_id=run_id
        )

    def start(self, *run_ids, deaf=False):
        for run_id in run_ids:
            self.order(run_id)
            self.resume(run_id, deaf)

    def resume(self, run_id, deaf=False):
        words = (WORKER, *(["--deaf"] if deaf else []), *RUN[1:])
        jobs.start_run(self.workspace, run_id, words)

    def status(self, run_id):
        return jobs.read_status(self.folder(run_id))

    def state(self, run_id):
        return self.status(run_id).state

    def reached(self, run_id, state):
        wait_for(lambda: self.state(run_id) == state)

    def works(self, run_id):
        wait_for(
            lambda: self.state(run_id) == "running" and self.status(run_id).stage == "pretrain"
        )

    def let_go(self, run_id):
        (self.folder(run_id) / "go").touch()

    def kill(self, run_id):
        os.kill(self.status(run_id).pid, signal.SIGKILL)


@pytest.fixture
def runs(workspace, prepared):
    made = Runs(workspace, prepared)
    yield made
    for path in (workspace / "runs").iterdir():
        status = jobs.read_status(path)
        if status is not None and status.state in ("queued", "running"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)


def test_three_runs_work_one_after_the_other_in_the_order_of_their_start(runs):
    runs.start("b", "c", "a")
    runs.works("b")
    wait_for(lambda: (runs.status("c").place, runs.status("c").waits_for) == (1, "b"))
    wait_for(lambda: (runs.status("a").place, runs.status("a").waits_for) == (2, "b"))
    assert [job.run_id for job in jobs.active(runs.workspace)] == ["b", "c", "a"]
    runs.let_go("b")
    runs.works("c")
    wait_for(lambda: (runs.status("a").place, runs.status("a").waits_for) == (1, "c"))
    assert runs.state("b") == "done"
    runs.let_go("c")
    runs.works("a")
    runs.let_go("a")
    runs.reached("a", "done")
    assert jobs.active(runs.workspace) == []


def test_a_run_that_is_killed_lets_the_next_one_begin(runs):
    runs.start("first", "second")
    runs.works("first")
    runs.kill("first")
    runs.works("second")
    assert runs.state("first") == "interrupted"


def test_a_waiting_run_leaves_the_queue_when_it_is_asked_to(runs):
    runs.start("first", "second", "third")
    runs.works("first")
    wait_for(lambda: runs.status("third").place == 2)
    wait_for(lambda: runs.status("second").pid is not None)
    began = time.monotonic()
    jobs.ask_to_stop(runs.workspace, "second")
    wait_for(lambda: runs.status("third").place == 1)
    assert time.monotonic() - began < 10
    runs.reached("second", "cancelled")
    assert runs.state("first") == "running"


def test_a_waiting_run_needs_next_to_no_time_of_the_processor(runs):
    runs.start("first", "second")
    runs.works("first")
    pid = runs.status("second").pid

    def used():
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def used_in_two_seconds():
        before = used()
        time.sleep(2.0)
        return used() - before

    wait_for(lambda: used_in_two_seconds() < 0.06)  # its start, with all it loads, takes longer


def test_a_killed_run_is_resumed_and_ends_as_one_that_was_not_killed(runs):
    runs.start("killed")
    runs.works("killed")
    kept = runs.folder("killed") / "stages" / "epochs"
    wait_for(lambda: int(kept.read_text() or 0) >= 3)
    runs.kill("killed")
    runs.reached("killed", "interrupted")
    epoch = int(kept.read_text())
    runs.resume("killed")
    wait_for(lambda: int(kept.read_text() or 0) > epoch)  # it goes on, and not from the start
    runs.let_go("killed")
    runs.reached("killed", "done")
    runs.order("whole")
    runs.let_go("whole")
    runs.resume("whole")
    runs.reached("whole", "done")
    tables = [runs.folder(name) / "interactions.parquet" for name in ("killed", "whole")]
    assert tables[0].read_bytes() == tables[1].read_bytes()


@pytest.mark.parametrize("deaf", [False, True])
def test_a_run_stops_within_two_seconds_also_in_a_stage_that_does_not_look(runs, deaf):
    runs.start("mine", deaf=deaf)
    runs.reached("mine", "running")
    wait_for(lambda: (runs.folder("mine") / "stages").is_dir())
    pid = runs.status("mine").pid
    began = time.monotonic()
    jobs.ask_to_stop(runs.workspace, "mine")
    wait_for(lambda: runs.state("mine") == "cancelled")
    wait_for(lambda: not jobs.process.is_alive(pid, runs.status("mine").updated))
    assert time.monotonic() - began < 2.0
    assert runs.status("mine").message.startswith("Stopped")


def test_a_request_to_stop_is_not_lost_while_the_program_is_still_loading(runs):
    for _ in range(2):  # when it was begun, and when it was resumed
        if not runs.folder("mine").is_dir():
            runs.order("mine")
        runs.resume("mine")
        jobs.ask_to_stop(runs.workspace, "mine")  # long before its process has loaded anything
        runs.reached("mine", "cancelled")
        assert not (runs.folder("mine") / "stages").exists()
    runs.let_go("mine")
    runs.resume("mine")
    runs.reached("mine", "done")


def test_a_resumed_run_keeps_what_it_printed_before(runs):
    runs.start("mine")
    runs.works("mine")
    log = jobs.log_of(runs.workspace, "mine")
    with log.open("ab") as file:
        file.write(b"epoch 3, and then")  # a line that the kill cuts
    runs.kill("mine")
    runs.reached("mine", "interrupted")
    runs.let_go("mine")
    runs.resume("mine")
    runs.reached("mine", "done")
    lines = job_log.read(log).splitlines()
    place = lines.index("epoch 3, and then")
    assert re.fullmatch(r"resumed at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[place + 1])
    assert len([line for line in lines if line.startswith("resumed at")]) == 1


def test_what_the_sample_printed_stays_when_its_run_is_resumed_by_name(runs):
    logs = runs.workspace / "logs"
    logs.mkdir()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    started = datetime.now(UTC).isoformat()
    (logs / "demo.json").write_text(json.dumps({"pid": child.pid, "started": started}))
    (logs / "demo.log").write_text("Reading sample\n")
    runs.order("mine")
    said = {"state": "running", "pid": child.pid, "updated": started}
    (runs.folder("mine") / "status.json").write_text(json.dumps(said))
    runs.let_go("mine")
    runs.resume("mine")
    runs.reached("mine", "done")
    lines = job_log.read(jobs.log_of(runs.workspace, "mine")).splitlines()
    assert lines[0] == "Reading sample"
    assert any(line.startswith("resumed at") for line in lines)


def test_the_same_run_is_not_started_twice(runs):
    runs.start("mine")
    with pytest.raises(ConfigError, match="still running, or waits"):
        runs.resume("mine")


def test_a_run_in_a_terminal_says_what_it_waits_for(runs):
    runs.start("first")
    runs.works("first")
    words = (sys.executable, WORKER, "run", "small", "--set", "device=cpu", "--json")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr.readline() == "waiting for run first to end ...\n"
        (second,) = [path for path in (runs.workspace / "runs").iterdir() if path.name != "first"]
        assert runs.state(second.name) == "queued"
        runs.let_go("first")
        runs.let_go(second.name)
        output, _ = child.communicate(timeout=60)
    assert json.loads(output.splitlines()[-1])["run_id"] == second.name


def test_a_full_disk_is_said_and_earlier_runs_stay(runs):
    runs.order("earlier")
    runs.let_go("earlier")
    runs.resume("earlier")
    runs.reached("earlier", "done")
    before = {path.name: path.read_bytes() for path in runs.folder("earlier").iterdir()}
    runs.order("full")
    runs.let_go("full")

    def limit():  # writing beyond so many bytes fails, as on a disk that is full
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    done = subprocess.run(
        (sys.executable, *RUN, "full"),
        preexec_fn=limit, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    status = runs.status("full")
    assert status.state == "failed"
    assert "Earlier runs are as they were" in status.message
    assert {path.name: path.read_bytes() for path in runs.folder("earlier").iterdir()} == before
    runs.resume("full")
    runs.reached("full", "done")


def test_queues_of_different_devices_do_not_wait_for_each_other(workspace):
    first = run_queue.draw(workspace, "cpu", "a")
    other = run_queue.draw(workspace, "cuda", "b")
    third = run_queue.draw(workspace, "cpu", "c")
    assert (first.ahead(), other.ahead(), third.ahead()) == ([], [], ["a"])
    first.give_back()
    assert third.ahead() == []
    for ticket in (other, third):
        ticket.give_back()


@pytest.mark.parametrize(("wanted", "hidden"), [("cpu", "0"), ("auto", ""), ("auto", "-1")])
def test_without_a_visible_gpu_the_queue_is_that_of_the_processor(wanted, hidden):
    assert run_queue.device_of(wanted, {"CUDA_VISIBLE_DEVICES": hidden}) == "cpu"


def test_a_ticket_of_another_run_is_not_taken_over(workspace, monkeypatch):
    ticket = run_queue.draw(workspace, "cpu", "a")
    for name, value in ticket.environment().items():
        monkeypatch.setenv(name, value)
    assert run_queue.take_over("b") is None
    taken = run_queue.take_over("a")
    assert taken.path == ticket.path
    assert run_queue.take_over("a") is None
    ticket.give_back()
