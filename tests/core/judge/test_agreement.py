"""Agreement of gradings, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.judge.agreement import agreement, by_group, grade_matrix, kappa, repeatability
from tests.judged_pairs import judgements

LOW, MID, HIGH, NONE = 0, 1, 2, -1


def grades(*values):
    return np.array(values, np.int8)


def test_rows_are_the_first_grade_and_what_one_did_not_grade_is_left_out():
    found = grade_matrix(grades(LOW, HIGH, HIGH, NONE, MID), grades(HIGH, HIGH, LOW, HIGH, NONE))
    assert found.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 1]]


def test_gradings_of_other_pairs_and_unknown_grades_are_refused():
    with pytest.raises(ValueError, match="1 first grades, 2 second"):
        grade_matrix(grades(LOW), grades(LOW, MID))
    with pytest.raises(ValueError, match="not judged"):
        grade_matrix(grades(3), grades(LOW))


def test_kappa_is_agreement_beyond_chance():
    matrix = np.array([[20, 5, 0], [10, 15, 0], [0, 0, 0]])  # the textbook: 0.7 against 0.5
    assert kappa(matrix) == pytest.approx(0.4)


def test_linear_weights_count_neighbouring_grades_half():
    # Both marginals are (1/2, 0, 1/2) and (0, 1/2, 1/2): the first pair differs by one step.
    matrix = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1]])
    # Expected: Low-Mid 1/4 * 0.5, Low-High 1/4 * 1, High-Mid 1/4 * 0.5 = 0.5; seen: 1/2 * 0.5.
    assert kappa(matrix, "linear") == pytest.approx(0.5)
    # Unweighted: expected 3/4, seen 1/2.
    assert kappa(matrix) == pytest.approx(1 / 3)


def test_kappa_of_nothing_or_of_one_grade_alone_is_not_defined():
    assert kappa(np.zeros((3, 3), np.int64)) is None
    assert kappa(np.diag([0, 0, 9])) is None


def test_opposite_grades_are_counted_apart():
    found = agreement(grades(LOW, HIGH, LOW, MID), grades(HIGH, LOW, MID, MID))
    assert found["opposite"]["n_yes"] == 2
    assert found["equal"]["n_yes"] == 1
    assert found["equal"]["n"] == 4


def test_views_are_compared_by_kind_of_pair():
    judged = judgements(
        [HIGH, LOW, MID, MID],
        [HIGH, HIGH, MID, LOW],
        observed=[True, True, False, False],
        control=[False, False, False, True],
    )
    found = by_group(judged)
    assert {name: group["equal"]["n_yes"] for name, group in found.items()} == {
        "all": 2, "observed": 1, "unobserved": 1, "control": 0,
    }  # fmt: skip
    assert found["observed"]["matrix"] == [[0, 0, 1], [0, 0, 0], [0, 0, 1]]


def test_pairs_asked_twice_are_found_in_any_order():
    first = judgements([LOW, MID, HIGH], [LOW, MID, HIGH], user=[0, 0, 1], item=[5, 6, 5])
    second = judgements([HIGH, LOW], [HIGH, MID], user=[1, 0], item=[5, 5])
    found = repeatability(first, second)
    assert found["user"]["equal"]["n_yes"] == 2
    assert found["item"]["equal"]["n_yes"] == 1
    assert found["item"]["matrix"] == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]  # rows: the first asking
    assert found["both"]["n_yes"] == 1
    assert found["n_missing"] == 0


def test_a_pair_that_was_never_asked_before_is_counted_as_missing():
    # User 1 with item 0 is not user 0 with item 7, however the numbers are put together.
    first = judgements([HIGH], [HIGH], user=[0], item=[7])
    second = judgements([HIGH, LOW], [HIGH, LOW], user=[0, 1], item=[7, 0])
    found = repeatability(first, second)
    assert found["both"]["n"] == 1
    assert found["n_missing"] == 1
    assert repeatability(judgements([], []), second)["n_missing"] == 2


def test_a_pair_that_was_not_graded_once_does_not_count():
    first = judgements([HIGH, NONE], [HIGH, NONE])
    found = repeatability(first, judgements([HIGH, NONE], [HIGH, NONE]))
    assert found["both"] == found["both"] | {"n": 1, "n_yes": 1}
