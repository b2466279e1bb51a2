"""The report on flipped grades, over rows whose differences are worked out by hand."""

from __future__ import annotations

from benchmarks.hallucination_report import render


def row(seed, flip, on, recall, preset="paper", **more):
    return {
        "seed": seed, "flip": flip, "suppression": on, "preset": preset,
        "recall20": recall, "ndcg20": recall / 2, "bpr_recall20": 0.4, "bpr_ndcg20": 0.2,
        "auc_all": 0.9 - flip, "auc_top_loss": 0.7 - flip, "auc_hard": 0.8 - flip,
        "dropped": {"n": 100, "n_noise": 60, "precision": 0.6 - flip, "recall": 0.3,
                    "hard_lost": 0.1},
        "added": {"n": 40, "n_held_out": 2, "hit_share": 0.05, "by_chance": 0.01},
        "rule_precision": 0.5, "rule_recall": 0.9, "changed_share": flip,
        "judge": "by hand", "seconds": 1.0, "code": "abc", **more,
    }  # fmt: skip


ROWS = [
    row(0, 0.0, True, 0.60), row(0, 0.0, False, 0.58),
    row(1, 0.0, True, 0.62), row(1, 0.0, False, 0.60),
    row(0, 0.2, True, 0.58), row(0, 0.2, False, 0.53),
    row(1, 0.2, True, 0.60), row(1, 0.2, False, 0.53),
]  # fmt: skip


def line_of(report, start):
    return next(line for line in report.splitlines() if line.startswith(start))


def test_the_fall_without_the_contrast_less_the_fall_with_it_is_what_it_repairs():
    line = line_of(render(ROWS), "| 20% flipped")
    # on: 0.58, 0.60; off: 0.53, 0.53; gain 0.05, 0.07; falls 0.02, 0.02 and 0.05, 0.07.
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:4] == ["0.5900 ± 0.0141", "0.5300 ± 0.0000", "0.0600 ± 0.0141"]
    assert cells[5:8] == ["0.0200 ± 0.0000", "0.0600 ± 0.0141", "0.0400 ± 0.0141"]
    assert cells[8] == "0.156"  # t = 0.04 / 0.01 = 4 with one degree of freedom


def test_without_flips_there_is_no_fall():
    line = line_of(render(ROWS), "| 0% flipped")
    assert line.endswith("| - | - | - | - |")


def test_detection_has_one_value_per_seed_whatever_preset_and_contrast():
    rows = [*ROWS, row(0, 0.2, True, 0.5, preset="soft")]
    report = render(rows)
    detection = report[report.index("## Detection") :]
    assert "| 20% | 0.700 ± 0.000 | 0.500 ± 0.000 | 0.600 ± 0.000 |" in detection
    assert "## Preset `soft`" in report


def test_edges_the_judge_dropped_have_their_precision():
    report = render(ROWS)
    assert "| 20% | 100 ± 0 | 0.400 ± 0.000 |" in report
    assert "no precision" in report


def test_what_is_not_known_is_a_dash():
    nothing = {"n": 0, "n_noise": 0, "precision": None, "recall": 0.0, "hard_lost": 0.0}
    report = render([row(0, 0.2, True, 0.5, dropped=nothing, changed_share=None)])
    assert "| 20% | 0 | - | 0.000 | 0.000 | 40 | 0.050 | 0.010 |" in report
    assert "| 20% flipped | 0.5000 | - | - | - | - | - | - | - |" in report


def test_cells_of_different_code_are_said_to_be():
    assert "different versions" not in render(ROWS)
    assert "different versions" in render([*ROWS, row(2, 0.0, True, 0.6, code="xyz")])


def test_nothing_is_invented_where_nothing_is_measured():
    assert render([]) == "Nothing is measured yet.\n"
