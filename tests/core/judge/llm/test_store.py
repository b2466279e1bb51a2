from __future__ import annotations

import time

import pytest

from core.errors import JudgeError
from core.judge.llm.answering import Asked, keep, recall
from core.judge.llm.call import Endpoint, Usage
from core.judge.llm.store import CallStore
from core.judge.llm.wire import Reply
from tests.llm_calls import question, questions, send
from tests.llm_server import grade_all, serve

ENDPOINT = Endpoint("http://127.0.0.1:1/v1", "tiny", "sk-secret")
KEY = "a1" * 32


def put(store, call, text=""):
    key = call.key(ENDPOINT)
    reply = Reply(text or grade_all("Mid")(call.messages), "whole", Usage(20, 5, 10), "tiny-0.1")
    return keep(store, call, key, reply, Asked(ENDPOINT, "json", 1.5, 2))[1]


def test_what_is_kept_comes_back_with_all_its_figures(tmp_path):
    put(CallStore(tmp_path), question(1))
    stored = CallStore(tmp_path).get(question(1).key(ENDPOINT))
    answer = recall(question(1), stored)
    assert answer.value == ["Mid", "Mid"]
    assert (answer.usage, answer.seconds, answer.n_requests) == (Usage(20, 5, 10), 1.5, 2)
    assert (answer.model, answer.mode, answer.from_cache) == ("tiny-0.1", "json", True)
    assert (stored.prompt, stored.model, stored.host) == ("test/1", "tiny", "127.0.0.1:1")
    assert [dict(m) for m in question(1).messages] == list(stored.messages)
    assert "sk-secret" not in stored.model_dump_json()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"key": 1}', None])
def test_a_damaged_file_is_not_there(tmp_path, content):
    store = CallStore(tmp_path)
    put(store, question(1))
    path = next(tmp_path.glob("*/*.json"))
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)
    assert store.get(question(1).key(ENDPOINT)) is None


def test_a_file_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(tmp_path):
    store, key = CallStore(tmp_path), question(1).key(ENDPOINT)
    put(store, question(1))
    path = next(tmp_path.glob("*/*.json"))
    path.unlink()
    path.mkdir()  # stands for any error of the disk
    with pytest.raises(JudgeError, match="paid for twice"):
        store.get(key)


def test_the_file_of_another_call_is_not_there(tmp_path):
    store = CallStore(tmp_path)
    put(store, question(1))
    path = next(tmp_path.glob("*/*.json"))
    other = tmp_path / KEY[:2] / f"{KEY}.json"
    other.parent.mkdir()
    path.rename(other)
    assert store.get(KEY) is None


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "A1" * 32, "a1" * 31])
def test_what_is_no_key_leads_nowhere(tmp_path, key):
    for method in (CallStore(tmp_path).get, CallStore(tmp_path).claim):
        with pytest.raises(ValueError, match="not the key"):
            method(key)


def test_a_claim_keeps_others_out_until_it_is_released(tmp_path):
    first, second = CallStore(tmp_path), CallStore(tmp_path)
    assert first.claim(KEY)
    assert not first.claim(KEY)
    assert not second.claim(KEY)
    assert second.claim("b" * 64)
    second.release(KEY)  # not its own
    assert not second.claim(KEY)
    first.release(KEY)
    assert second.claim(KEY)


def test_claims_of_a_store_that_is_gone_are_free(tmp_path):
    store = CallStore(tmp_path)
    assert store.claim(KEY)
    del store
    assert CallStore(tmp_path).claim(KEY)


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    store = CallStore(tmp_path / "file")
    with pytest.raises(JudgeError, match="cannot be kept"):
        put(store, question(1))
    with pytest.raises(JudgeError, match="cannot be used"):
        store.claim(KEY)


def test_a_mistake_in_the_reader_loses_no_reply(tmp_path):
    store, call = CallStore(tmp_path), question(1)
    wrong = type(call)(call.prompt, call.messages, call.form, lambda _: 1 / 0, 100)
    with pytest.raises(ZeroDivisionError):
        put(store, wrong)
    assert recall(call, store.get(call.key(ENDPOINT))).value == ["Mid", "Mid"]


def test_thousands_of_answers_are_read_in_seconds(tmp_path):
    store, calls = CallStore(tmp_path), questions(5_000)
    endpoint = Endpoint("", "tiny", place="test-server")
    reply = Reply(grade_all("Low")(calls[0].messages), "whole")
    stored, _ = keep(store, calls[0], KEY, reply, Asked(endpoint, "schema"))
    for call in calls:
        store.put(stored.model_copy(update={"key": call.key(endpoint)}))
    with serve() as server:
        start = time.process_time()
        spend, answers, _ = send(calls, server.base_url, tmp_path)
        seconds = time.process_time() - start
    assert (spend.n_cached, len(answers), server.state.asked.total()) == (5_000, 5_000, 0)
    assert [answer.call for answer in answers] == calls
    assert seconds < 4
