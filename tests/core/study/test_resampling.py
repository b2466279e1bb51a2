from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from core.study.resampling import (
    by_count,
    holm,
    mean_intervals,
    paired_p,
    resamples,
    signed_rank_p,
)


def test_holm_multiplies_the_smallest_by_all_and_never_lets_a_larger_one_fall_below():
    # Sorted .01 .03 .04: .01 * 3, .03 * 2, max(.06, .04 * 1).
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])


def test_holm_passes_over_what_has_no_p_and_stops_at_one():
    found = holm(np.array([math.nan, 0.02, 0.9]))
    assert math.isnan(found[0])
    assert found[1:] == pytest.approx([0.04, 0.9])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_the_bootstrap_of_a_constant_is_that_constant():
    n, mean, low, high = mean_intervals(np.full((1, 5), 0.4))
    assert (n[0], mean[0], low[0], high[0]) == pytest.approx((5, 0.4, 0.4, 0.4))


def test_two_values_have_the_four_resamples_one_can_write_down():
    assert sorted((np.array([0.0, 1.0]) @ resamples(2)).tolist()) == [0.0, 0.5, 0.5, 1.0]
    # 95 % of 0, .5, .5, 1 by linear interpolation: .025 * 3 * .5 above the least.
    _, _, low, high = mean_intervals(np.array([[0.0, 1.0]]))
    assert (low[0], high[0]) == pytest.approx((0.0375, 0.9625))


def test_one_seed_has_a_mean_and_no_interval_and_none_has_nothing():
    n, mean, low, _ = mean_intervals(np.array([[0.3, math.nan], [math.nan, math.nan]]))
    assert n.tolist() == [1, 0]
    assert mean[0] == 0.3
    assert np.isnan([mean[1], low[0], low[1]]).all()


def test_few_seeds_need_no_chance_and_many_take_it_from_the_generator():
    assert np.array_equal(resamples(5), resamples(5, np.random.default_rng(9)))
    assert resamples(5).shape == (5, 5**5)
    one, other = (resamples(8, np.random.default_rng(seed)) for seed in (1, 2))
    assert one.sum(axis=0) == pytest.approx(1.0)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, resamples(8, np.random.default_rng(1)))


def test_the_paired_tests_give_what_was_worked_out_by_hand():
    # 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.464 on 2 degrees of freedom; 2 of 8 signs are as extreme.
    t, wilcoxon = paired_p(np.array([[1.0, 2.0, 3.0]]))
    assert t[0] == pytest.approx(1 - 3.4641 / math.sqrt(3.4641**2 + 2), abs=1e-4)
    assert wilcoxon[0] == pytest.approx(0.25)


def test_wilcoxon_cannot_fall_below_a_sixteenth_with_five_seeds():
    assert paired_p(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]))[1][0] == pytest.approx(0.0625)


def test_equal_and_absent_differences_are_tested_by_all_signs():
    # 0 is left out; 1, 1, -1, 2 have the ranks 2, 2, 2, 4, so W+ = 8 of 10: of 16 signs, 8 or
    # more is reached by all four (10) and by three with the 4 (8, three times): p = 2 * 4 / 16.
    assert signed_rank_p(np.array([[1.0, 1.0, -1.0, 2.0, 0.0]]))[0] == pytest.approx(0.5)


@pytest.mark.parametrize("n", [5, 8, 14])
def test_the_signed_rank_test_is_that_of_scipy(n):
    draws = np.random.default_rng(0).normal(0.3, 1.0, (6, n))
    draws[1], draws[2, :2], draws[3, 1] = np.round(draws[1] * 2), 0.25, 0.0
    draws[1, 0] = 1.0
    # Row by row: beyond 13, scipy lets ties in one row choose the way of all.
    rows = draws if n <= 13 else draws[:1]
    expected = [stats.wilcoxon(row).pvalue for row in rows]
    assert signed_rank_p(rows) == pytest.approx(expected, abs=1e-12)


def test_nothing_is_tested_on_one_seed_or_on_equal_differences():
    t, wilcoxon = paired_p(np.array([[1.0, math.nan, math.nan], [0.1 + 0.2, 0.3, 0.3]]))
    assert np.isnan([*t, *wilcoxon]).all()


def test_rows_are_cut_to_what_they_know_in_order():
    values = np.array([[1.0, math.nan, 3.0], [4.0, 5.0, 6.0], [math.nan, math.nan, math.nan]])
    found = {block.shape[1]: (rows.tolist(), block.tolist()) for rows, block in by_count(values)}
    assert found == {2: ([0], [[1.0, 3.0]]), 3: ([1], [[4.0, 5.0, 6.0]])}
