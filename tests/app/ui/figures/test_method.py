"""Figures of the Method page, on values worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from app.ui.figures import method as figures
from app.ui.figures import pipeline

EXAMPLE = {
    "base": -2.0,
    "from_language": -0.5,
    "from_behaviour": 1.0,
    "from_grades": 0.0,
    "verdict": "hard",
}


def words(figure):
    return [note.text for note in figure.layout.annotations]


def test_the_waterfall_goes_from_the_average_to_p_noisy():
    figure = figures.waterfall(EXAMPLE, 0.5)
    start, language, behaviour, end = figure.data
    assert start.x[0] == -2.0
    assert (language.base[0], language.x[0]) == (-2.0, -0.5)
    assert (behaviour.base[0], behaviour.x[0]) == (-2.5, 1.0)
    assert end.x[0] == pytest.approx(-1.5)
    assert "−0.50  →  7.6%" in words(figure)
    assert "<b>18.2%</b>  ◆ hard" in words(figure)
    assert "noisy from 50.0%" in words(figure)
    # told apart by more than colour
    assert language.marker.pattern.shape != behaviour.marker.pattern.shape


def test_grades_have_a_row_of_their_own_where_only_some_were_judged():
    figure = figures.waterfall(EXAMPLE | {"from_grades": 0.3}, None)
    assert [trace.y[0] for trace in figure.data] == [
        "Average evidence",
        "Language",
        "Behaviour",
        "Grades alone",
        "P(noisy)",
    ]
    assert not any("noisy from" in text for text in words(figure))


def test_boxes_say_their_time_and_an_unknown_one_is_a_dash():
    boxes = [pipeline.Box(f"Step {n}", f"s{n // 2}", "D", ("1 &lt;b&gt;",)) for n in range(10)]
    figure = pipeline.pipeline(boxes, {"s0": 1.0, "s1": 3.0})
    said = words(figure)
    assert "<b>1  Step 0</b>" in said
    assert {"s0  1.0 s, 25%", "s1  3.0 s, 75%", "s4 –"} <= set(said)
    assert sum(shape.type == "rect" for shape in figure.layout.shapes) == 10


def cells(noise):
    places = [(user, item) for user in range(3) for item in range(3)]
    table = pd.DataFrame(places, columns=["user_grade", "item_grade"])
    return table.assign(n=[10, 0, 0, 0, 20, 0, 0, 0, 70], noise=noise)


def test_the_matrix_shows_the_share_of_planted_noise():
    (heat,) = figures.grade_matrix(cells([5, 0, 0, 0, 5, 0, 0, 0, 7.0])).data
    assert heat.z[0][0] == 0.5
    assert heat.text[0][0] == "<b>10</b><br>50% noise"
    assert heat.text[2][2] == "<b>70</b><br>10% noise"
    assert heat.text[0][1] == "<b>0</b>"  # nobody there: no share


def test_without_truth_the_matrix_shows_shares_of_all():
    (heat,) = figures.grade_matrix(cells(float("nan"))).data
    assert heat.text[2][2] == "<b>70</b><br>70.0%"


def test_calibration_has_its_intervals():
    bins = pd.DataFrame(
        {"bin": [1], "n": [10], "p_noisy": [0.2], "noise": [3], "share": [0.3], "low": [0.1],
         "high": [0.6]}
    )  # fmt: skip
    _, measured = figures.calibration(bins, 0.5).data
    assert measured.error_y.array[0] == pytest.approx(0.3)
    assert measured.error_y.arrayminus[0] == pytest.approx(0.2)
