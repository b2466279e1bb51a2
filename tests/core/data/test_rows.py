"""Filters of numbered rows against values worked by hand."""

import numpy as np

from core.data.rows import Rows, earliest


def rows(time):
    user, item = np.array([0, 0, 1, 0, 0]), np.array([1, 1, 0, 0, 1])
    return Rows(user, item, 2, {"timestamp": np.array(time)}, np.zeros(5, dtype=np.int8))


def test_the_earliest_row_of_a_pair_stays_and_the_file_order_is_kept():
    # The pair (0, 1) is in rows 0, 1 and 4.
    assert earliest(rows([3.0, 2.0, 9.0, 8.0, 1.0])).tolist() == [2, 3, 4]


def test_of_equal_times_the_first_row_stays_and_unknown_times_come_last():
    assert earliest(rows([np.nan, 2.0, np.nan, 8.0, 2.0])).tolist() == [1, 2, 3]
