from __future__ import annotations

import math

import pytest

from benchmarks.spread import paired_tests, spread


def test_spread_is_mean_and_sample_deviation_of_what_is_known():
    assert spread([1.0, 2.0, 3.0, None]) == "2.000 ± 1.000"
    assert spread([0.5, math.nan]) == "0.500"
    assert spread([None]) == "-"


def test_paired_tests_give_the_values_worked_out_by_hand():
    # Differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.464 on 2 degrees of freedom.
    t, wilcoxon = paired_tests([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert t == pytest.approx(1 - 3.4641 / math.sqrt(3.4641**2 + 2), abs=1e-4)
    assert wilcoxon == pytest.approx(0.25)  # 2 ** (1 - 3): the least there can be


def test_no_test_is_made_of_one_seed_or_of_equal_differences():
    assert all(map(math.isnan, paired_tests([1.0], [0.5])))
    assert all(map(math.isnan, paired_tests([1.0, 2.0], [1.0, 2.0])))
