from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from app.services import environment
from core.config import LLMConfig
from core.errors import Cancelled, JudgeError
from core.judge.llm import exchange
from core.judge.llm.call import Endpoint, Spend, Usage
from core.judge.llm.send import answer_all
from core.judge.llm.store import CallStore
from tests.llm_calls import content_key, question, questions, send
from tests.llm_server import always, first_tries, grade_all, script, serve

QUICK = ("429", "429-retry-after-ms", "500", "503", "drop", "truncated-http", "not-utf8",
         "not-http-json", "truncated", "prose", "wrong-schema", "length", "empty", "", "", "",
         "refusal")  # fmt: skip
"""All faults that pass quickly; a hang and a slow first byte are added by hand."""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(exchange, "FIRST_WAIT", 0.02)


def outcomes(answers):
    return [answer.outcome for answer in answers]


def test_two_thousand_judgements_through_all_faults_end_complete_each_exactly_once(tmp_path):
    def faults(request):
        if request.n_before == 0 and request.number % 500 == 250:
            return "hang" if request.number % 1000 == 250 else "slow"
        if request.number == 700:
            return "429-retry-after"
        return first_tries(QUICK)(request)

    calls = questions(1000)  # two targets each
    with serve(faults=faults, retry_after=0.01) as server:
        spend, answers, _ = send(calls, server.base_url, tmp_path, timeout=4.0)
        asked, finished = server.state.asked.copy(), server.state.finished.copy()
        again, repeated, _ = send(calls, server.base_url, tmp_path)
        assert server.state.asked == asked  # the second time nothing is sent

    assert Counter(answer.call.messages[1]["content"] for answer in answers) == Counter(
        call.messages[1]["content"] for call in calls
    )
    by_outcome = Counter(outcomes(answers))
    assert set(by_outcome) == {"parsed", "repaired", "refused"}
    assert sum(len(a.value) for a in answers if a.value) == 2 * (1000 - by_outcome["refused"])
    assert (spend.n_calls, spend.n_failed, spend.n_cached) == (1000, 0, 0)
    for answer in answers:  # one whole reply per call, two where the first was malformed
        n_paid = finished[content_key(answer.call)]
        assert n_paid == (2 if answer.outcome == "repaired" else 1)
        assert answer.n_requests == asked[content_key(answer.call)]
    assert again.n_cached == 1000
    assert again.usage == Usage()
    assert {a.key: a.value for a in repeated} == {a.key: a.value for a in answers}


def test_a_malformed_reply_is_sent_back_with_what_is_wrong_and_repaired(tmp_path):
    with serve(faults=script("wrong-schema")) as server:
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        first, second = server.state.requests
    assert answer.outcome == "repaired"
    assert answer.value == ["High", "High"]
    assert list(second.messages[:2]) == list(first.messages)
    assert second.messages[2] == {"role": "assistant", "content": '{"verdict": 1}'}
    assert "it is not the JSON that was asked for" in second.messages[3]["content"]


@pytest.mark.parametrize(
    ("fault", "outcome", "n_paid"), [("prose", "unparsed", 2), ("refusal", "refused", 1)]
)
def test_what_cannot_be_read_is_counted_and_paid_for_once(tmp_path, fault, outcome, n_paid):
    with serve(faults=always(fault)) as server:
        spend, [answer], _ = send([question(1)], server.base_url, tmp_path)
        again, [repeated], _ = send([question(1)], server.base_url, tmp_path)
        assert server.state.finished.total() == n_paid
    assert (answer.outcome, repeated.outcome) == (outcome, outcome)
    assert (answer.value, spend.n_unparsed, again.n_unparsed) == (None, 1, 1)
    assert repeated.from_cache
    assert repeated.usage == answer.usage


def test_the_same_call_twice_is_sent_once_and_answered_for_each(tmp_path):
    calls = [question(1), question(2), question(1), question(1)]
    with serve(latency=0.1) as server:
        spend, answers, _ = send(calls, server.base_url, tmp_path)
        assert server.state.asked.total() == 2
    assert Counter(a.call.messages[1]["content"][:6] for a in answers) == {"user 1": 3, "user 2": 1}
    assert (spend.n_calls, spend.n_cached) == (2, 2)


def test_calls_are_sent_in_their_order_and_no_more_at_once_than_allowed(tmp_path):
    with serve(latency=0.01) as server:
        send(questions(40), server.base_url, tmp_path, in_flight=1)
        sent = [request.messages[1]["content"].split(":")[0] for request in server.state.requests]
    assert sent == [f"user {number}" for number in range(40)]
    with serve(latency=0.05) as server:
        send(questions(40), server.base_url, tmp_path / "b", in_flight=5)
        assert server.state.most_in_flight == 5


def test_a_server_that_names_a_wait_is_left_alone_for_so_long(tmp_path):
    with serve(faults=script("429-retry-after"), retry_after=1) as server:
        start = time.monotonic()
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
    assert answer.outcome == "parsed"
    assert answer.n_requests == 2
    assert 1.0 <= time.monotonic() - start < 3.0


def test_calls_that_all_fail_end_with_an_error_that_says_where_and_what_to_do(tmp_path):
    with (
        serve(faults=lambda r: "500" if r.number > 19 else "") as server,
        pytest.raises(JudgeError, match=r"127\.0\.0\.1:\d+ answered 500.*start again"),
    ):
        send(questions(200), server.base_url, tmp_path, attempts=2, give_up_after=4, in_flight=2)
    assert server.state.asked.total() <= 20 + (4 + 2) * 2
    kept = [CallStore(tmp_path).get(path.stem) for path in tmp_path.glob("*/*.json")]
    assert len(kept) == 20


def test_one_call_that_fails_is_said_to_have_failed_and_is_asked_again_next_time(tmp_path):
    faults = lambda r: "500" if "user 3:" in r.messages[1]["content"] else ""  # noqa: E731
    with serve(faults=faults) as server:
        spend, answers, _ = send(questions(10), server.base_url, tmp_path, attempts=2)
    [failed] = [answer for answer in answers if answer.outcome == "failed"]
    assert "answered 500" in failed.error
    assert (failed.n_requests, spend.n_calls, spend.n_failed) == (2, 9, 1)
    with serve() as server:
        spend, _, _ = send(questions(10), server.base_url, tmp_path)
    assert (spend.n_calls, spend.n_cached) == (1, 9)


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("401", "LLMHNI_LLM_API_KEY"),
        ("404", "judge.llm.base_url"),
        ("400", "targets_per_call"),
        ("429-no-money", "nothing is left to pay with"),
    ],
)
def test_what_no_second_try_mends_ends_at_once_with_a_hint(tmp_path, fault, hint):
    with serve(faults=always(fault)) as server, pytest.raises(JudgeError, match=hint):
        send([question(1)], server.base_url, tmp_path)
    assert server.state.asked.total() == 1


def test_a_server_without_schemas_is_no_riddle(tmp_path):
    with serve(formats=()) as server, pytest.raises(JudgeError, match=r"set judge\.llm\.mode"):
        send([question(1)], server.base_url, tmp_path)


def test_nobody_is_followed_to_another_host(tmp_path):
    with serve() as other, serve() as server:
        server.routes["POST", "/chat/completions"] = lambda handler: handler.reply(
            307, b"", location=f"{other.base_url}/chat/completions"
        )
        with pytest.raises(JudgeError, match="answered 307"):
            send([question(1)], server.base_url, tmp_path)
        assert other.state.asked.total() == 0


def test_a_server_that_is_away_is_named(tmp_path):
    with serve() as server:
        base_url = server.base_url
    with pytest.raises(JudgeError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        send(questions(20), base_url, tmp_path, attempts=2, give_up_after=3)


@pytest.mark.parametrize("where", ["tick", "answer"])
def test_a_cancel_ends_everything_within_two_seconds_and_keeps_what_came(tmp_path, where):
    begun = []

    def cancel(*_):
        begun.append(time.monotonic())
        raise Cancelled("stop")

    hang_later = lambda r: "hang" if r.number > 4 else ""  # noqa: E731
    functions = {"on_tick": lambda _: None, "on_answer": lambda _: None, f"on_{where}": cancel}
    config = LLMConfig(model="tiny", in_flight=8, timeout=60)
    with serve(faults=hang_later) as server:
        endpoint, store = Endpoint(server.base_url, "tiny"), CallStore(tmp_path)
        with pytest.raises(Cancelled):
            answer_all(questions(100), endpoint, "schema", store, config, **functions)
        assert time.monotonic() - begun[0] < 2.0
        assert server.state.asked.total() <= 5 + 8
    assert len(begun) == 1
    assert len(list(tmp_path.glob("*/*.json"))) == 5  # also those that came during the cancel
    with serve() as server:  # no claim is left behind, in the same store either
        endpoint = Endpoint(server.base_url, "tiny", place=endpoint.base_url)
        nothing = lambda _: None  # noqa: E731
        spend = answer_all(questions(100), endpoint, "schema", store, config, nothing, nothing)
    assert (spend.n_cached, spend.n_calls) == (5, 95)


def test_a_name_that_is_looked_up_for_long_does_not_hold_up_who_cancels(tmp_path, monkeypatch):
    found, begun = threading.Event(), []

    def look_up(*_, **__):
        found.wait(20)
        raise OSError

    def cancel(_):
        begun.append(time.monotonic())
        raise Cancelled("stop")

    import openai  # noqa: F401, PLC0415 - loading it is not what is timed

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    functions = {"on_answer": lambda _: None, "on_tick": cancel}
    endpoint, store = Endpoint("http://far.example/v1", "tiny"), CallStore(tmp_path)
    config = LLMConfig(model="tiny")
    try:
        with pytest.raises(Cancelled):
            answer_all([question(1)], endpoint, "schema", store, config, **functions)
        assert time.monotonic() - begun[0] < 2.0
    finally:
        found.set()


def test_ticks_come_about_twice_a_second_in_the_calling_thread(tmp_path):
    threads = set()
    with serve(latency=1.2) as server:
        endpoint, config = Endpoint(server.base_url, "tiny"), LLMConfig(model="tiny")
        ticks: list[Spend] = []

        def tick(spend):
            threads.add(threading.get_ident())
            ticks.append(spend)

        store = CallStore(tmp_path)
        answer_all([question(1)], endpoint, "schema", store, config, lambda _: None, tick)
    assert threads == {threading.get_ident()}
    assert 2 <= len(ticks) <= 8
    assert ticks[-1].n_calls == 1


def test_requests_per_minute_are_kept(tmp_path):
    with serve() as server:
        start = time.monotonic()
        send(questions(12), server.base_url, tmp_path, requests_per_minute=300)
    assert time.monotonic() - start >= (12 - 5) / 5 * 0.95  # five at once, then five a second


def test_a_reply_that_no_longer_reads_is_unparsed_and_not_paid_for_again(tmp_path):
    with serve() as server:
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        path = tmp_path / answer.key[:2] / f"{answer.key}.json"
        kept = json.loads(path.read_text()) | {"text": "spoilt"}
        path.write_text(json.dumps(kept | {"n_replies": 1}))
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        assert (answer.outcome, answer.from_cache) == ("unparsed", True)
        assert server.state.asked.total() == 1


def test_no_key_is_kept_or_told_even_if_the_server_repeats_it(tmp_path):
    secret = "sk-secret-of-the-test"
    with serve(grader=lambda m: grade_all("High")(m).replace("as the", secret)) as server:
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        assert server.state.requests[0].headers["authorization"] == f"Bearer {secret}"
    assert secret not in repr(answer) + answer.text
    assert "(key)" in answer.text
    assert all(secret.encode() not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_an_overloaded_server_is_asked_more_slowly_and_loses_no_call(tmp_path):
    def faults(_):
        return "429" if server.state.in_flight > 2 else ""

    with serve(faults=faults, latency=0.02) as server:
        spend, _, _ = send(questions(60), server.base_url, tmp_path, attempts=8)
    assert (spend.n_calls, spend.n_failed) == (60, 0)


def test_the_client_library_is_loaded_when_something_is_sent_and_not_before():
    code = "import sys, core.judge.llm.send, core.judge.llm.capabilities; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=environment.ROOT, capture_output=True, check=True
    )
    assert not {b"openai", b"httpx2", b"torch"} & set(loaded.stdout.split())
