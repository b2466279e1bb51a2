"""Grades against planted truth, counted by hand."""

from __future__ import annotations

import pytest

from core.evaluation.judge import judge_quality
from core.evaluation.truth import Truth

USER = [0, 2, 2, 1, -1, 2]
ITEM = [0, 2, 1, 2, -1, 2]
TRUTH = Truth(("uniform", "position", "co-click", "", "uniform", "tail"))


def test_grades_are_counted_by_view_for_noise_and_genuine(make_scores):
    found = judge_quality(make_scores(user_grade=USER, item_grade=ITEM), TRUTH)
    assert found["noise"] == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert found["genuine"] == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert found["n_judged"] == 5


def test_dropped_edges_are_the_judged_ones_that_are_not_high_twice(make_scores):
    found = judge_quality(make_scores(user_grade=USER, item_grade=ITEM), TRUTH)
    assert found["n_dropped"] == 3  # rows 0, 2, 3
    assert found["dropped_precision"] == pytest.approx(2 / 3)
    assert found["dropped_recall"] == pytest.approx(2 / 3)  # of rows 0, 1, 2


def test_where_nothing_was_judged_nothing_is_claimed(make_scores):
    scores = make_scores(user_grade=[-1, -1], item_grade=[-1, -1])
    found = judge_quality(scores, Truth(("uniform", "")))
    assert found["noise"] == [[0] * 3] * 3
    assert found["dropped_precision"] is None
    assert found["dropped_recall"] is None


def test_without_noise_no_precision_is_given(make_scores):
    found = judge_quality(make_scores(user_grade=[0], item_grade=[0]), Truth(("",)))
    assert found["dropped_precision"] is None
