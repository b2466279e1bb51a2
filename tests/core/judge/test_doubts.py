"""When grades tell nothing: one grade for all, and strangers graded as interactions are."""

from __future__ import annotations

import pytest

from core.judge.doubts import difference, doubts
from core.judge.proportion import proportion


def views(observed, control):
    """Matrices of pairs with so many (low and low, high and high)."""
    found = {
        name: [[low, 0, 0], [0, 0, 0], [0, 0, high]]
        for name, (low, high) in {"observed": observed, "control": control}.items()
    }
    found["all"] = [
        [a + b for a, b in zip(*rows, strict=True)]
        for rows in zip(found["observed"], found["control"], strict=True)
    ]
    return {name: {"matrix": matrix} for name, matrix in found.items()}


def kinds(found):
    return [one["kind"] for one in found]


def test_a_judge_that_tells_strangers_apart_is_not_doubted():
    assert doubts(views((20, 80), (80, 20))) == []


def test_one_grade_for_more_than_95_percent_is_doubted_in_each_view():
    found = doubts(views((4, 196), (4, 0)))  # 196 of 204
    assert kinds(found) == ["one_grade", "one_grade"]
    assert {one["view"] for one in found} == {"user", "item"}
    assert found[0]["grade"] == "High"
    assert found[0]["share"]["n_yes"] == 196
    assert doubts(views((6, 114), (0, 0))) == []  # 95 % itself


@pytest.mark.parametrize("control", [(50, 50), (40, 60), (54, 46)])
def test_strangers_that_are_not_seen_to_be_graded_worse_are_doubted(control):
    found = doubts(views((50, 50), control))
    assert kinds(found) == ["strangers"]
    assert found[0]["difference"]["share"] == pytest.approx((50 - control[1]) / 100)
    assert found[0]["difference"]["low"] <= 0


def test_of_few_pairs_nothing_is_said():
    assert doubts(views((0, 10), (0, 9))) == []
    assert doubts({}) == []
    assert doubts({"all": {"matrix": [[0, 0, 0], [0, 0, 0], [0, 0, 19]]}}) == []


def test_the_interval_of_a_difference_is_that_of_newcombe():
    found = difference(proportion(56, 70), proportion(48, 80))  # his table II, row a
    assert found["share"] == pytest.approx(0.2)
    assert found["low"] == pytest.approx(0.0524, abs=1e-4)
    assert found["high"] == pytest.approx(0.3339, abs=1e-4)
