"""Figures of the page Judge show the numbers they were given."""

from __future__ import annotations

import pytest

from app.ui.figures import judge as figures
from core.judge.proportion import proportion


def test_cells_say_count_and_share():
    figure = figures.matrix([[1, 0, 0], [0, 0, 0], [0, 1, 2]], "user's view", "item's view")
    (heat,) = figure.data
    assert heat.z[2][2] == pytest.approx(0.5)
    assert heat.text[2][1] == "1<br>25.0%"
    assert (heat.zmin, heat.zmax) == (0, 0.5)
    assert list(heat.y) == ["Low", "Mid", "High"]


def test_several_matrices_can_share_a_scale_and_an_empty_one_is_drawn():
    assert figures.matrix([[0] * 3] * 3, "a", "b", 0.4).data[0].zmax == 0.4
    assert figures.matrix([[0] * 3] * 3, "a", "b").data[0].zmax == 0.01


def test_places_are_counted_from_one_with_intervals():
    share = proportion(3, 4)
    places = [{"position": k, "n": 4, "high_share": share, "expected_high": 0.5} for k in (0, 1)]
    expected, given = figures.places(places).data
    assert list(given.x) == [1, 2]
    assert list(expected.y) == [0.5, 0.5]
    assert given.error_y.array[0] == pytest.approx(share["high"] - 0.75)
    assert given.error_y.arrayminus[0] == pytest.approx(0.75 - share["low"])


def test_grades_that_nobody_labelled_have_no_point():
    none, one = proportion(0, 0), proportion(1, 2)
    figure = figures.genuine({"user": [none, none, one], "item": [one, none, none]})
    user, item = figure.data
    assert [round(x) for x in user.x] == [2]
    assert [round(x) for x in item.x] == [0]
    assert user.marker.symbol != item.marker.symbol
