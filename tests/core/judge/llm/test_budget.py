from __future__ import annotations

import pytest

from core.config import LLMConfig
from core.judge.llm.budget import Budget, money_of, stop_message
from core.judge.llm.call import Usage
from tests.llm_calls import question


def test_money_is_counted_per_million_tokens():
    config = LLMConfig(price_prompt=2.0, price_output=8.0)
    assert money_of(Usage(500_000, 250_000), config) == pytest.approx(1.0 + 2.0)


def test_an_estimate_learns_how_the_endpoint_counts():
    budget = Budget(LLMConfig())
    call = question(1, length=1000)
    n_letters = call.n_letters()
    assert budget.estimate(call) == Usage(round(n_letters / 4), 100)
    budget.settle(Usage(), Usage(500, 10), 1000)  # two letters per token
    assert budget.estimate(call) == Usage(round(n_letters / 2), 100)


def test_what_is_under_way_counts_until_it_is_settled():
    budget, cost = Budget(LLMConfig(budget_tokens=250)), Usage(20, 80)
    for _ in range(2):
        assert not budget.in_the_way(cost)
        budget.reserve(cost)
    assert budget.in_the_way(cost) == "budget_tokens"
    budget.settle(cost, Usage(20, 10), 80)
    assert not budget.in_the_way(cost)  # 30 spent, 100 under way
    assert budget.spent == Usage(20, 10)


def test_calls_and_money_are_in_the_way_too():
    assert Budget(LLMConfig(budget_calls=1)).in_the_way(Usage(), n_calls=2) == "budget_calls"
    priced = LLMConfig(budget_money=1.0, price_output=1.0)
    assert not Budget(priced).in_the_way(Usage(0, 1_000_000))
    assert Budget(priced).in_the_way(Usage(0, 1_000_001)) == "budget_money"


def test_the_message_names_the_budget_and_the_setting():
    message = stop_message("budget_money")
    assert "the budget in money" in message
    assert "raise judge.llm.budget_money" in message
