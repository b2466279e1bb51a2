from __future__ import annotations

import numpy as np
import pandas as pd

from app.ui.figures import compare as figures


def test_verdicts_flow_from_one_run_to_the_other():
    counts = pd.DataFrame(
        [("clean", "clean", 5), ("hard", "noisy", 2)], columns=["before", "after", "n"]
    )
    (sankey,) = figures.verdict_flows(counts, "#000000", "A", "<B>").data
    assert list(sankey.node.label) == ["● clean 5", "◆ hard 2", "● clean 5", "✕ noisy 2"]
    assert (list(sankey.link.source), list(sankey.link.target)) == ([0, 1], [2, 3])


def test_names_of_the_sides_are_no_html():
    counts = pd.DataFrame([("clean", "clean", 5)], columns=["before", "after", "n"])
    figure = figures.verdict_flows(counts, "#000000", "A", "<b>B</b>")
    assert figure.layout.annotations[1].text == "&lt;b&gt;B&lt;/b&gt;"


def test_edges_that_one_run_does_not_know_are_absent():
    counts = pd.DataFrame([("added", "absent", 3)], columns=["before", "after", "n"])
    (sankey,) = figures.edge_flows(counts, "#000000", "A", "B").data
    assert list(sankey.node.label) == ["+ added 3", "○ absent 3"]


def test_each_run_has_a_line_with_a_dash_of_its_own():
    tables = {letter: pd.DataFrame({"epoch": [1], "value": [0.5]}) for letter in "ABC"}
    lines = figures.curves(tables, "Recall").data
    assert [line.name for line in lines] == ["A", "B", "C"]
    assert len({line.line.dash for line in lines}) == 3


def test_users_without_a_change_have_a_bar_of_their_own():
    lost, same, gained = figures.changes(np.array([-1.0, 0.0, 0.0, 1.0]), "change").data
    assert (sum(lost.y), sum(same.y), sum(gained.y)) == (1, 2, 1)


def test_nobody_who_changed_is_drawn_all_the_same():
    assert figures.changes(np.zeros(0), "change").data[1].name == "about the same (0)"


def test_a_panel_per_verdict_and_one_entry_per_run_in_the_legend():
    table = pd.DataFrame({"verdict": ["clean", "noisy"], "loss": [0.0, 1.0], "share": [0.5, 1.0]})
    figure = figures.losses({"A": table, "B": table}, cumulative=True)
    assert len(figure.data) == 6
    assert [line.name for line in figure.data if line.showlegend] == ["A", "B"]
