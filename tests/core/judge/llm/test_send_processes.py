"""Exactly once among processes, and after kill -9; with real processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from app.services import environment
from core.judge.llm.call import Endpoint
from core.judge.llm.store import CallStore
from tests.llm_calls import content_key, questions, send
from tests.llm_server import first_tries, serve

N_CALLS = 200
PLACE = "test-server"


def start(base_url, folder, n_calls=N_CALLS):
    arguments = [sys.executable, "-m", "tests.llm_calls", base_url, str(folder), str(n_calls)]
    return subprocess.Popen(
        arguments, cwd=environment.ROOT, stdout=subprocess.PIPE, env=os.environ, text=True
    )


def quiet(server):
    """Wait until the server has had nothing to do for a while."""
    before = None
    while before != (before := server.state.finished.total()):
        time.sleep(0.5)


def n_kept(folder):
    return len(list(folder.glob("*/*.json")))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_kill_9_nothing_finished_is_sent_again_and_nothing_is_missing(tmp_path, seed):
    calls, place = questions(N_CALLS), Endpoint("", "tiny", place=PLACE)
    with serve(latency=0.02, faults=first_tries(["", "", "", "prose", "drop"])) as server:
        process = start(server.base_url, tmp_path)
        goal = random.Random(seed).randrange(1, 150)
        while n_kept(tmp_path) < goal:  # a moment somewhere in the middle
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        quiet(server)  # what was under way when it died is still being worked on
        kept = {content_key(c): CallStore(tmp_path).get(c.key(place)) for c in calls}
        before = server.state.finished.copy()
        spend, answers, _ = send(calls, server.base_url, tmp_path)
        after = server.state.finished

    done = {key for key, stored in kept.items() if stored and not stored.repair_is_due}
    owed = {key for key, stored in kept.items() if stored and stored.repair_is_due}
    assert spend.n_cached == len(done) >= goal - len(owed)
    assert all(after[key] == before[key] for key in done)
    assert all(after[key] == before[key] + 1 for key in owed)  # the repair alone
    assert sorted(a.key for a in answers) == sorted(call.key(place) for call in calls)
    assert {answer.outcome for answer in answers} <= {"parsed", "repaired"}
    n_lost = sum(after.values()) - sum(stored_replies(tmp_path))
    assert 0 <= n_lost <= 8  # replies that were on their way when the process died


def stored_replies(folder):
    return [json.loads(path.read_text())["n_replies"] for path in folder.glob("*/*.json")]


def test_two_processes_with_the_same_calls_pay_for_each_once(tmp_path):
    with serve(latency=0.02) as server:
        processes = [start(server.base_url, tmp_path) for _ in range(2)]
        reports = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        assert server.state.asked.total() == N_CALLS
        assert set(server.state.asked.values()) == {1}
    assert sum(report["n_calls"] for report in reports) == N_CALLS
    assert all(report["outcomes"] == ["parsed"] * N_CALLS for report in reports)


def test_a_call_that_a_dead_process_had_claimed_is_asked_by_who_waits_for_it(tmp_path):
    first = []

    def faults(request):
        first.append(request)
        return "hang" if len(first) == 1 else ""

    with serve(faults=faults) as server:
        process = start(server.base_url, tmp_path, 1)
        while not first:
            time.sleep(0.01)
        store, key = CallStore(tmp_path), questions(1)[0].key(Endpoint("", "tiny", place=PLACE))
        assert not store.claim(key)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        spend, [answer], _ = send(questions(1), server.base_url, tmp_path)
    assert (answer.outcome, spend.n_calls) == ("parsed", 1)
