"""k-core and splits against values worked by hand."""

import numpy as np
import pytest

from core.data.split import TEST, TRAIN, VALID, carve_validation, k_core, split_by_order


def test_k_core_falls_like_dominoes():
    # u0-i0 u0-i1 u1-i0 u1-i1 is a square: the 2-core. u2 hangs on i1 and i2; i2 has u2 alone,
    # so i2 goes, then u2 has one item left and goes too.
    user = np.array([0, 0, 1, 1, 2, 2])
    item = np.array([0, 1, 0, 1, 1, 2])
    assert k_core(user, item, 2).tolist() == [True, True, True, True, False, False]


def test_k_core_of_zero_keeps_all_and_a_high_core_keeps_nothing():
    user, item = np.array([0, 1]), np.array([0, 1])
    assert k_core(user, item, 0).all()
    assert not k_core(user, item, 3).any()


@pytest.mark.parametrize(
    ("n", "train", "held"),
    [(1, 1, 0), (2, 2, 0), (3, 1, 1), (4, 2, 1), (5, 3, 1), (7, 5, 1), (8, 4, 2), (10, 6, 2)],
)
def test_a_user_is_split_three_to_one_to_one(n, train, held):
    user = np.zeros(n, dtype=np.int64)
    part = split_by_order(user, np.arange(n))
    assert part.tolist() == [TRAIN] * train + [VALID] * held + [TEST] * held


def test_the_order_decides_which_rows_are_held_out():
    user = np.array([1, 0, 1, 0, 1, 0])
    time = np.array([30, 5, 10, 6, 20, 4])
    part = split_by_order(user, np.lexsort((time, user)))
    assert part.tolist() == [TEST, VALID, TRAIN, TEST, VALID, TRAIN]


def test_validation_is_carved_from_the_end_of_train():
    user = np.array([0, 0, 0, 0, 0, 1, 1])
    part = np.array([TRAIN, TRAIN, TRAIN, TRAIN, TEST, TRAIN, TEST], dtype=np.int8)
    carved = carve_validation(user, part, np.array([3, 4, 2, 1, 0, 5, 6]))
    # Order of user 0's train rows: 3, 2, 1, 0; a quarter of four is the last, row 0.
    assert carved.tolist() == [VALID, TRAIN, TRAIN, TRAIN, TEST, TRAIN, TEST]
