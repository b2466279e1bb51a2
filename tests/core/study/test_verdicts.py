from __future__ import annotations

import math

import pytest

from core.study.verdicts import FAILS, HOLDS, UNKNOWN, verdicts
from tests.core.study.study_rows import row, study, table

HERE = {"data": "sample", "noise": "position"}


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return study()


def changed(rows, change, **where) -> list[dict]:
    """Rows with a change where all of ``where`` is so."""
    where = {"part": "methods", **where}
    return [
        {**one, **change(one)} if all(one[name] == value for name, value in where.items()) else one
        for one in rows
    ]


def answer(rows, key: str):
    return next(one for one in verdicts(table(rows)) if one.key == key)


def case(rows, key: str, measure: str | None = None):
    return next(
        one
        for one in answer(rows, key).cases
        if (one.data, one.noise) == ("sample", "position") and measure in (None, one.measure)
    )


def shifted(value: float, measure: str = "hard_kept_70"):
    """Sets a measure to a value that varies a little with the seed."""
    return lambda one: {measure: value + 0.01 * one["seed"]}


def test_all_aims_hold_where_llmhni_is_ahead_everywhere(rows):
    assert {one.key: one.outcome for one in verdicts(table(rows))} == dict.fromkeys(
        ("1a", "1b", "2", "3", "4"), HOLDS
    )


def test_a_lead_says_in_how_many_cases_the_corrected_p_agrees(rows):
    found = answer(rows, "2")
    n_sure = sum(one.p < 0.05 for one in found.cases)
    assert found.said == f"holds in 12 of 12 cases, in {n_sure} of them with p < 0.05 (Holm)"
    assert "p <" not in answer(rows, "3").said  # a share has no p
    unsure = changed(
        rows, lambda one: {"recall20": 0.9 + 0.1 * (one["seed"] == 0)}, variant="llmhni"
    )
    assert "in 6 of them" in answer(unsure, "2").said


def test_no_aim_is_answered_without_rows():
    for one in verdicts(table([])):
        assert one.outcome == UNKNOWN
        assert all(each.outcome == UNKNOWN for each in one.cases)


def test_one_case_that_fails_is_enough_for_the_aim_to_fail(rows):
    worse = changed(rows, shifted(0.1), variant="llmhni", **HERE)
    found = answer(worse, "1a")
    assert found.outcome == FAILS
    assert found.said == "holds in 5 of 6 cases"
    assert answer(worse, "1b").outcome == HOLDS


def test_a_rival_that_is_clearly_above_is_named_and_the_case_fails(rows):
    found = case(changed(rows, shifted(0.95), variant="text-only", **HERE), "1a")
    assert (found.outcome, found.rival) == (FAILS, "text-only")
    assert found.high < 0
    assert "behind Text only" in found.note


def test_a_tie_with_a_method_that_goes_by_texts_is_first_enough(rows):
    ours = {one["seed"]: one["hard_kept_70"] for one in rows if is_ours(one)}
    tied = changed(
        rows,
        lambda one: {"hard_kept_70": ours[one["seed"]] + (0.01 if one["seed"] else -0.02)},
        variant="text-only",
        **HERE,
    )
    found = case(tied, "1a")
    assert found.outcome == HOLDS
    assert "interval includes 0 for Text only" in found.note


def test_a_tie_with_a_loss_based_method_is_not(rows):
    ours = {one["seed"]: one["hard_kept_70"] for one in rows if is_ours(one)}
    tied = changed(
        rows,
        lambda one: {"hard_kept_70": ours[one["seed"]] + (0.01 if one["seed"] else -0.03)},
        variant="dcf",
        **HERE,
    )
    found = case(tied, "1a")
    assert found.outcome == FAILS
    assert "not ahead of the best loss-based, DCF" in found.note


def is_ours(one) -> bool:
    return one["variant"] == "llmhni" and one["rate"] == 0.2 and is_here(one)


def is_here(one) -> bool:
    return one["part"] == "methods" and (one["data"], one["noise"]) == ("sample", "position")


def test_above_every_baseline_means_apart_from_each_and_a_tie_is_not(rows):
    ours = {one["seed"]: one["recall20"] for one in rows if is_ours(one)}
    tied = changed(
        rows,
        lambda one: {"recall20": ours[one["seed"]] + (0.001 if one["seed"] else -0.003)},
        variant="simgcl",
        rate=0.2,
        **HERE,
    )
    assert case(tied, "2", "recall20").outcome == FAILS
    assert case(tied, "2", "ndcg20").outcome == HOLDS


def test_the_oracle_and_the_other_llmhni_are_no_rivals(rows):
    more = [row("llmhni-paper", seed, recall20=0.9, ndcg20=0.9, **HERE) for seed in range(3)]
    better = changed(rows, shifted(0.9, "recall20"), variant="oracle", rate=0.2, **HERE) + more
    assert case(better, "2", "recall20").outcome == HOLDS


def test_half_recovered_is_asked_of_the_ratio_and_open_without_a_gap(rows):
    far = changed(rows, shifted(0.9, "recall20"), variant="oracle", rate=0.2, **HERE)
    assert case(far, "3", "recall20").outcome == FAILS
    none = changed(rows, shifted(0.0, "recall20"), variant="oracle", rate=0.2, **HERE)
    found = case(none, "3", "recall20")
    assert found.outcome == UNKNOWN
    assert "no gap" in found.note
    assert answer(none, "3").outcome == UNKNOWN


def test_the_share_that_is_no_lead_without_noise_stands_beside_it(rows):
    bpr = next(one for one in rows if one["variant"] == "bpr" and one["noise"] == "none")
    level = changed(rows, lambda _: {"recall20": bpr["recall20"]}, noise="none", rate=0.0)
    found = case(level, "3", "recall20")
    assert found.beyond == pytest.approx(found.ours)  # ahead of nobody without noise
    ahead = changed(
        level, lambda _: {"recall20": bpr["recall20"] + 0.5}, noise="none", variant="llmhni"
    )
    found = case(ahead, "3", "recall20")
    assert found.outcome == HOLDS
    assert found.beyond < 0.5
    assert answer(ahead, "3").said.startswith("holds in 12 of 12 cases; without the lead")
    gone = [one for one in rows if one["noise"] != "none"]
    assert "not measured" in case(gone, "3", "recall20").note


def test_the_p_of_an_aim_is_the_largest_of_its_rivals_and_no_others(rows):
    before = case(rows, "2", "recall20")
    more = [row("bpr", seed, recall20=0.3, ndcg20=0.3, rate=0.3) for seed in range(3)]
    ours = [row("llmhni", seed, recall20=0.5, ndcg20=0.5, rate=0.3) for seed in range(3)]
    assert case(rows + more + ours, "2", "recall20").p == before.p
    values = (0.9, 0.1, 0.2)  # below in the mean, and unsure
    unsure = changed(
        rows,
        lambda one: {"recall20": one["recall20"] - 0.5 + 0.4 * values[one["seed"]]},
        variant="pld",
        rate=0.2,
        **HERE,
    )
    found = case(unsure, "2", "recall20")
    assert found.rival != "pld"
    assert found.p > before.p


def test_the_decline_counts_at_the_highest_rate_alone(rows):
    flat = changed(rows, shifted(0.9, "recall20"), variant="pld", rate=0.4, **HERE)
    found = case(flat, "4", "recall20")
    assert (found.outcome, found.rival) == (FAILS, "pld")
    lower = [one for one in rows if one["rate"] != 0.4]
    assert answer(lower, "4").outcome == UNKNOWN
    assert answer(lower, "2").outcome == HOLDS


def test_a_claim_about_every_method_is_open_while_one_is_to_be_run(rows):
    found = case([one for one in rows if one["variant"] != "bod"], "2")
    assert found.outcome == UNKNOWN
    assert found.note == "first of 21; not yet measured: BOD"


def test_one_seed_answers_nothing(rows):
    assert {one.outcome for one in verdicts(table(one for one in rows if one["seed"] == 0))} == {
        UNKNOWN
    }


def test_two_seeds_answer_nothing_either(rows):
    few = [one for one in rows if one["seed"] < 2]
    assert {one.outcome for one in verdicts(table(few))} == {UNKNOWN}


def test_a_rival_without_seeds_in_common_keeps_the_claim_open(rows):
    apart = changed(rows, lambda one: {"seed": one["seed"] + 10}, variant="simgcl", rate=0.2)
    found = case(apart, "2", "recall20")
    assert found.outcome == UNKNOWN
    assert found.note.endswith("not yet measured: SimGCL")


def test_a_rival_without_its_value_at_rate_0_keeps_the_claim_on_decline_open(rows):
    left = [one for one in rows if (one["variant"], one["rate"]) != ("pld", 0.0)]
    assert case(left, "4", "recall20").note.endswith("not yet measured: PLD")
    assert case(left, "2", "recall20").outcome == HOLDS


def test_methods_that_need_text_are_waited_for_where_there_is_text(rows):
    left = [one for one in rows if one["variant"] not in ("rlmrec", "llard", "text-only")]
    assert case(left, "2", "recall20").outcome == UNKNOWN


def test_a_blank_cut_by_texts_is_no_sign_of_texts_and_only_noise_that_was_begun_is_asked(rows):
    of_text = ("rlmrec", "llard", "text-only")
    more = [
        {**one, "data": "amazon-book"}
        for one in rows
        if is_here(one) and one["variant"] not in of_text
    ]
    more += [row("signal:semantic", seed, data="amazon-book") for seed in range(3)]
    found = {one.key: one for one in verdicts(table([*rows, *more]))}
    assert {case.data for case in found["1a"].cases} == {"sample", "ml-latest-small"}
    assert [c.noise for c in found["2"].cases if c.data == "amazon-book"] == ["position"] * 2
    assert found["2"].outcome == HOLDS


def test_detection_is_not_asked_of_data_without_texts_and_ranking_is(rows):
    no_text = ("rlmrec", "llard", "text-only")
    more = [
        {**one, "data": "amazon-book"}
        for one in rows
        if one["data"] == "sample" and one["variant"] not in no_text
    ]
    found = {one.key: {each.data for each in one.cases} for one in verdicts(table([*rows, *more]))}
    assert "amazon-book" not in found["1a"]
    assert "amazon-book" in found["2"]
    assert answer([*rows, *more], "2").outcome == HOLDS


def test_a_rival_that_says_nothing_in_most_seeds_keeps_no_claim_open(rows):
    def blank(first):
        return lambda one: {"auc_matched": math.nan} if one["seed"] >= first else {}

    silent = changed(rows, blank(1), variant="random-edits", rate=0.2, **HERE)
    assert case(silent, "1b").outcome == HOLDS
    unfinished = [
        one
        for one in silent
        if (one["variant"], one["rate"], one["seed"]) != ("random-edits", 0.2, 2)
    ]
    assert case(unfinished, "1b").note.endswith("not yet measured: Random edits")
