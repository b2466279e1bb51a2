from __future__ import annotations

import time

import pytest

from benchmarks.speed.loop import peak_mb, repeated, warmed
from benchmarks.speed.process import Worker, variables
from core.errors import ConfigError

STUB = "tests.benchmarks.speed_stub"


def test_a_contestant_answers_every_time_it_is_asked_with_the_threads_it_was_given():
    with Worker(STUB, {}, "ours", 2) as worker:
        first, second = worker.ask(), worker.ask()
    assert (first["step"], second["step"]) == (1.0, 2.0)
    assert (first["threads"], first["placed"], first["waits"]) == ("2", "spread", "PASSIVE")
    assert worker.versions["python"].startswith("3.")


def test_a_single_thread_is_bound_nowhere(monkeypatch):
    monkeypatch.setenv("OMP_PROC_BIND", "close")
    assert "OMP_PROC_BIND" not in variables(1)
    assert variables(1)["MKL_NUM_THREADS"] == "1"
    assert variables(2)["OMP_PLACES"] == "cores"


def test_what_a_contestant_said_last_is_told():
    with pytest.raises(ConfigError, match="no such library"):
        Worker(STUB, {"fails": True}, "ours", 1)
    with Worker(STUB, {"fails_at": 2}, "ours", 1) as worker:
        worker.ask()
        with pytest.raises(ConfigError, match="out of memory"):
            worker.ask()


def test_the_first_call_is_not_timed():
    calls = []
    found = repeated(lambda: calls.append(1), 3, "step")
    assert len(calls) == 4
    assert set(found) == {"step", "step_cpu", "step_min", "step_cpu_min"}
    assert 0 <= found["step_min"] <= found["step"]


def test_peak_memory_is_that_of_a_process_with_python_in_it():
    assert 5 < peak_mb() < 100_000


def test_steps_before_the_first_that_counts_take_their_time():
    calls, begin = [], time.perf_counter()
    warmed(lambda: calls.append(time.sleep(0.01)), 0.05)
    assert time.perf_counter() - begin >= 0.05
    assert 1 <= len(calls) <= 6
    warmed(lambda: calls.clear(), 0.0)
    assert calls == []
