"""Hostile texts against a real model: it may be fooled about the item itself, but about no other
call, and neither the form of the reply nor the process gives way."""

from dataclasses import replace

import pytest

from core.config import LLMConfig
from core.judge.llm.send import answer_all
from core.judge.llm.store import CallStore
from tests.core.judge.llm.test_hostile import HOSTILE, planned

pytestmark = [pytest.mark.llm, pytest.mark.timeout(1800)]
CONFIG = LLMConfig(timeout=900, in_flight=2, attempts=1, give_up_after=1)
N_TOKENS = 32
"""Of a reply: enough to begin one. What is cut off counts as malformed; one call is not cut."""


def test_hostile_texts_neither_end_the_server_nor_reach_another_call(endpoint, tmp_path):
    whole = planned(HOSTILE["order"], "title")[0].call
    asked = [(name, "title") for name in HOSTILE]
    asked += [(name, "profile") for name in ("fake answer", "huge", "order")]
    plans = [planned(HOSTILE[name], where)[0] for name, where in asked]
    calls = [whole, *(replace(plan.call, max_output_tokens=N_TOKENS) for plan in plans)]
    answers = []
    spend = answer_all(
        calls, endpoint, "schema", CallStore(tmp_path), CONFIG, answers.append, lambda _: None
    )
    assert len(answers) == len(calls)
    assert {answer.outcome for answer in answers} <= {"parsed", "repaired", "unparsed"}
    assert spend.n_failed == 0
    for answer in answers:
        assert answer.usage.prompt_tokens < 4096
        if answer.value is not None:
            assert {grade.grade for grade in answer.value} <= {0, 1, 2}
