from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from app.services.compare.paired import compare, t_quantile, t_two_sided


def test_three_users_who_gained_one_two_and_three():
    found = compare(np.zeros(3), np.array([1.0, 2.0, 3.0]))
    assert (found.n, found.mean_a, found.mean_b, found.difference) == (3, 0.0, 2.0, 2.0)
    # Standard error 1 / sqrt(3); Student's t with 2 degrees of freedom: 4.3027 at 97.5 %.
    assert (found.low, found.high) == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert found.p_t == pytest.approx(0.0742, abs=1e-4)
    assert np.isnan(found.p_wilcoxon)  # too few
    assert (found.gained, found.lost) == (3, 0)


def test_agrees_with_scipy_with_ties_and_zeros():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 5, 200) / 4
    b = np.clip(a + rng.choice([-0.25, 0, 0, 0.25, 0.5], 200), 0, 2)
    found = compare(a, b)
    assert found.p_t == pytest.approx(stats.ttest_rel(b, a).pvalue)
    ranked = stats.wilcoxon(b - a, method="approx", correction=False)
    assert found.p_wilcoxon == pytest.approx(ranked.pvalue)


def test_students_t_is_that_of_scipy():
    for freedom in (1, 2, 5, 30, 599, 59_999):
        assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
        for t in (0.0, 0.1, 1.0, 2.5, 8.0):
            expected = 2 * stats.t.sf(t, freedom)
            assert t_two_sided(t, freedom) == pytest.approx(expected, rel=1e-9)


def test_nobody_and_nobody_who_changed():
    assert compare(np.zeros(0), np.zeros(0)).n == 0
    same = compare(np.ones(20), np.ones(20))
    assert (same.difference, same.p_t, same.gained, same.lost) == (0.0, 1.0, 0, 0)
    assert np.isnan(same.p_wilcoxon)
