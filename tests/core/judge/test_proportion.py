"""Wilson intervals against values from the literature and from the formula."""

from __future__ import annotations

import numpy as np
import pytest

from core.judge.proportion import proportion, share_of


def test_the_interval_is_that_of_wilson():
    found = proportion(81, 263)  # Newcombe (1998), table I, method 3
    assert found["share"] == pytest.approx(0.30798, abs=1e-5)
    assert (found["low"], found["high"]) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_none_of_20_may_still_be_one_in_six():
    found = proportion(0, 20)  # Newcombe: 0.0000 to 0.1611
    assert found["low"] == 0.0
    assert found["high"] == pytest.approx(0.1611, abs=5e-5)


def test_all_of_them_ends_at_one():
    assert proportion(7, 7)["high"] == 1.0


def test_nothing_has_no_share():
    assert proportion(0, 0) == {"n": 0, "n_yes": 0, "share": None, "low": None, "high": None}


def test_more_than_all_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        proportion(3, 2)


def test_rows_outside_the_group_do_not_count():
    what, among = np.array([True, True, False, True]), np.array([True, False, True, False])
    assert share_of(what, among)["n_yes"] == 1
    assert share_of(what, among)["n"] == 2
