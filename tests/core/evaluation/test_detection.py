"""Detection measures against answers worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.detection import (
    detect,
    hard_genuine,
    noise_signals,
    top_loss,
)
from core.evaluation.truth import Truth

NAN = float("nan")
NOISE, TAIL = "uniform", "tail"
# Rows: two noisy, two hard, two easy.
TRUTH = Truth((NOISE, "co-click", TAIL, TAIL, "", ""))
COLUMNS = {
    "loss": [5.0, 3.0, 4.0, 2.0, 1.0, 0.0],
    "score": [0.1, 0.2, 0.1, 0.2, 0.9, 0.8],
    "semantic": [-0.5, 0.1, 0.3, 0.1, 0.2, 0.4],
    "logical": [0.0, NAN, 2.0, NAN, NAN, 0.5],
    "p_noisy": [0.9, 0.4, 0.3, 0.2, 0.1, 0.4],
    "verdict": [2, 0, 1, 1, 0, 2],
}


def rng():
    return np.random.default_rng(7)


@pytest.fixture
def found(make_scores):
    return detect(make_scores(**COLUMNS), TRUTH, rng())


def test_every_auc_is_turned_so_that_one_is_perfect(found):
    # 2 noisy x 4 genuine = 8 pairs.
    assert found["auc_all"] == {
        "loss": 7 / 8,  # only 3.0 < 4.0 is lost
        "score": 6 / 8,  # 0.1 wins 3, ties once; 0.2 wins 2, ties once
        "semantic": 7.5 / 8,  # -0.5 wins 4; 0.1 wins 3, ties once
        "logical": 6 / 8,  # 0 wins 4; Mid wins against 2, ties twice, loses to 0.5
        "p_noisy": 7.5 / 8,  # 0.9 wins 4; 0.4 wins 3, ties once
    }


def test_an_interaction_nobody_judged_counts_as_mid(make_scores):
    signal = noise_signals(make_scores(logical=[0.0, NAN, 2.0]))["logical"]
    assert signal.tolist() == [0.0, -1.0, -2.0]


def test_the_kinds_of_noise_are_measured_one_by_one(found):
    assert found["auc_kind"] == {"uniform": 1.0, "co-click": 3.5 / 4}


def test_noise_against_hard_ones_alone_is_measured(found):
    assert found["auc_hard"]["loss"] == 3 / 4
    assert found["auc_hard"]["p_noisy"] == 1.0


def test_recall_precision_and_kept_shares_follow_the_verdicts(found):
    assert found["noise_recall"] == 0.5
    assert found["precision"] == 0.5
    assert found["hard_kept"] == 1.0
    assert found["counts"] == {
        "interactions": 6,
        "noise": 2,
        "genuine": 4,
        "hard": 2,
        "called_noisy": 2,
        "noise_called_noisy": 1,
        "hard_called_noisy": 0,
        "kinds": {
            "uniform": 1,
            "position": 0,
            "co-click": 1,
            "lookalike": 0,
            "minority": 0,
            "tail": 2,
        },
    }


def test_the_verdicts_are_counted_by_what_they_fell_upon(found):
    assert found["verdicts"] == {
        "clean": {"noise": 1, "hard": 0, "ordinary": 1},
        "hard": {"noise": 0, "hard": 2, "ordinary": 0},
        "noisy": {"noise": 1, "hard": 0, "ordinary": 1},
    }
    # A fifth of six is one: the first.
    assert found["verdicts_top_loss"]["noisy"] == {"noise": 1, "hard": 0, "ordinary": 0}
    assert sum(sum(of.values()) for of in found["verdicts_top_loss"].values()) == 1


def test_the_loss_cut_stops_at_the_same_noise_recall(found, make_scores):
    assert found["hard_kept_by_loss_cut"] == 1.0  # the row of loss 5 is enough
    both = detect(make_scores(**COLUMNS | {"verdict": [2, 2, 1, 1, 0, 0]}), TRUTH, rng())
    assert both["hard_kept_by_loss_cut"] == 0.5  # loss >= 3 takes the hard one of loss 4 along
    assert both["hard_kept"] == 1.0


def test_kept_shares_are_given_at_fixed_recalls(found):
    assert found["hard_kept_at"]["0.5"] == {"p_noisy": 1.0, "loss": 1.0}
    assert found["hard_kept_at"]["0.9"] == {"p_noisy": 1.0, "loss": 0.5}


def test_hard_ones_that_are_not_planted_are_the_genuine_fifth_with_the_lowest_score(make_scores):
    truth = Truth((NOISE,) + ("",) * 10)
    scores = make_scores(score=[0.0, 0.1, 0.9, 0.2, *([0.8] * 7)])
    hard, source = hard_genuine(scores, truth)
    assert source == "lowest score"
    assert np.flatnonzero(hard).tolist() == [1, 3]


def test_the_fifth_of_the_highest_loss_leaves_unknown_losses_out(make_scores):
    scores = make_scores(loss=[NAN, 1.0, 9.0, 3.0, 8.0, 2.0, 0.0, 0.5, 0.6, 0.7, 0.8])
    assert np.flatnonzero(top_loss(scores)).tolist() == [2, 4]


def test_one_class_among_the_highest_losses_gives_none(found):
    # The fifth of six rows is the one of loss 5.
    assert set(found["auc_top_loss"].values()) == {None}
    assert set(found["ci_top_loss"].values()) == {None}


def test_data_without_noise_gives_none_and_no_crash(make_scores):
    found = detect(make_scores(**COLUMNS), Truth(("", "", TAIL, TAIL, "", "")), rng())
    for name in ("auc_all", "auc_top_loss", "auc_matched", "auc_hard", "ci_all"):
        assert set(found[name].values()) == {None}, name
    for name in ("noise_recall", "precision", "hard_kept_by_loss_cut"):
        assert found[name] is None, name
    assert found["hard_kept"] == 1.0
    assert found["auc_kind"] == {}
    json.dumps(found, allow_nan=False)


def test_nothing_called_noisy_has_no_precision_and_keeps_everything(make_scores):
    found = detect(make_scores(**COLUMNS | {"verdict": [0] * 6}), TRUTH, rng())
    assert found["noise_recall"] == 0.0
    assert found["precision"] is None
    assert found["hard_kept"] == found["hard_kept_by_loss_cut"] == 1.0


def test_matching_takes_away_what_only_the_score_knows(make_scores):
    draw = np.random.default_rng(0)
    n_rows = 8000
    score = draw.random(n_rows)
    noise = draw.random(n_rows) < (1 - score) / 2  # noise scores low, and that is all
    copy, other = -score, draw.normal(size=n_rows) + noise
    scores = make_scores(score=score, loss=copy, semantic=-other, p_noisy=other)
    truth = Truth(tuple(NOISE if row else "" for row in noise))
    found = detect(scores, truth, rng())
    assert found["auc_all"]["loss"] > 0.6
    assert found["auc_matched"]["loss"] == pytest.approx(0.5, abs=0.02)
    assert found["auc_matched"]["score"] == pytest.approx(0.5, abs=0.02)
    # Two normal distributions one deviation apart: AUC = Phi(1 / sqrt 2) = 0.760.
    assert found["auc_matched"]["p_noisy"] == pytest.approx(0.760, abs=0.02)


def test_equal_seeds_give_equal_answers(make_scores):
    scores = make_scores(**COLUMNS)
    assert detect(scores, TRUTH, rng()) == detect(scores, TRUTH, rng())


def test_truth_of_another_length_is_a_programming_mistake(make_scores):
    with pytest.raises(ValueError, match="truth of 1 rows"):
        detect(make_scores(loss=[1.0, 2.0]), Truth(("",)), rng())


def test_what_a_label_decided_is_measured_no_more(make_scores):
    """A label on the first and the last row: as if these rows were not there."""
    by_person = np.array([True, False, False, False, False, True])
    found = detect(make_scores(**COLUMNS, by_person=by_person), TRUTH, rng())
    rest = {name: values[1:5] for name, values in COLUMNS.items()}
    expected = detect(make_scores(**rest), Truth(TRUTH.kind[1:5]), rng())
    assert found["counts"].pop("by_person") == 2
    assert found == expected
    assert found["auc_all"]["p_noisy"] == 1.0  # 0.4 above 0.3, 0.2 and 0.1
    assert found["precision"] is None  # both that are called noisy were labelled


def test_what_p_noisy_was_fitted_to_is_measured_no_more(make_scores):
    """Labels on the first and the last row, one of which overruled nothing."""
    scores = replace(
        make_scores(**COLUMNS, by_person=np.array([True, False, False, False, False, False])),
        taught=np.array([True, False, False, False, False, True]),
    )
    found = detect(scores, TRUTH, rng())
    rest = {name: values[1:5] for name, values in COLUMNS.items()}
    assert found["counts"].pop("by_person") == 2
    assert found == detect(make_scores(**rest), Truth(TRUTH.kind[1:5]), rng())
