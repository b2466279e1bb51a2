"""The key of a language model is sent to its host and written nowhere."""

from __future__ import annotations

import json
import logging

import pytest

from tests.llm_server import always, serve
from tests.taste_grader import by_number, judged_by

KEY = "sk-proj-Zq81xYw0LmN"


def holds_key(folder):
    return [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in _read(path)]


def _read(path):
    return path.read_bytes()


def echoing(server, status):
    """Let completions repeat the key, as careless proxies do."""

    def answer(handler):
        said = f"no luck with {handler.headers['authorization']}"
        if status == 200:
            body = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
            return handler.json({**body, "model": KEY})
        return handler.error(status, said, "x")

    server.routes["POST", "/chat/completions"] = answer


def test_the_key_is_sent_and_written_nowhere(call, place, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LLMHNI_LLM_API_KEY", KEY)
    with serve(by_number, key=KEY) as server:
        told = call("judge", "--run", "films", **judged_by(server))
        run = call("run", "films", **judged_by(server))
        sent = {request.headers["authorization"] for request in server.state.requests}
    assert sent == {f"Bearer {KEY}"}
    assert (told[0], run[0]) == (0, 0)
    assert holds_key(place) == []
    assert KEY not in json.dumps([told, run]) + caplog.text


@pytest.mark.parametrize("command", [["judge", "--run", "films"], ["run", "films"]])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_server_that_repeats_the_key_spreads_it_nowhere(
    call, place, monkeypatch, caplog, command, status
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LLMHNI_LLM_API_KEY", KEY)
    with serve(by_number) as server:
        echoing(server, status)
        llm = {"attempts": 1, "give_up_after": 1}
        code, answer, said = call(*command, **judged_by(server, llm=llm))
    assert code == (0 if status == 200 else 1)
    assert status == 200 or str(status) in answer["error"]
    assert KEY not in json.dumps(answer) + said + caplog.text
    assert holds_key(place) == []


def test_a_settings_file_of_somebody_else_gets_no_key_of_openai(done, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serve(by_number) as server:
        done("judge", "--run", "films", **judged_by(server))
        sent = {request.headers["authorization"] for request in server.state.requests}
    assert sent
    assert not any(KEY in header for header in sent)


def test_a_hanging_server_can_be_given_up(call):
    with serve(by_number, always("hang")) as server:
        llm = {"timeout": 0.3, "attempts": 1, "give_up_after": 2}
        code, answer, _ = call("judge", "--run", "films", **judged_by(server, llm=llm))
    assert code == 1
    assert "did not answer in time" in answer["error"]
