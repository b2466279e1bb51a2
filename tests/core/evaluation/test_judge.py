"""Grades against planted truth, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.judge import added_hits, edge_quality, judge_quality
from core.evaluation.truth import Truth
from core.graph.refine import ADDED, DROPPED, KEPT
from core.types import JUDGE, MODEL, PERSON, Interactions

USER = [0, 2, 2, 1, -1, 2]
ITEM = [0, 2, 1, 2, -1, 2]
TRUTH = Truth(("uniform", "position", "co-click", "", "uniform", "tail"))


def test_grades_are_counted_by_view_for_noise_and_genuine(make_scores):
    found = judge_quality(make_scores(user_grade=USER, item_grade=ITEM), TRUTH)
    assert found["noise"] == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert found["genuine"] == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert found["n_judged"] == 5


def test_dropped_edges_are_the_judged_ones_that_are_not_high_twice(make_scores):
    found = judge_quality(make_scores(user_grade=USER, item_grade=ITEM), TRUTH)
    assert found["n_dropped"] == 3  # rows 0, 2, 3
    assert found["dropped_precision"] == pytest.approx(2 / 3)
    assert found["dropped_recall"] == pytest.approx(2 / 3)  # of rows 0, 1, 2


def test_where_nothing_was_judged_nothing_is_claimed(make_scores):
    scores = make_scores(user_grade=[-1, -1], item_grade=[-1, -1])
    found = judge_quality(scores, Truth(("uniform", "")))
    assert found["noise"] == [[0] * 3] * 3
    assert found["dropped_precision"] is None
    assert found["dropped_recall"] is None


def test_without_noise_no_precision_is_given(make_scores):
    found = judge_quality(make_scores(user_grade=[0], item_grade=[0]), Truth(("",)))
    assert found["dropped_precision"] is None


def test_at_least_mid_drops_fewer(make_scores):
    found = judge_quality(make_scores(user_grade=USER, item_grade=ITEM), TRUTH, "mid")
    assert found["n_dropped"] == 1  # row 0, Low twice; it is noise
    assert found["dropped_precision"] == 1.0


# Train rows ann-a, ann-b, bob-b, bob-c; held out are ann-c and bob-a, which is all there is.
EDGE = (np.array([0, 0, 1, 1, 0]), np.array([0, 1, 1, 2, 2]))
TRAIN_TRUTH = Truth(("uniform", "tail", "", "position"))


def edges_of(dataset, origin, decided, truth=TRAIN_TRUTH):
    n = len(origin)
    edge = tuple(numbers[:n] for numbers in EDGE)
    return edge_quality("j", edge, np.array(origin), np.array(decided), dataset, truth)


def test_edges_that_the_judge_dropped_are_set_beside_the_truth(dataset):
    found = edges_of(dataset, [DROPPED, DROPPED, KEPT, KEPT], [JUDGE, JUDGE, JUDGE, MODEL])
    assert found["dropped"] == {
        "n": 2, "n_noise": 1, "precision": 0.5, "recall": 0.5, "hard_lost": 1.0,
    }  # fmt: skip
    assert found["judge"] == "j"


def test_what_a_person_dropped_or_added_is_no_work_of_the_judge(dataset):
    origin = [DROPPED, KEPT, KEPT, DROPPED, ADDED]
    found = edges_of(dataset, origin, [PERSON, MODEL, MODEL, JUDGE, PERSON])
    assert found["dropped"]["n"] == 1
    assert found["dropped"]["precision"] == 1.0
    assert found["added"]["n"] == 0
    assert found["added"]["hit_share"] is None


def test_without_truth_edges_are_counted_and_no_more(dataset):
    found = edges_of(dataset, [DROPPED, KEPT, KEPT, KEPT], [JUDGE] + [MODEL] * 3, truth=None)
    assert found["dropped"]["n"] == 1
    assert {found["dropped"][name] for name in ("precision", "recall", "hard_lost")} == {None}


def test_added_edges_among_held_out_positives_are_hits_and_no_precision(dataset):
    found = edges_of(dataset, [KEPT] * 4 + [ADDED], [MODEL] * 4 + [JUDGE])["added"]
    assert (found["n"], found["n_held_out"], found["hit_share"]) == (1, 1, 1.0)
    assert found["found_share"] == 0.5  # of ann-c and bob-a
    assert found["by_chance"] == 1.0  # both unobserved pairs are held out
    assert found["lift"] == 1.0
    assert "precision" not in found
    assert "no precision" in found["measures"]


def test_hits_by_chance_are_the_share_of_held_out_pairs_among_the_unobserved(dataset):
    wide = Interactions(dataset.train.user, dataset.train.item, 2, 6)
    held = [Interactions(part.user, part.item, 2, 6) for part in (dataset.valid, dataset.test)]
    from_other = type(dataset)(
        "wide", wide, *held, dataset.users, dataset.items, dataset.fingerprint
    )
    added = Interactions(np.array([0, 0, 1, 1]), np.array([2, 5, 4, 5]), 2, 6)
    found = added_hits(added, from_other)
    assert found["by_chance"] == pytest.approx(2 / 8)  # 12 pairs, 4 observed, 2 held out
    assert found["hit_share"] == pytest.approx(1 / 4)
    assert found["lift"] == pytest.approx(1.0)


def test_edges_in_another_order_than_train_are_refused(dataset):
    with pytest.raises(ValueError, match="first 4"):
        edges_of(dataset, [ADDED, KEPT, KEPT, KEPT, KEPT], [JUDGE] * 5)
