from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services.data_map import Cells, Sample
from app.services.loss_cut import Outcome, Outcomes
from app.services.losses import GENUINE
from app.ui import theme
from app.ui.figures import data_map, loss_curves, loss_cut, loss_lines, losses


def shapes(form=loss_lines.DENSITY, n_epochs=3, groups=("clean", "hard"), log=False):
    points = 4
    x = np.linspace(0.5, 2.0, points + (form == loss_lines.HISTOGRAM))
    y = np.ones((n_epochs, len(groups), points)) / points
    y[0] *= 50  # at first, one high peak
    return loss_lines.Shapes(
        form, np.arange(n_epochs) * 5 + 1, groups, (7,) * len(groups), x, y, log, "Loss"
    )


@pytest.mark.parametrize("form", loss_lines.FORMS)
def test_every_epoch_is_a_frame_and_a_step_of_the_slider(form):
    figure = losses.by_epoch(shapes(form), {}, ["one", "two", "three"])
    assert [frame.name for frame in figure.frames] == ["1", "6", "11"]
    steps = figure.layout.sliders[0].steps
    assert [step.args[0][0] for step in steps] == ["1", "6", "11"]
    assert steps[1].label == "6 of 11  ·  two"
    assert all(len(frame.data) == len(figure.data) == 2 for frame in figure.frames)
    assert all(len(line.x) == len(line.y) for line in figure.data)


def test_the_axes_are_made_for_the_epochs_after_the_first_peak():
    figure = losses.by_epoch(shapes(), {})
    assert figure.layout.yaxis.range == pytest.approx((0, 1.08 * 0.25))
    assert losses.by_epoch(shapes(loss_lines.CUMULATIVE), {}).layout.yaxis.range == (0, 1.02)


def test_a_logarithmic_axis_is_given_in_powers():
    assert losses.by_epoch(shapes(log=True), {}).layout.xaxis.range == pytest.approx(
        (np.log10(0.5), np.log10(2.0))
    )


def test_many_epochs_are_thinned_with_the_first_and_the_last():
    shown = losses.frames_of(75)
    assert (shown[0], shown[-1], len(shown)) == (0, 74, losses.MOST_FRAMES)
    assert losses.frames_of(3).tolist() == [0, 1, 2]
    assert losses.frames_of(1).tolist() == [0]


def test_groups_are_told_apart_by_color_and_dash():
    planted = {"minority": "hard", "tail": "hard"} | dict.fromkeys("abcd", "noise")
    found = loss_lines.styles((*theme.VERDICT_COLORS, GENUINE), planted)
    kinds = [found[name] for name in (*planted, GENUINE)]
    assert len({color for color, _ in kinds}) == len({dash for _, dash in kinds}) == 7
    assert not {color for color, _ in kinds} & set(theme.VERDICT_COLORS.values())
    assert found["hard"] == (theme.VERDICT_COLORS["hard"], theme.VERDICT_DASHES["hard"])


KINDS = {"tail": "hard", "<i>a": "noise", "b": "noise", "c": "noise"}


@pytest.mark.parametrize("form", loss_lines.FORMS)
def test_many_kinds_get_a_panel_each_with_the_others_behind(form):
    found = shapes(form, groups=(GENUINE, *KINDS))
    figure = losses.by_epoch(found, KINDS)
    assert [line.text for line in figure.data] == [
        text for name in ("tail", "&lt;i&gt;a", "b", "c") for text in (GENUINE, name)
    ]
    assert len({line.xaxis for line in figure.data}) == 4
    assert figure.data[0].xaxis == figure.data[1].xaxis  # a kind and what is behind it
    titles = [title.text for title in figure.layout.annotations]
    assert "◆ tail (7)" in titles[0]
    assert "✕ &lt;i&gt;a (7)" in titles[1]
    for frame in figure.frames:
        assert [len(line.y) for line in frame.data] == [len(line.y) for line in figure.data]
    assert not any(line.showlegend for line in figure.data)


def test_few_groups_share_one_panel_and_a_high_group_behind_does_not_set_the_axis():
    assert loss_lines.panels(("clean", "hard", "noisy", "review list")) == ((0, 1, 2, 3),)
    assert loss_lines.panels("abcde") == ((0, 1), (0, 2), (0, 3), (0, 4))
    found = shapes(groups=(GENUINE, *KINDS))
    found.y[:, 0] *= 9
    assert losses.by_epoch(found, KINDS).layout.yaxis.range == pytest.approx((0, 1.08 * 0.25))


def test_the_cut_is_marked_in_every_panel():
    figure = losses.final(shapes(n_epochs=1, groups=(GENUINE, *KINDS)), KINDS, 0.9)
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert {(line.x0, line.xref) for line in lines} == {(0.9, f"x{n}") for n in ("", 2, 3, 4)}


def test_names_of_kinds_are_not_read_as_html():
    figure = losses.by_epoch(shapes(groups=("<b>x",)), {"<b>x": "noise"})
    assert figure.data[0].name == "&lt;b&gt;x (7)"


def test_the_cut_is_marked_and_stays_on_the_picture():
    line = losses.final(shapes(n_epochs=1), {}, 9.0).layout.shapes[-1]
    assert (line.x0, line.x1) == (2.0, 2.0)
    text = losses.final(shapes(n_epochs=1), {}, 0.9).layout.annotations[0].text
    assert text == "dropped above 0.900 →"


def test_the_tradeoff_marks_all_three_ways():
    curves = pd.DataFrame(
        {"signal": ["loss", "p_noisy"], "removed": [0.5, 0.5], "kept": [0.4, 0.8], "value": [1, 2]}
    )
    ways = (Outcome(5, 0.5, 0.1, 0.6), Outcome(5, 0.7, 0.1, 0.3), Outcome(4, 0.6, 0.1, 0.2))
    figure = loss_cut.tradeoff(curves, Outcomes(*ways))
    *_, joined, cut, as_many, verdict = figure.data
    assert (cut.x[0], cut.y[0]) == pytest.approx((0.5, 0.4))
    assert (as_many.x[0], as_many.y[0]) == pytest.approx((0.7, 0.7))
    assert (verdict.x[0], verdict.y[0]) == pytest.approx((0.6, 0.8))
    assert joined.x == pytest.approx((0.5, 0.7))  # the two of equal size
    assert [one.name[-3:] for one in (cut, as_many, verdict)] == ["(5)", "(5)", "(4)"]


SAMPLE = Sample(
    pd.DataFrame(
        {
            "row": [10, 11, 12],
            "verdict": ["hard", "clean", "clean"],
            "x": [0.1, 0.2, 0.3],
            "y": [1.0, 2.0, 3.0],
            "user_id": ["<i>u</i>", "v", "w"],
            "title": ["<b>Bambi</b>", "Dune", "Alien"],
            "p_noisy": [0.1, 0.2, 0.3],
        }
    ),
    {"clean": 50, "hard": 1},
)


def test_points_carry_their_number_and_titles_are_plain():
    figure = data_map.points(SAMPLE, ["clean", "hard"], "key")
    assert [trace.name for trace in figure.data] == ["clean (2 of 50)", "hard (1)"]
    assert np.ravel(figure.data[0].customdata).tolist() == [11, 12]
    assert figure.data[1].text[0].startswith("&lt;i&gt;u&lt;/i&gt; → &lt;b&gt;Bambi&lt;/b&gt;")
    assert len(data_map.points(SAMPLE, ["hard"], "key").data) == 1


def test_the_density_has_a_panel_per_verdict_on_the_same_axes():
    counts = np.zeros((3, 2, 2), int)
    counts[0, 0, 1], counts[0, 1, 1] = 9, 1
    edges = np.array([0.0, 1.0, 2.0])
    figure = data_map.density(Cells(edges, edges, counts), ["clean", "hard"], SAMPLE, "key")
    panels = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [title.text for title in figure.layout.annotations] == ["● clean (10)", "◆ hard (0)"]
    assert panels[0].z[0, 1] == pytest.approx(np.log10(0.9))
    assert np.isnan(panels[1].z).all()


def test_curves_are_numbered_at_their_ends():
    chosen = pd.DataFrame(
        {
            "row": [5, 6],
            "number": [1, 2],
            "verdict": ["hard", "noisy"],
            "user_id": ["u", "u"],
            "title": ["<b>x", "y"],
        }
    )
    lines = pd.DataFrame({"row": [5, 5, 6, 6], "epoch": [1, 2] * 2, "loss": [1.0, 2.0, 1.0, 2.01]})
    figure = loss_curves.curves(chosen, lines, np.array([1, 2]), np.ones((2, 3, 3)), "Loss")
    assert "&lt;b&gt;x" in figure.data[-4].text[0]
    marks = {mark.text: (mark.x, mark.y) for mark in figure.layout.annotations}
    one, two = marks["<b>1</b>"], marks["<b>2</b>"]
    assert two[1] - one[1] == pytest.approx(0.045 * 2.01)
    leads = figure.data[-2:]  # from the end of each curve to its number
    assert (leads[0].x[:2], leads[0].y[:2]) == ((2.0, one[0]), (2.0, one[1]))
    assert (leads[1].x[:2], leads[1].y[:2]) == ((2.0, two[0]), (2.01, two[1]))


@pytest.mark.parametrize(
    ("heights", "apart"),
    [
        ([1.0, 5.0], [1.0, 5.0]),
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]),
        ([0.0, 3.0, 3.5], [0.0, 2.75, 3.75]),
        ([], []),
    ],
)
def test_numbers_are_moved_apart_around_their_middle(heights, apart):
    assert loss_curves.spread(heights, 1.0) == pytest.approx(apart)
