from __future__ import annotations

import pytest

from core.errors import ConfigError
from tests.llm_calls import question, questions, send
from tests.llm_server import script, serve


def test_a_budget_in_calls_stops_cleanly_and_what_was_answered_stays_free(tmp_path):
    with serve() as server:
        spend, answers, _ = send(questions(50), server.base_url, tmp_path, budget_calls=20)
        assert (spend.n_calls, len(answers), server.state.asked.total()) == (20, 20, 20)
        assert "judge.llm.budget_calls" in spend.stopped_by
        again, answers, _ = send(questions(50), server.base_url, tmp_path, budget_calls=20)
        assert (again.n_cached, again.n_calls, len(answers)) == (20, 20, 40)
        rest, answers, _ = send(questions(50), server.base_url, tmp_path)
        assert (rest.n_cached, rest.n_calls, rest.stopped_by) == (40, 10, "")


@pytest.mark.parametrize(
    "budget",
    [
        {"budget_tokens": 2000},
        {"budget_money": 0.002, "price_prompt": 1.0, "price_output": 1.0},  # 2000 tokens as well
    ],
)
def test_a_budget_in_tokens_or_money_is_used_up_but_not_passed(tmp_path, budget):
    with serve() as server:
        spend, _, _ = send(questions(200), server.base_url, tmp_path, **budget)
    n_tokens = spend.usage.prompt_tokens + spend.usage.output_tokens
    assert 2000 - 120 < n_tokens <= 2000  # a call may take 100 and its prompt
    assert next(iter(budget)) in spend.stopped_by
    assert spend.money == pytest.approx(n_tokens * 1e-6 * budget.get("price_prompt", 0))


def test_money_without_prices_is_an_error_before_anything_is_sent(tmp_path):
    with serve() as server, pytest.raises(ConfigError, match="price_prompt"):
        send([question(1)], server.base_url, tmp_path, budget_money=1.0)
    assert server.state.asked.total() == 0


def test_a_repair_the_budget_does_not_cover_is_made_up_for_later(tmp_path):
    with serve(faults=script("prose")) as server:
        spend, answers, _ = send([question(1)], server.base_url, tmp_path, budget_tokens=115)
        assert (answers, spend.n_calls) == ([], 0)
        assert spend.usage.prompt_tokens > 0  # the first reply cost something
        assert "budget_tokens" in spend.stopped_by
        _, [answer], _ = send([question(1)], server.base_url, tmp_path)
        assert (answer.outcome, server.state.finished.total()) == ("repaired", 2)
