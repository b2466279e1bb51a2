"""Grades beside labels of people, counted by hand."""

from __future__ import annotations

import numpy as np

from core.judge.against_labels import against_labels
from core.types import LABELS, Labels
from tests.judged_pairs import judgements

LOW, MID, HIGH, NONE = 0, 1, 2, -1
JUDGED = judgements(
    [HIGH, HIGH, LOW, MID, HIGH, NONE],
    [HIGH, HIGH, LOW, HIGH, LOW, NONE],
    observed=[True, True, True, True, False, True],
)


def labels(pairs, *, many=(), sampled=()):
    """Labels of items of user 0: item -> label."""
    item = np.array(list(pairs), np.int64)
    return Labels(
        user=np.zeros(len(item), np.int64),
        item=item,
        label=np.array([LABELS.index(name) for name in pairs.values()], np.int8),
        held_out=np.arange(len(item)) % 2 == 0,
        looked_at=~np.isin(item, many),
        sampled=np.isin(item, sampled),
    )


def counts(shares):
    return [(share["n_yes"], share["n"]) for share in shares]


def test_shares_of_genuine_pairs_by_grade_of_each_view():
    found = against_labels(JUDGED, labels({0: "clean", 1: "noisy", 2: "noisy", 3: "hard"}))
    observed = found["all"]["observed"]
    assert counts(observed["user"]) == [(0, 1), (1, 1), (1, 2)]
    assert counts(observed["item"]) == [(0, 1), (0, 0), (2, 3)]
    assert counts(observed["pair"][HIGH]) == [(0, 0), (0, 0), (1, 2)]
    assert counts(observed["pair"][MID]) == [(0, 0), (0, 0), (1, 1)]
    assert observed["user"][HIGH]["low"] < 0.5 < observed["user"][HIGH]["high"]


def test_likes_and_nots_are_of_pairs_that_were_not_observed():
    found = against_labels(JUDGED, labels({4: "not"}))["all"]
    assert counts(found["unobserved"]["user"]) == [(0, 0), (0, 0), (0, 1)]
    assert counts(found["unobserved"]["item"]) == [(0, 1), (0, 0), (0, 0)]
    assert counts(found["observed"]["user"]) == [(0, 0)] * 3


def test_labels_given_to_many_at_once_are_no_evidence():
    found = against_labels(JUDGED, labels({0: "clean", 1: "noisy"}, many=(1,)))
    assert found["n_given_to_many"] == 1
    assert counts(found["all"]["observed"]["user"]) == [(0, 0), (0, 0), (1, 1)]


def test_the_random_order_is_measured_apart():
    found = against_labels(JUDGED, labels({0: "clean", 1: "noisy"}, sampled=(1,)))
    assert counts(found["all"]["observed"]["user"])[HIGH] == (1, 2)
    assert counts(found["random"]["observed"]["user"])[HIGH] == (0, 1)


def test_labels_of_pairs_without_grades_are_counted():
    found = against_labels(JUDGED, labels({5: "clean", 77: "like"}))
    assert found["n_not_judged"] == 2
    assert counts(found["all"]["observed"]["user"]) == [(0, 0)] * 3


def test_another_user_with_the_same_item_is_another_pair():
    said = labels({0: "clean"})
    other = Labels(said.user + 1, said.item, said.label, said.held_out)
    assert against_labels(JUDGED, other)["n_not_judged"] == 1


def test_no_label_and_no_pair_is_no_share():
    assert against_labels(judgements([], []), labels({}))["n_not_judged"] == 0
    assert against_labels(judgements([], []), labels({0: "clean"}))["n_not_judged"] == 1
