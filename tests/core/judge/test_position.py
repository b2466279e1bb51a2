"""Position bias, with calls of two targets whose test is the sign test."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from core.judge.position import position_bias

LOW, MID, HIGH, NONE = 0, 1, 2, -1


def calls(*graded):
    """Columns of targets: one tuple of grades per call, in the order of the call."""
    name = [f"call {k}" for k, call in enumerate(graded) for _ in call]
    position = [place for call in graded for place in range(len(call))]
    grade = [value for call in graded for value in call]
    return np.array(name), np.array(position, np.int64), np.array(grade, np.int8)


def test_two_targets_with_one_high_each_are_a_sign_test():
    # 8 of 10 calls have High first: (8 - 5)^2 / (10 / 4) = 3.6, one degree of freedom.
    found = position_bias(*calls(*[(HIGH, LOW)] * 8, *[(LOW, HIGH)] * 2))
    assert found["statistic"] == pytest.approx(3.6)
    assert found["freedom"] == 1
    assert found["p"] == pytest.approx(0.05778, abs=1e-5)


def test_rates_by_place_have_intervals_and_what_the_calls_let_expect():
    first, second = position_bias(*calls(*[(HIGH, LOW)] * 8, *[(LOW, HIGH)] * 2))["places"]
    assert (first["n"], first["low"], first["mid"], first["high"]) == (10, 2, 0, 8)
    assert first["high_share"]["share"] == pytest.approx(0.8)
    assert first["expected_high"] == second["expected_high"] == pytest.approx(0.5)
    assert second["high_share"]["share"] == pytest.approx(0.2)


def test_long_calls_of_other_users_are_no_bias():
    # Late places exist in the calls of a choosy user alone: all Low there, and nothing to compare.
    found = position_bias(*calls(*[(HIGH,)] * 30, *[(LOW, LOW, LOW)] * 30))
    assert [place["high"] for place in found["places"]] == [30, 0, 0]
    assert found["places"][0]["expected_high"] == pytest.approx(0.5)
    assert found["statistic"] is None
    assert found["p"] is None
    assert found["n_calls"] == 30


def test_calls_of_several_lengths_have_the_statistic_of_the_definition():
    graded = [(HIGH, LOW), (LOW, HIGH), (HIGH, MID), (HIGH, LOW, MID), (MID, HIGH, LOW)]
    found = position_bias(*calls(*graded))
    # Every call put in all its orders: mean and covariance of the counts by brute force.
    excess, variance = np.zeros(9), np.zeros((9, 9))
    for call in graded:
        tables = []
        for order in permutations(call):
            table = np.zeros((3, 3))
            table[np.arange(len(order)), list(order)] += 1
            tables.append(table.ravel())
        seen = np.zeros((3, 3))
        seen[np.arange(len(call)), list(call)] += 1
        excess += seen.ravel() - np.mean(tables, axis=0)
        variance += np.cov(np.array(tables).T, bias=True)
    assert found["statistic"] == pytest.approx(excess @ np.linalg.pinv(variance) @ excess)
    assert found["freedom"] == np.linalg.matrix_rank(variance)


def test_without_bias_p_is_rarely_small_and_with_it_always():
    rng = np.random.default_rng(3)
    fair = [tuple(rng.integers(0, 3, 8)) for _ in range(400)]
    biased = [(HIGH, *call[1:]) if rng.random() < 0.2 else call for call in fair]
    assert position_bias(*calls(*fair))["p"] > 0.01
    assert position_bias(*calls(*biased))["p"] < 1e-4


def test_first_less_last_is_the_mean_gap_within_calls():
    found = position_bias(*calls((HIGH, LOW), (MID, MID), (HIGH, LOW, MID)))["first_minus_last"]
    assert found["n"] == 3
    assert found["mean"] == pytest.approx(1.0)  # 2, 0 and 1
    # t(2) at 0.975 is 4.3027, sd 1: half-width 4.3027 / sqrt(3).
    assert found["high"] - found["mean"] == pytest.approx(2.4842, abs=1e-4)


def test_targets_without_a_grade_close_up():
    found = position_bias(*calls((NONE, HIGH, LOW), (NONE, NONE, NONE)))
    assert [place["n"] for place in found["places"]] == [1, 1]
    assert found["places"][0]["high"] == 1


def test_nothing_asked_is_nothing_found():
    found = position_bias(*calls())
    assert found["places"] == []
    assert found["p"] is None
    assert found["first_minus_last"]["mean"] is None
