from __future__ import annotations

from email.utils import formatdate
from time import time

import httpx2
import openai
import pytest

from core.errors import JudgeError
from core.judge.llm.call import Endpoint
from core.judge.llm.failures import (
    FormatRefused,
    Refused,
    Retry,
    TooLong,
    clean,
    retry_after,
    sort_out,
)

ENDPOINT = Endpoint("http://host:8080/v1", "tiny", "sk-secret")


def error(status, message="no", code=None, headers=None):
    request = httpx2.Request("POST", "http://host:8080/v1", headers={"authorization": "sk-secret"})
    response = httpx2.Response(status, request=request, headers=headers or {})
    body = {"message": message, "code": code}
    return openai.APIStatusError(message, response=response, body=body)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "2", "retry-after-ms": "150"}, 0.15),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": formatdate(time() - 100, usegmt=True)}, 0.0),
    ],
)
def test_the_wait_a_server_asks_for_is_read(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_wait_given_as_a_date_is_counted_from_now():
    assert 97 < retry_after({"retry-after": formatdate(time() + 100, usegmt=True)}) <= 100


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status):
    meant = sort_out(error(status, headers={"retry-after": "3"}), ENDPOINT)
    assert isinstance(meant, Retry)
    assert meant.wait == 3.0
    assert meant.busy == (status in (429, 503))


@pytest.mark.parametrize(
    ("status", "message", "code", "says"),
    [
        (400, "temperature does not support 0", None, "judge.llm.temperature"),
        (401, "bad key", None, "LLMHNI_LLM_API_KEY"),
        (402, "pay", None, "nothing is left to pay with"),
        (403, "no", None, "may not use tiny"),
        (404, "no", None, "ends in /v1"),
        (307, "moved", None, "base_url"),
        (429, "quota", "insufficient_quota", "nothing is left to pay with"),
    ],
)
def test_what_will_not_pass_says_what_to_do(status, message, code, says):
    meant = sort_out(error(status, message, code), ENDPOINT)
    assert type(meant) is JudgeError
    assert says in str(meant)
    assert "host:8080" in str(meant)


def test_a_form_that_is_not_known_and_a_filtered_question_are_told_apart():
    assert isinstance(sort_out(error(400, "response_format is unknown"), ENDPOINT), FormatRefused)
    assert isinstance(sort_out(error(422, "bad json_schema"), ENDPOINT), FormatRefused)
    assert isinstance(sort_out(error(400, "filtered", "content_filter"), ENDPOINT), Refused)


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "no", "context_length_exceeded"),
        (400, "This model's maximum context length is 2048 tokens", 400),
        (400, "the request exceeds the available context size, try increasing it", 400),
        (422, "Prompt is too long", None),
        (413, "Request Entity Too Large", None),
    ],
)
def test_a_question_that_is_too_long_is_no_fault_of_the_others(status, message, code):
    meant = sort_out(error(status, message, code), ENDPOINT)
    assert isinstance(meant, TooLong)
    assert "judge.history_items" in str(meant)


def test_too_much_room_for_the_reply_is_wrong_for_all_questions():
    meant = sort_out(error(400, "max_tokens is too large: 1680, at most 1024"), ENDPOINT)
    assert type(meant) is JudgeError


def test_a_mistake_of_ours_stays_what_it_is():
    mistake = ZeroDivisionError()
    assert sort_out(mistake, ENDPOINT) is mistake


def test_messages_of_servers_are_one_line_short_and_without_the_key():
    said = clean("a\nb\x1b[31m\u202e sk-secret " + "x" * 1000, ENDPOINT)
    assert said.startswith("a b [31m (key) xxx")
    assert len(said) == 300
