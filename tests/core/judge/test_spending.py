"""Sums over four calls, by hand."""

from __future__ import annotations

import pytest

from core.judge.spending import latency, outcome_shares, spend
from tests.judged_pairs import CALLS


def test_what_was_paid_is_summed_by_outcome():
    found = spend(CALLS, price_prompt=2.0, price_output=10.0)
    assert found["parsed"]["n_calls"] == 2
    assert found["parsed"]["prompt_tokens"] == 1700
    assert found["repaired"]["n_requests"] == 2
    assert "failed" not in found
    assert found["all"]["n_targets"] == 22
    assert found["all"]["money"] == pytest.approx((4200 * 2 + 420 * 10) / 1e6)


def test_what_came_from_the_cache_was_paid_earlier():
    found = spend(CALLS)["paid_now"]
    assert found["n_calls"] == 3
    assert found["prompt_tokens"] == 3500
    assert found["n_from_cache"] == 0


def test_outcomes_are_shares_of_the_calls_of_a_view():
    found = outcome_shares(CALLS)
    assert found["all"]["parsed"]["share"] == 0.5
    assert found["item"]["unparsed"]["share"] == 0.5
    assert found["user"]["unparsed"]["n_yes"] == 0
    assert found["user"]["refused"]["high"] > 0.5  # none of two says little


def test_latency_is_of_calls_that_were_sent():
    found = latency(CALLS)
    assert found["n"] == 3
    assert found["p50"] == 2.0
    assert found["p90"] == pytest.approx(2.8)  # between the second and the third of three
    assert found["longest"] == 3.0


def test_failed_calls_say_nothing_of_the_endpoint():
    calls = {**CALLS, "outcome": ["failed"] * 4}
    assert latency(calls) == {
        "n": 0, "p50": None, "p90": None, "p99": None, "mean": None, "longest": None,
    }  # fmt: skip
