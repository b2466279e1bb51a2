"""Questions that are too long for the context of the model."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from core.errors import JudgeError
from core.judge.llm.store import CallStore
from tests.llm_calls import question, questions, send
from tests.llm_server import no_faults, serve

SAYS = "This model's maximum context length is 4096 tokens"


@contextmanager
def small_context(is_too_long, faults=no_faults):
    """A server that refuses the questions for which ``is_too_long(messages)`` holds."""
    with serve(faults=faults) as server:
        answer = server.routes["POST", "/chat/completions"]

        def completions(handler):
            messages = json.loads(handler.content)["messages"]
            if is_too_long(messages):
                return handler.error(400, SAYS, "context_length_exceeded")
            return answer(handler)

        server.routes["POST", "/chat/completions"] = completions
        yield server


def of_user(*numbers):
    return lambda messages: messages[1]["content"].startswith(
        tuple(f"user {number}:" for number in numbers)
    )


def test_a_question_that_is_too_long_fails_alone_and_says_what_to_do(tmp_path):
    with small_context(of_user(3)) as server:
        spend, answers, _ = send(questions(10), server.base_url, tmp_path)
    [failed] = [answer for answer in answers if answer.outcome == "failed"]
    assert failed.call.messages[1]["content"].startswith("user 3:")
    assert SAYS in failed.error
    assert "judge.llm.targets_per_call" in failed.error
    assert failed.n_requests == 1  # another try would be as long
    assert (spend.n_calls, spend.n_failed, spend.stopped_by) == (9, 1, "")
    assert CallStore(tmp_path).get(failed.key) is None  # asked again where there is more room


def test_many_in_a_row_do_not_stop_a_server_that_answers_others(tmp_path):
    with small_context(of_user(*range(1, 9))) as server:
        spend, _, _ = send(questions(10), server.base_url, tmp_path, give_up_after=3, in_flight=1)
    assert (spend.n_calls, spend.n_failed) == (2, 8)


def test_a_server_that_has_room_for_none_is_given_up(tmp_path):
    with (
        small_context(lambda _: True) as server,
        pytest.raises(JudgeError, match=r"3 calls in a row failed.*too long.*Then start again"),
    ):
        send(questions(10), server.base_url, tmp_path, give_up_after=3, in_flight=1)


@pytest.mark.parametrize("is_later", [False, True])
def test_a_repair_that_no_longer_fits_leaves_the_reply_unread_for_good(tmp_path, is_later):
    quoted = lambda messages: len(messages) > 2  # noqa: E731
    with small_context(quoted, lambda _: "prose") as server:
        if is_later:  # the budget of the first sitting does not cover the repair
            first, answers, _ = send([question(1)], server.base_url, tmp_path, budget_tokens=115)
            assert (answers, bool(first.stopped_by)) == ([], True)
        spend, [answer], _ = send([question(1)], server.base_url, tmp_path)
        _, [again], _ = send([question(1)], server.base_url, tmp_path)
        assert server.state.asked.total() == 1
    assert (answer.outcome, answer.from_cache, again.outcome) == ("unparsed", is_later, "unparsed")
    assert answer.text == again.text != ""
    assert (spend.n_calls, spend.n_failed, spend.n_unparsed) == (not is_later, 0, 1)
