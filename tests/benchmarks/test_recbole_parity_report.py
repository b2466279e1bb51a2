"""The report beside RecBole, over values whose differences are worked out by hand."""

from __future__ import annotations

import math

import pytest

from benchmarks.recbole_parity_report import compare, grouped, render

MATCHED = {"learning_rate": 0.005, "epochs": 120}


def row(side, seed, recall, method="lightgcn", data="small", **more):
    own = {"recall20_by_us": recall, "ndcg20_by_us": recall / 2} if side == "recbole" else {}
    return {
        "data": data, "method": method, "side": side, "seed": seed, "matched": MATCHED,
        "recall20": recall, "ndcg20": recall / 2, "best_epoch": 50, "n_epochs": 75,
        "epoch_seconds": 0.5, "epoch_cpu_seconds": 0.25, "versions": {side: "1"}, "code": "abc",
        "n_users": 1000, "n_items": 20, "n_train": 3000, "n_valid": 40, "n_test": 50,
        **own, **more,
    }  # fmt: skip


FAR = [row("recbole", 0, 0.5), row("recbole", 1, 0.54), row("ours", 0, 0.6), row("ours", 1, 0.64)]
NEAR = [row("recbole", 0, 0.5), row("recbole", 1, 0.54), row("ours", 0, 0.51), row("ours", 1, 0.57)]


def cells_of(report, start):
    line = next(line for line in report.splitlines() if line.startswith(start))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_sd_is_the_root_of_the_mean_of_both_variances():
    found = compare([3.0, 5.0], [1.0, 5.0])  # variances 2 and 8
    assert found["difference"] == pytest.approx(1.0)
    assert found["sd"] == pytest.approx(math.sqrt(5))


def test_p_is_that_of_welch():
    found = compare([2.0, 4.0], [1.0, 3.0])  # t = 1 / root(1 + 1), two degrees of freedom
    t = 1 / math.sqrt(2)
    assert found["p"] == pytest.approx(1 - t / math.sqrt(t * t + 2))


def test_one_seed_has_no_deviation_to_be_within():
    found = compare([0.6], [0.5])
    assert math.isnan(found["sd"])
    report = render([row("recbole", 0, 0.5), row("ours", 0, 0.6)])
    assert cells_of(report, "| LightGCN | 0.5")[3:] == ["+0.1000", "-", "-", "-"]


def test_a_difference_beyond_one_sd_is_called_so():
    """Both variances are 0.0008, their root is 0.0283; the difference is 0.1."""
    cells = cells_of(render(FAR), "| LightGCN | 0.5")
    assert cells[1:3] == ["0.5200 ± 0.0283 (n = 2)", "0.6200 ± 0.0283 (n = 2)"]
    assert cells[3:6] == ["+0.1000", "0.0283", "**no**"]


def test_a_difference_within_one_sd_is_called_so():
    """Variances 0.0008 and 0.0018: root of 0.0013 is 0.0361; the difference is 0.02."""
    assert cells_of(render(NEAR), "| LightGCN | 0.5")[3:6] == ["+0.0200", "0.0361", "yes"]


def test_cells_of_other_data_or_settings_stand_apart():
    other = [row("ours", 0, 0.1, matched={**MATCHED, "epochs": 5}), row("ours", 0, 0.2, data="big")]
    assert [len(cells) for cells in grouped([*NEAR, *other])] == [4, 1, 1]
    report = render([*NEAR, *other])
    assert report.count("## small: 1,000 users") == 2
    assert report.count("## big: 1,000 users") == 1


def test_a_side_that_is_missing_leaves_no_difference():
    cells = cells_of(render([row("ours", 0, 0.6)]), "| LightGCN | - ")
    assert cells[1:4] == ["- (n = 0)", "0.6000 (n = 1)", "-"]


def test_ours_with_the_contrast_of_recbole_has_a_line_of_its_own():
    form = [row("ours, RecBole's contrast", seed, 0.5, method="sgl") for seed in (0, 1)]
    theirs = [row("recbole", seed, recall, method="sgl") for seed, recall in ((0, 0.5), (1, 0.54))]
    cells = cells_of(render([*theirs, *form]), "| SGL: ours, RecBole's contrast")
    assert cells[1:4] == ["0.5200 ± 0.0283 (n = 2)", "0.5000 ± 0.0000 (n = 2)", "-0.0200"]


def test_the_largest_gap_between_the_two_measures_of_the_same_vectors_is_named():
    rows = [row("recbole", 0, 0.5, recall20_by_us=0.5), row("recbole", 1, 0.5, recall20_by_us=0.25)]
    assert "Recall@20 and ours differ by 2.5e-01 at most" in render(rows)


def test_cells_of_different_code_are_told():
    report = render([row("ours", 0, 0.5), row("ours", 1, 0.5, code="def")])
    assert "different versions of the code" in report
    assert "different versions of the code" not in render(NEAR)


def test_the_comparison_of_simgcl_says_that_it_has_no_published_other_side():
    assert "**no published implementation**" in render([row("ours", 0, 0.5, method="simgcl")])
