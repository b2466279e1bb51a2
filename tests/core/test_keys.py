"""Distinct keys and membership give what NumPy gives."""

import numpy as np
import pytest

from core.keys import among, distinct


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([3, 1, 3, 2], [1, 2, 3]),
        ([], []),
        ([[2, 2], [1, 2]], [1, 2]),
        (["b", "a", "b"], ["a", "b"]),
    ],
)
def test_distinct_keys_are_sorted_and_there_once(keys, expected):
    assert distinct(np.array(keys)).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_both_agree_with_numpy(seed):
    rng = np.random.default_rng(seed)
    keys, known = rng.integers(0, 50, (7, 9)), rng.integers(0, 60, seed * 7)
    np.testing.assert_array_equal(distinct(keys), np.unique(keys))
    np.testing.assert_array_equal(among(keys, known), np.isin(keys, known))


def test_nothing_is_among_no_keys_and_larger_keys_than_all_are_not():
    assert among([1, 2], []).tolist() == [False, False]
    assert among([5, 0, 3], [3, 1]).tolist() == [False, False, True]
    assert among([], [1]).tolist() == []
    assert among(np.array(["ab", "b"]), ["b", "ccc"]).tolist() == [False, True]
