from __future__ import annotations

import multiprocessing
import os
import signal
import time

from core.study import processes, run
from core.study.processes import deaf_to_ctrl_c, end, one_thread

FORK = multiprocessing.get_context("fork")


def sleeping(told=None, deaf: bool = False) -> None:
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if told is not None:
        told.send("here")
    time.sleep(60)


def test_processes_begin_with_one_thread_and_this_one_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with one_thread():
        assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "1")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_ctrl_c_is_for_the_process_that_began_the_others():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    with deaf_to_ctrl_c():
        process = FORK.Process(target=sleeping, daemon=True)
        process.start()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before
    os.kill(process.pid, signal.SIGINT)
    process.join(0.5)
    assert process.is_alive()
    end([process])
    assert process.exitcode == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_ended(monkeypatch):
    monkeypatch.setattr(processes, "GRACE", 0.2)
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=sleeping, args=(theirs, True), daemon=True)
    process.start()
    assert ours.recv() == "here"
    end([process])
    assert process.exitcode == -signal.SIGKILL


def test_a_worker_that_is_asked_to_end_leaves_in_order(tmp_path, monkeypatch):
    """Or what its libraries took from the system would be taken back by others, with a warning."""
    left = tmp_path / "left"

    def work(_job, _places, _folder, _scratch, tell, _tick) -> None:
        try:
            tell("begun")
            time.sleep(60)
        finally:
            left.touch()

    monkeypatch.setattr(run, "run_job", work)
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=run._work, args=(None, None, tmp_path, tmp_path, theirs))
    process.start()
    assert ours.recv() == "begun"
    end([process])
    assert left.exists()
    assert process.exitcode == 1
