from __future__ import annotations

import math

import pytest

from core.study import statistics as st
from tests.core.study.study_rows import row, table


def cells(values: dict[str, list[float]], **changes) -> list[dict]:
    return [
        row(name, seed, recall20=value, **changes)
        for name, of in values.items()
        for seed, value in enumerate(of)
        if not math.isnan(value)
    ]


def only(frame, **where):
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_a_summary_is_mean_deviation_and_number_of_seeds():
    found = st.summary(table(cells({"bpr": [1.0, 2.0, 3.0], "dcf": [5.0]})), "recall20")
    bpr, dcf = only(found, variant="bpr"), only(found, variant="dcf")
    assert (bpr["n"], bpr["mean"], bpr["sd"]) == (3, 2.0, 1.0)
    assert bpr["low"] < 2.0 < bpr["high"]
    assert (dcf["n"], dcf["mean"]) == (1, 5.0)
    assert math.isnan(dcf["sd"])
    assert math.isnan(dcf["low"])


def test_a_cell_measured_again_replaces_the_old():
    rows = table([*cells({"bpr": [1.0]}), *cells({"bpr": [9.0]}, code="new")])
    assert only(st.summary(rows, "recall20"), variant="bpr")["mean"] == 9.0


def test_what_was_never_measured_gives_an_empty_table_with_its_columns():
    rows = table(cells({"llmhni": [1.0]}))
    for found in (st.summary(rows, "auc_all"), st.paired(rows, "nothing"), st.decline(rows, "x")):
        assert len(found) == 0
        assert {"data", "noise", "variant", "n"} <= set(found.columns)


def test_pairs_are_made_of_the_seeds_that_both_have():
    # Common are seeds 1 and 2: 5 - 1 and 6 - 4. A mean of each alone would say 4 - 2.5.
    rows = table(cells({"llmhni": [1.0, 5.0, 6.0], "bpr": [math.nan, 1.0, 4.0]}))
    found = only(st.paired(rows, "recall20"), variant="bpr")
    assert (found["n"], found["difference"]) == (2, 3.0)
    assert found["low"] >= 2.0


def test_pairs_are_of_the_same_group_alone():
    rows = cells({"llmhni": [5.0, 6.0]}) + cells({"bpr": [1.0, 2.0]}, noise="uniform")
    assert len(st.paired(table(rows), "recall20")) == 0


def test_holm_counts_the_comparisons_of_a_dataset_and_not_those_of_another():
    values = {"llmhni": [2.0, 4.0, 6.0], "bpr": [1.0, 2.0, 3.0], "dcf": [1.0, 2.0, 3.0]}
    rows = cells(values) + cells({"llmhni": [2.0, 4.0, 6.0], "bpr": [1.0, 2.0, 3.0]}, data="other")
    found = st.paired(table(rows), "recall20")
    one = only(found, data="sample", variant="bpr")
    assert one["p_holm"] == pytest.approx(2 * one["p_t"])
    alone = only(found, data="other")
    assert alone["p_holm"] == pytest.approx(alone["p_t"])
    named = st.paired(table(rows), "recall20", against=["dcf"])
    assert only(named)["p_holm"] == pytest.approx(one["p_t"])


def test_recovery_is_a_ratio_of_means_and_no_mean_of_ratios():
    # Gains 1 and 3, gaps 2 and 10: 4 / 12. The ratios alone would average .4.
    rows = cells({"bpr": [0.0, 0.0], "oracle": [2.0, 10.0], "llmhni": [1.0, 3.0]})
    found = only(st.recovered(table(rows), "recall20"))
    assert found["recovered"] == pytest.approx(1 / 3)
    assert (found["variant"], found["n"], found["gap"]) == ("llmhni", 2, 6.0)
    assert found["low"] < 1 / 3 < found["high"]


@pytest.mark.parametrize("oracle", [[-1.0, -2.0, -3.0], [2.0, -1.0, 0.5], [0.0, 0.0, 0.0]])
def test_nothing_is_recovered_of_a_gap_that_is_negative_or_cannot_be_told_from_0(oracle):
    rows = cells({"bpr": [0.0] * 3, "oracle": oracle, "llmhni": [1.0, 1.0, 1.0]})
    found = only(st.recovered(table(rows), "recall20"))
    assert math.isnan(found["recovered"])
    assert math.isfinite(found["gap"])


def test_recovery_uses_the_seeds_that_all_three_have():
    rows = cells({"bpr": [0.0] * 3, "oracle": [2.0, 2.0, 50.0], "llmhni": [1.0, 1.0, math.nan]})
    found = only(st.recovered(table(rows), "recall20"))
    assert (found["n"], found["recovered"]) == (2, 0.5)


def test_what_a_method_is_ahead_without_noise_is_no_recovery():
    # Ahead by 1 of the gap of 2 and by 3 of 10; by 0.5 and 1 where there is no noise: 2.5 / 12.
    rows = cells({"bpr": [0.0, 0.0], "oracle": [2.0, 10.0], "llmhni": [1.0, 3.0]})
    clean = {"bpr": [4.0, 5.0], "llmhni": [4.5, 6.0]}
    rows += cells(clean, noise="none", rate=0.0)
    found = only(st.recovered(table(rows), "recall20", beyond_clean=True), noise="position")
    assert found["recovered"] == pytest.approx(2.5 / 12)
    assert (found["variant"], found["n"], found["gap"]) == ("llmhni", 2, 6.0)


def test_without_rows_of_no_noise_nothing_is_said_of_what_is_left():
    rows = cells({"bpr": [0.0, 0.0], "oracle": [2.0, 10.0], "llmhni": [1.0, 3.0]})
    assert st.recovered(table(rows), "recall20", beyond_clean=True).empty
    half = rows + cells({"llmhni": [4.5, 6.0]}, noise="none", rate=0.0)
    found = st.recovered(table(half), "recall20", beyond_clean=True)
    assert found[found["rate"] > 0].empty


def test_the_decline_is_from_no_noise_to_the_highest_rate_relative_by_seed():
    rows = cells({"bpr": [0.5, 0.4]}, noise="none", rate=0.0)
    rows += cells({"bpr": [0.1, 0.1]}, rate=0.2) + cells({"bpr": [0.4, 0.2]}, rate=0.4)
    found = only(st.decline(table(rows), "recall20"))
    assert (found["noise"], found["rate"], found["n"]) == ("position", 0.4, 2)
    assert found["slope"] == pytest.approx((-0.2 - 0.5) / 2)


def test_natural_noise_and_methods_without_a_start_have_no_decline():
    rows = cells({"bpr": [0.5]}, noise="none", rate=0.0)
    rows += cells({"bpr": [0.4], "dcf": [0.4]}, noise="natural", rate=0.16)
    rows += cells({"dcf": [0.4]}, rate=0.4)
    assert len(st.decline(table(rows), "recall20")) == 0


def test_declines_are_compared_seed_by_seed():
    rows = cells({"llmhni": [1.0, 1.0], "bpr": [1.0, 1.0]}, noise="none", rate=0.0)
    rows += cells({"llmhni": [0.9, 0.8], "bpr": [0.7, 0.7]}, rate=0.4)
    found = only(st.contrast(st.slopes(table(rows), "recall20")))
    assert found["difference"] == pytest.approx(0.15)


def test_the_best_by_loss_is_of_that_family_or_a_cut_by_loss_or_score():
    values = {"llmhni": [9.0], "simgcl": [8.0], "signal:semantic": [7.0]}
    rows = table(cells({**values, "signal:score": [3.0], "dcf": [2.0], "bpr": [5.0]}))
    found = only(st.best_loss_based(rows, "recall20"))
    assert (found["variant"], found["mean"]) == ("signal:score", 3.0)
    rows = table(cells({**values, "signal:score": [3.0], "dcf": [4.0]}))
    assert only(st.best_loss_based(rows, "recall20"))["variant"] == "dcf"


def test_tables_do_not_depend_on_the_order_in_which_cells_finished():
    rows = cells({"llmhni": [1.0, 5.0], "bpr": [2.0, 1.0], "dcf": [0.0, 1.0]})
    one, other = (st.paired(table(part), "recall20") for part in (rows, rows[::-1]))
    assert one.equals(other)
