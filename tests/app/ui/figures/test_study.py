"""Lines of the page Study over the share of noise."""

from __future__ import annotations

import pandas as pd

from app.ui.figures import study
from app.ui.figures.study_frame import Scale


def drawn(rates_by_method):
    rows = [
        ("uniform", rate, name, "plain", 5, 0.2, 0.19, 0.21)
        for name, rates in rates_by_method.items()
        for rate in rates
    ]
    names = ["noise", "rate", "variant", "family", "n", "mean", "low", "high"]
    table = pd.DataFrame(rows, columns=names)
    figure = study.rates(table, list(rates_by_method), Scale("Recall"), "#000", "source")
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def test_no_line_is_drawn_across_a_rate_that_a_method_lacks():
    lines = drawn({"bpr": [0.0, 0.2, 0.4, 0.6], "dns": [0.0, 0.4, 0.6]})
    assert [(line.name, list(line.x)) for line in lines] == [
        ("BPR (plain)", [0.0, 0.2, 0.4, 0.6]),
        ("DNS", [0.0]),
        ("DNS", [0.4, 0.6]),
    ]
    assert [line.showlegend for line in lines] == [True, True, False]


def test_rates_that_nobody_has_break_no_line():
    (line,) = drawn({"bpr": [0.0, 0.4]})
    assert list(line.x) == [0.0, 0.4]
