"""Bodies of replies that may hold anything."""

from __future__ import annotations

import json

import pytest

from core.judge.llm.call import Endpoint, Usage
from core.judge.llm.failures import Retry
from core.judge.llm.wire import read_body
from tests.llm_calls import question, send
from tests.llm_server import serve

ENDPOINT = Endpoint("http://host:8080/v1", "tiny", "sk-secret-key")


def body(usage: object = None, content: object = "hello", finish: str = "stop") -> bytes:
    choice = {"message": {"content": content}, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": usage, "model": "tiny-1"}).encode()


def test_text_usage_and_model_are_read():
    counted = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": None}
    reply = read_body(body(counted), ENDPOINT)
    assert (reply.text, reply.ending, reply.model) == ("hello", "whole", "tiny-1")
    assert reply.usage == Usage(7, 3, 0)
    assert read_body(body(finish="length"), ENDPOINT).ending == "cut"


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_count_that_is_no_number_is_an_error_of_that_reply_alone(number):
    with pytest.raises(Retry, match="no completion"):
        read_body(body({"prompt_tokens": number}), ENDPOINT)


@pytest.mark.parametrize("content", [[1], {"a": 1}, 3])
def test_a_text_that_is_none_is_an_error_of_that_reply_alone(content):
    with pytest.raises(Retry, match="no completion"):
        read_body(body(content=content), ENDPOINT)


def test_what_the_environment_holds_for_openai_is_sent_to_no_other_host(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Corp-Token: private")
    with serve() as server:
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        headers = dict(server.state.requests[0].headers)
    assert answer.outcome == "parsed"
    assert "private" not in str(headers)
    assert not [name for name in headers if name.startswith(("x-", "openai-"))]
    assert headers["authorization"] == "Bearer sk-secret-of-the-test"
