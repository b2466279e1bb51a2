import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.config import LLMConfig
from core.errors import JudgeError
from core.judge.llm import send
from core.judge.llm.batch import answer_all
from core.judge.llm.batch_files import MOST_REQUESTS, _parts
from core.judge.llm.batches import Batches
from core.judge.llm.call import Call, Endpoint, MalformedReply, Spend
from core.judge.llm.store import CallStore
from tests.batch_server import serve_batches
from tests.llm_server import serve

PLAIN = LLMConfig()
KEY = "sk-never-written-5678"


class Number(BaseModel):
    number: int


def read(text):
    try:
        return json.loads(text)["number"]
    except (ValueError, LookupError, TypeError) as error:
        raise MalformedReply("no number") from error


def question(number):
    return Call("n/1", ({"role": "user", "content": f"say {number}"},), Number, read, 20)


def say(messages):
    """The number that is asked for; a bad reply first where it is 13."""
    number = messages[0]["content"].split()[1]
    return "oh" if number == "13" and len(messages) == 1 else json.dumps({"number": int(number)})


@pytest.fixture
def store(tmp_path):
    return CallStore(tmp_path / "calls")


def endpoint_of(server):
    return Endpoint(server.base_url, "tiny", KEY)


def run(calls, server, store, config=PLAIN):
    answers = []
    spend = answer_all(
        calls, endpoint_of(server), "schema", store, config, answers.append, _ignore, poll=0.01
    )
    return answers, spend


def _ignore(_spend):
    pass


def test_every_call_is_answered_with_its_own_reply_and_paid_once(store):
    calls = [question(number) for number in (1, 2, 3, 2)]
    with serve_batches(say) as (server, world):
        answers, spend = run(calls, server, store)
        again, free = run(calls, server, store)
        assert len(world.batches) == 1
        assert set(world.answered.values()) == {1}
    assert [answer.value for answer in answers] == [1, 2, 3, 2]
    assert spend.n_calls == 3
    assert spend.usage.output_tokens > 0
    assert [answer.value for answer in again] == [1, 2, 3, 2]
    assert all(answer.from_cache for answer in again)
    assert (free.n_calls, free.n_cached, free.money) == (0, 4, 0.0)


def test_a_batched_reply_answers_the_same_call_sent_one_by_one(store):
    with serve_batches(say) as (server, world):
        run([question(1)], server, store)
        answers = []
        send.answer_all(
            [question(1)], endpoint_of(server), "schema", store, LLMConfig(),
            answers.append, _ignore,
        )  # fmt: skip
        assert server.state.asked.total() == 0
        assert world.answered.total() == 1
    assert [(answer.value, answer.from_cache) for answer in answers] == [(1, True)]


def test_a_malformed_reply_is_repaired_by_a_second_batch_and_once_alone(store):
    with serve_batches(say) as (server, world):
        answers, spend = run([question(12), question(13)], server, store)
        assert len(world.batches) == 2
        assert sorted(world.answered.values()) == [1, 1, 1]
    assert [(answer.value, answer.outcome) for answer in answers] == [
        (12, "parsed"),
        (13, "repaired"),
    ]
    assert spend.n_calls == 3


def test_what_stays_malformed_is_unparsed_and_is_not_asked_again(store):
    with serve_batches(lambda _messages: "never") as (server, world):
        answers, spend = run([question(1)], server, store)
        run([question(1)], server, store)
        assert world.answered.total() == 2
    assert [answer.outcome for answer in answers] == ["unparsed"]
    assert spend.n_unparsed == 1


def test_a_request_that_fails_is_no_answer_and_is_not_kept(store):
    fails = {"fails": lambda request: "say 2" in json.dumps(request)}
    with serve_batches(say, **fails) as (server, _world):
        answers, spend = run([question(1), question(2)], server, store)
    assert [answer.outcome for answer in answers] == ["parsed", "failed"]
    assert spend.n_failed == 1
    assert "no such luck" in answers[1].error
    assert store.get(question(2).key(endpoint_of(server))) is None


def test_an_expired_batch_gives_what_it_has_and_the_rest_is_handed_in_again(store):
    with serve_batches(say, ends="expired") as (server, world):
        answers, _ = run([question(number) for number in (1, 2, 3)], server, store)
        assert set(world.answered.values()) == {1}
    assert [answer.value for answer in answers] == [1, 2, 3]


def test_a_refused_batch_says_why_and_does_not_stand_in_the_way(store):
    with serve_batches(say, ends="failed") as (server, world):
        with pytest.raises(JudgeError, match="bad model"):
            run([question(1)], server, store)
        world.ends = "completed"
        answers, _ = run([question(1)], server, store)
    assert answers[0].value == 1


def test_an_endpoint_without_batches_says_so(store):
    with serve() as server, pytest.raises(JudgeError, match="no Batch API"):
        run([question(1)], server, store)


def test_the_budget_leaves_calls_out_before_they_are_handed_in(store):
    with serve_batches(say) as (server, world):
        batches = Batches(endpoint_of(server), "schema", store, LLMConfig(budget_calls=2))
        calls = [question(number) for number in (1, 2, 3)]
        assert "budget_calls" in batches.hand_in(calls)
        assert "budget_calls" in batches.hand_in(calls)  # those under way count
        assert [batch["n"] for batch in world.batches.values()] == [2]


def test_a_second_round_does_not_spend_the_budget_anew(store):
    with serve_batches(say) as (server, world):
        calls = [question(number) for number in (1, 2, 3)]
        answers, spend = run(calls, server, store, LLMConfig(budget_calls=2))
        assert "budget_calls" in spend.stopped_by
        assert world.answered.total() == spend.n_calls == 2
    assert [answer.value for answer in answers] == [1, 2]


def test_batches_under_way_are_not_handed_in_twice(store):
    with serve_batches(say, polls=10**6) as (server, world):
        batches = Batches(endpoint_of(server), "schema", store, LLMConfig())
        batches.hand_in([question(1), question(2)])
        batches.hand_in([question(2), question(3)])
        assert [batch["n"] for batch in world.batches.values()] == [2, 1]
        assert batches.fetch([question(1), question(3)]).n_waiting == 3
        assert batches.fetch([question(1)]).n_waiting == 2  # the other batch is not ours to await


def test_results_of_calls_that_are_not_asked_for_wait_until_they_are(store):
    with serve_batches(say, polls=0) as (server, _world):
        batches = Batches(endpoint_of(server), "schema", store, LLMConfig())
        batches.hand_in([question(1), question(2)])
        first = batches.fetch([question(1)])
        assert (first.n_kept, first.n_others) == (1, 1)
        second = batches.fetch([question(1), question(2)])
        assert (second.n_kept, second.n_others) == (1, 0)
        assert batches.waiting() == []


def test_neither_keys_nor_finished_requests_stay_on_disk(store):
    with serve_batches(say) as (server, _world):
        run([question(1)], server, store)
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in files)
    assert not list(store.folder.rglob("*.jsonl"))


def test_requests_are_cut_into_files_of_the_largest_size():
    lines = [(str(number), {}) for number in range(MOST_REQUESTS + 1)]
    assert [len(part) for part in _parts(lines)] == [MOST_REQUESTS, 1]


CHILD = """
import sys
from pathlib import Path
from core.config import LLMConfig
from core.judge.llm.store import CallStore
from tests.core.judge.llm.test_batch import *
class Server: base_url = sys.argv[1]
run([question(n) for n in range(40)], Server, CallStore(Path(sys.argv[2])))
"""


@pytest.mark.parametrize("step", ["upload", "create", "retrieve", "content"])
def test_after_kill_9_at_any_step_the_same_batch_is_gone_on_with(step, store):
    reached = []

    def stop(at):
        if at == step and not reached:
            reached.append(at)
            os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.3)

    with serve_batches(say) as (server, world):
        world.before_reply = stop
        code = [sys.executable, "-c", CHILD, server.base_url, str(store.folder)]
        process = subprocess.Popen(code, cwd=Path(__file__).parents[4])
        assert process.wait(timeout=60) == -signal.SIGKILL
        answers, _ = run([question(n) for n in range(40)], server, store)
        assert len([b for b in world.batches.values() if b["n"] == 40]) == 1
        assert set(world.answered.values()) == {1}
    assert [answer.value for answer in answers] == list(range(40))


def test_people_can_stop_the_wait(store):
    class Stopped(Exception):  # noqa: N818
        pass

    def stop(_spend):
        raise Stopped

    with serve_batches(say, polls=10**6) as (server, _world):
        endpoint = endpoint_of(server)
        with pytest.raises(Stopped):
            answer_all([question(1)], endpoint, "schema", store, LLMConfig(), print, stop)
        assert len(Batches(endpoint, "schema", store, LLMConfig()).waiting()) == 1


def test_spend_of_nothing_is_zero(store):
    with serve_batches(say) as (server, world):
        answers, spend = run([], server, store)
        assert (answers, spend, world.batches) == ([], Spend(), {})
