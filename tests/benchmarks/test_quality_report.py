from __future__ import annotations

import math

import pytest

from benchmarks.quality_report import paired_tests, render, spread, target_rows


def cell(seed: int, p_noisy: float = 0.8, recall: float = 0.25, **changes) -> dict:
    aucs = {"loss": 0.5, "score": 0.52, "semantic": 0.6, "logical": 0.7, "p_noisy": p_noisy}
    detection = {
        **dict.fromkeys(("auc_all", "auc_top_loss", "auc_matched"), aucs),
        "noise_recall": 0.7,
        "precision": 0.6,
        "hard_kept": 0.9,
        "hard_kept_by_loss_cut": 0.4,
        "hard_kept_at": {"0.7": {"p_noisy": 0.88, "loss": 0.41}},
        "hard_source": "planted",
        "counts": {"noise": 20, "interactions": 100},
    }
    ranking = {"recall20": recall, "bpr_recall20": 0.2, "ndcg20": 0.15, "bpr_ndcg20": 0.15}
    made = {
        "data": "sample",
        "plant": "uniform",
        "seed": seed,
        "n_users": 10,
        "n_items": 20,
        "n_train": 100,
        "detection": detection,
        "ranking": ranking,
        "judge": "evidence judge, no LLM",
        "noise_rate": 0.25,
        "preset": "soft",
        "seconds": {"texts": 2.0, "train": 3.0},
        "device": "cpu",
        "versions": {"python": "3.11", "torch": "2", "numpy": "2"},
        "code": "abc",
    }
    return made | changes


def verdicts(cells, targets=None) -> dict[str, str]:
    return {line[0]: line[3] for line in target_rows(cells, targets or {})}


def test_spread_is_mean_and_sample_deviation_of_what_is_known():
    assert spread([1.0, 2.0, 3.0, None]) == "2.000 ± 1.000"
    assert spread([0.5, math.nan]) == "0.500"
    assert spread([None]) == "-"


def test_paired_tests_give_the_values_worked_out_by_hand():
    # Differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.464 on 2 degrees of freedom.
    t, wilcoxon = paired_tests([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert t == pytest.approx(1 - 3.4641 / math.sqrt(3.4641**2 + 2), abs=1e-4)
    assert wilcoxon == pytest.approx(0.25)  # 2 ** (1 - 3): the least there can be


def test_no_test_is_made_of_one_seed_or_of_equal_differences():
    assert all(map(math.isnan, paired_tests([1.0], [0.5])))
    assert all(map(math.isnan, paired_tests([1.0, 2.0], [1.0, 2.0])))


def test_a_gain_that_is_not_significant_is_missed():
    clear = [cell(k, recall=0.25 + k / 1000) for k in range(3)]
    name = "Recall@20: LLMHNI above plain, paired t p < 0.05"
    assert verdicts(clear)[name] == "met"
    unsure = [cell(k, recall=value) for k, value in enumerate((0.19, 0.23, 0.2))]
    assert verdicts(unsure)[name] == "missed (not significant)"
    assert verdicts(clear[:1])[name] == "missed (no test)"
    assert verdicts([cell(0, recall=0.1)])[name] == "missed"


def test_p_noisy_has_to_beat_the_best_single_signal():
    name = "auc_matched: p_noisy above the best single signal"
    assert verdicts([cell(0, p_noisy=0.71)])[name] == "met"
    assert verdicts([cell(0, p_noisy=0.69)])[name] == "missed"  # logical has 0.70


def test_a_stated_target_is_compared_with_the_mean():
    lines = target_rows([cell(0, 0.7), cell(1, 0.8)], {"auc_all.p_noisy": 0.74, "hard_kept": 0.95})
    assert lines[-2] == ["auc_all.p_noisy ≥ 0.74", "0.750", "1 of 2", "met"]
    assert lines[-1] == ["hard_kept ≥ 0.95", "0.900", "0 of 2", "missed"]


def test_what_was_not_measured_is_neither_met_nor_missed():
    found = verdicts([cell(0, detection=None)], {"hard_kept": 0.5})
    assert found["hard_kept ≥ 0.5"] == "not measured"
    assert found["auc_matched: p_noisy above the best single signal"] == "not measured"


def test_report_lists_all_seeds_and_every_table():
    text = render([cell(4, p_noisy=0.7), cell(1, p_noisy=0.9)], True, {})
    assert "Seeds: 1, 4." in text
    assert "| p_noisy | 0.800 ± 0.141 | 0.800 ± 0.141 | 0.800 ± 0.141 |" in text
    assert "| hard kept at noise recall 0.7, cut by loss | 0.410 ± 0.000 |" in text
    assert "| estimated share of noise | 0.250 ± 0.000 |" in text
    assert "| all | 5.0 ± 0.0 |" in text
    assert "a seed changes the training alone" in text
    assert "cannot fall below 0.5000" in text


def test_report_warns_of_cells_from_different_code():
    assert "measure again" not in render([cell(0), cell(1)], True, {})
    assert "measure again" in render([cell(0), cell(1, code="def")], True, {})


def test_report_without_truth_has_ranking_alone():
    text = render([cell(0, detection=None)], False, {})
    assert "AUC" not in text
    assert "Recall@20" in text


def test_nothing_measured_is_said_so():
    assert render([], True, {}) == "Nothing is measured yet.\n"
