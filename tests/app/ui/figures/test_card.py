from __future__ import annotations

import pandas as pd

from app.ui import theme
from app.ui.figures import card


def test_moves_add_up_and_point_by_colour_and_side():
    (language, behaviour, together) = card.moves({"Language": -0.5, "Behaviour": 0.75}).data
    assert (language.x[0], behaviour.x[0], together.x[0]) == (-0.5, 0.75, 0.25)
    assert language.marker.color == theme.VERDICT_COLORS["clean"]
    assert behaviour.marker.color == theme.VERDICT_COLORS["noisy"]
    assert together.marker.line.width == 2  # hollow: a sum, not a part
    assert together.text == ("+0.25",)


def test_standing_marks_places_on_strips_whose_red_end_is_noise():
    table = pd.DataFrame(
        {"signal": ["loss", "semantic"], "value": [1.5, 0.25], "below": [0.9, 0.2]}
    )
    strips, marks = card.standing(table, "hard").data
    assert strips.z[0][0] == 0.0  # low loss: genuine
    assert strips.z[1][0] == 1.0  # low semantic relevance: noise
    assert list(marks.x) == [0.9, 0.2]
    assert marks.marker.symbol == theme.VERDICT_SYMBOLS["hard"]


def test_curve_tells_its_lines_apart_without_colour():
    table = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, 0.8], "loss_in_sample": [1.0, 0.2]})
    figure = card.curve(table, table)
    assert [line.name for line in figure.data] == ["all, mean", "in sample", "out of fold"]
    assert len({line.line.dash for line in figure.data}) == 3
