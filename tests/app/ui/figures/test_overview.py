"""Figures of the overview, on values worked by hand."""

from __future__ import annotations

import pandas as pd

from app.services.story import Cut
from app.ui.figures import overview as figures


def test_shares_add_up_to_one():
    figure = figures.verdict_shares({"clean": 6, "hard": 3, "noisy": 1})
    assert [bar.name for bar in figure.data] == ["● clean", "◆ hard", "✕ noisy"]
    assert [bar.x[0] for bar in figure.data] == [0.6, 0.3, 0.1]


def test_loss_lines_are_shares_of_each_verdict_with_empty_bins():
    histogram = pd.DataFrame(
        {
            "bin": [0, 1, 2, 5],
            "left": [1.0, 1.5, 2.0, 3.5],
            "right": [1.5, 2.0, 2.5, 4.0],
            "verdict": ["clean", "clean", "noisy", "noisy"],
            "n": [3, 1, 1, 1],
        }
    )
    clean, noisy = figures.loss_by_verdict(histogram).data
    assert clean.name == "clean (4)"
    assert clean.x.tolist() == [0.5, 1.0, 1.5, 2.0]
    assert clean.y.tolist() == [0.0, 0.75, 0.25, 0.0]
    assert noisy.x.tolist() == [1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
    assert noisy.y.tolist() == [0.0, 0.5, 0.0, 0.0, 0.5, 0.0]
    assert len({line.line.dash for line in (clean, noisy)}) == 2  # not told by colour alone


def test_the_parts_of_a_cut_add_up():
    figure = figures.price({"loss": Cut(10, 3, 4, 6, 5), "verdict": Cut(10, 0, 8, 2, 1)})
    bars = {bar.name: tuple(bar.x) for bar in figure.data}
    assert bars == {"planted noise": (4, 8), "genuine, hard": (5, 1), "genuine, other": (1, 1)}
    assert figure.data[0].y == ("Highest losses", "Verdict noisy")


def test_without_truth_the_cut_is_told_by_grades():
    unknown = Cut(10, 3, None, None, None)
    figure = figures.price({"loss": unknown, "verdict": unknown})
    assert {bar.name: tuple(bar.x) for bar in figure.data} == {
        "both grades High": (3, 3),
        "other": (7, 7),
    }


def test_every_signal_has_a_panel_with_both_sides_and_what_separates_them():
    spread = pd.DataFrame(
        [
            {
                "signal": name,
                "side": side,
                "bin": 0,
                "left": 0.0,
                "width": 1.0,
                "n": 2,
                "share": 1.0,
            }
            for name in figures.PANEL_NAMES
            for side in ("noisy", "other")
        ]
    )
    figure = figures.confusion(spread, {"loss": "AUC 0.50"}, known=True)
    assert len(figure.data) == 10
    assert sum(bool(trace.showlegend) for trace in figure.data) == 2
    assert len({trace.line.dash for trace in figure.data}) == 2  # a second cue beside colour
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "Loss<br><b>AUC 0.50</b>"
    assert titles[4].endswith("<b>–</b>")  # not known


def test_validation_lines_are_of_their_own_training():
    curve = pd.DataFrame({"stage": ["pretrain", "train"], "epoch": [5, 10], "value": [0.1, 0.2]})
    lines = {line.name: (tuple(line.x), tuple(line.y)) for line in figures.validation(curve).data}
    assert lines == {"LLMHNI": ((10,), (0.2,)), "plain": ((5,), (0.1,))}


def test_the_cut_is_told_by_the_grades_that_the_run_accepts():
    unknown = Cut(10, 3, None, None, None)
    figure = figures.price({"loss": unknown, "verdict": unknown}, "both grades at least Mid")
    assert [bar.name for bar in figure.data] == ["both grades at least Mid", "other"]
