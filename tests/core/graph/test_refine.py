from dataclasses import replace

import numpy as np
import pytest

from core.graph.refine import (
    ADDED,
    ADDED_WEIGHT,
    DROPPED,
    KEPT,
    LEAST_WEIGHT,
    both_accept,
    refine,
    untouched,
)
from core.types import HIGH, JUDGE, LABELS, LOW, MID, MODEL, PERSON, Judgements, Labels
from tests.worlds import pairs

TRAIN = pairs([0, 0, 0, 1, 1, 2, 2], [0, 1, 2, 0, 3, 1, 2], 3, 5)
P_NOISY = np.float32([0.1, 0.9, 0.6, 0.2, 0.3, 0.99, 0.5])
"""Item 3 has one edge, item 4 none."""
ALL_LOW = np.ones(7, np.bool_)


def judged(*rows):
    """Judgements from (user, item, observed, control, user grade, item grade)."""
    user, item, observed, control, by_user, by_item = zip(*rows, strict=True)
    return Judgements(
        np.array(user),
        np.array(item),
        np.array(observed),
        np.array(control),
        np.array(by_user, dtype=np.int8),
        np.array(by_item, dtype=np.int8),
        ("",) * len(user),
        ("",) * len(user),
        "nobody",
    )


VERDICT = judged(
    (0, 1, True, False, LOW, LOW),  # dropped
    (0, 2, True, False, HIGH, HIGH),  # hard: kept
    (2, 2, True, False, HIGH, MID),  # not both High: dropped
    (0, 3, False, False, HIGH, HIGH),  # hidden like: added
    (1, 4, False, False, HIGH, MID),  # hard negative: ignored
    (2, 4, False, True, HIGH, HIGH),  # a control is never added
)


def test_only_high_from_both_views_is_hard():
    assert both_accept(VERDICT).tolist() == [False, True, False, True, False, True]


def test_paper_drops_and_adds_as_worked_by_hand():
    graph = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, "paper")
    assert graph.user.tolist() == [0, 0, 0, 1, 1, 2, 2, 0]
    assert graph.item.tolist() == [0, 1, 2, 0, 3, 1, 2, 3]
    assert graph.origin.tolist() == [KEPT, DROPPED, KEPT, KEPT, KEPT, KEPT, DROPPED, ADDED]
    assert graph.weight.tolist() == [1, 0, 1, 1, 1, 1, 0, 1]
    assert not graph.rescued.any()
    edges, weight = graph.edges(3, 5)
    assert edges.user.tolist() == [0, 0, 1, 1, 2, 0]
    assert edges.item.tolist() == [0, 2, 0, 3, 1, 3]
    assert (edges.n_users, edges.n_items) == (3, 5)
    assert weight.tolist() == [1] * 6
    assert graph.preset == "paper"


def test_soft_weighs_as_worked_by_hand_and_drops_nothing():
    graph = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, "soft")
    assert graph.origin.tolist() == [KEPT] * 7 + [ADDED]
    expected = [0.9, 0.1, 0.4, 0.8, 0.7, LEAST_WEIGHT, 0.5, ADDED_WEIGHT]
    assert graph.weight.tolist() == pytest.approx(expected, abs=1e-6)
    assert graph.weight.dtype == np.float32
    assert not graph.rescued.any()
    edges, weight = graph.edges(3, 5)
    assert len(edges) == len(weight) == 8


def test_an_added_edge_weighs_the_mean_support_of_both_views_where_it_is_known():
    rows = [(0, 3), (1, 4), (2, 4), (2, 0)]
    support = np.float32([[1.0, 0.02, np.nan, 0.9], [0.9, 0.01, 0.9, 0.3]])
    fits = replace(
        judged(*((u, i, False, False, HIGH, HIGH) for u, i in rows)),
        user_support=support[0],
        item_support=support[1],
    )
    graph = refine(TRAIN, fits, ALL_LOW, P_NOISY, "soft")
    found = dict(zip(zip(graph.user, graph.item, strict=True), graph.weight, strict=True))
    expected = [0.95, LEAST_WEIGHT, ADDED_WEIGHT, 0.6]
    assert [found[row] for row in rows] == pytest.approx(expected)


@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_added_edges_are_never_controls_nor_observed_nor_half_high(preset):
    graph = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, preset)
    added = graph.origin == ADDED
    assert list(zip(graph.user[added], graph.item[added], strict=True)) == [(0, 3)]


def test_interactions_that_are_not_low_scored_are_kept_whatever_their_grades():
    low = np.array([True, False, True, True, True, True, True])
    graph = refine(TRAIN, VERDICT, low, P_NOISY, "paper")
    assert np.flatnonzero(graph.origin == DROPPED).tolist() == [6]
    assert not graph.rescued.any()


def test_a_user_keeps_the_least_noisy_of_all_condemned_edges():
    everything = judged(*((0, item, True, False, LOW, MID) for item in range(3)))
    graph = refine(TRAIN, everything, ALL_LOW, P_NOISY, "paper")
    # Row 0 stands for user 0; items 1 and 2 have user 2.
    assert graph.origin[:3].tolist() == [KEPT, DROPPED, DROPPED]
    assert graph.rescued.tolist() == [True] + [False] * 6
    assert graph.weight[:3].tolist() == [1, 0, 0]


def test_an_item_keeps_its_least_noisy_edge():
    item_two = judged((0, 2, True, False, LOW, LOW), (2, 2, True, False, LOW, LOW))
    graph = refine(TRAIN, item_two, ALL_LOW, P_NOISY, "paper")
    assert graph.rescued.tolist() == [False] * 6 + [True]  # p_noisy 0.5 against 0.6
    assert graph.origin.tolist() == [KEPT, KEPT, DROPPED, KEPT, KEPT, KEPT, KEPT]


def test_the_edge_kept_for_a_user_also_serves_its_item():
    """User 1 loses both edges: the one to item 0 is kept; item 3 then needs the other."""
    both = judged((1, 0, True, False, LOW, LOW), (1, 3, True, False, LOW, LOW))
    graph = refine(TRAIN, both, ALL_LOW, P_NOISY, "paper")
    assert graph.origin[3:5].tolist() == [KEPT, KEPT]
    # Where item 3 has another user, nothing but the user's last edge is kept.
    train = pairs([*TRAIN.user, 2], [*TRAIN.item, 3], 3, 5)
    p_noisy = np.append(P_NOISY, np.float32(0.1))
    again = refine(train, both, np.ones(8, np.bool_), p_noisy, "paper")
    assert again.origin[3:5].tolist() == [KEPT, DROPPED]
    assert again.rescued[3:5].tolist() == [True, False]


def test_an_item_that_a_users_last_edge_serves_needs_no_other():
    """User 0 keeps (0, 2), so the less noisy (2, 2) may go: item 2 has an edge."""
    p_noisy = np.float32([0.9, 0.8, 0.6, 0.2, 0.3, 0.1, 0.5])
    rows = [(0, 0), (0, 1), (0, 2), (2, 2)]
    graph = refine(
        TRAIN, judged(*((u, i, True, False, LOW, LOW) for u, i in rows)), ALL_LOW, p_noisy, "paper"
    )
    assert np.flatnonzero(graph.origin == DROPPED).tolist() == [0, 1, 6]
    assert np.flatnonzero(graph.rescued).tolist() == [2]


def test_nobody_is_left_without_an_edge_whatever_is_condemned():
    rng = np.random.default_rng(0)
    for _ in range(30):
        user, item = np.nonzero(rng.random((8, 9)) < 0.3)
        train = pairs(user, item, 8, 9)
        chosen = rng.random(len(train)) < 0.8
        rows = [(u, i, True, False, LOW, HIGH) for u, i in zip(user, item, strict=True)]
        picked = judged(*[row for row, out in zip(rows, chosen, strict=True) if out])
        p_noisy = rng.random(len(train)).astype(np.float32)
        graph = refine(train, picked, np.ones(len(train), np.bool_), p_noisy, "paper")
        edges, _ = graph.edges(8, 9)
        assert set(edges.user) == set(user)
        assert set(edges.item) == set(item)
        np.testing.assert_array_equal(graph.origin == DROPPED, chosen & ~graph.rescued)
        assert not (graph.rescued & ~chosen).any()


def test_without_denoising_the_refined_graph_is_the_original_one():
    graph = untouched(TRAIN)
    edges, weight = graph.edges(3, 5)
    np.testing.assert_array_equal(edges.key(), TRAIN.key())
    assert weight.tolist() == [1] * 7
    assert set(graph.origin) == {KEPT}


def test_nothing_judged_leaves_the_paper_graph_as_it_was():
    nothing = Judgements(
        *np.zeros((2, 0), np.int64),
        *np.zeros((2, 0), np.bool_),
        *np.zeros((2, 0), np.int8),
        (),
        (),
        "nobody",
    )
    graph = refine(TRAIN, nothing, ALL_LOW, P_NOISY, "paper")
    assert set(graph.origin) == {KEPT}
    assert len(graph.user) == len(TRAIN)


# ---------------------------------------------------------------- what people decided


def said(*rows):
    """Labels from (user, item, label)."""
    user, item, label = zip(*rows, strict=True)
    codes = np.int8([LABELS.index(name) for name in label])
    return Labels(np.array(user), np.array(item), codes, np.zeros(len(rows), np.bool_))


DECIDED = said(
    (0, 0, "noisy"),  # nobody else would drop it
    (0, 1, "clean"),  # the judge would drop it
    (0, 3, "not"),  # the judge would add it
    (1, 4, "like"),  # the judge would not
    (2, 1, "hard"),
)


@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_people_overrule_judge_and_model_in_both_presets(preset):
    graph = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, preset, DECIDED)
    assert list(zip(graph.user, graph.item, strict=True))[7:] == [(1, 4)]  # no (0, 3)
    origin = dict(zip(zip(graph.user, graph.item, strict=True), graph.origin, strict=True))
    weight = dict(zip(zip(graph.user, graph.item, strict=True), graph.weight, strict=True))
    assert (origin[0, 0], weight[0, 0]) == (DROPPED, 0)
    assert (origin[0, 1], weight[0, 1]) == (KEPT, 1)
    assert (origin[2, 1], weight[2, 1]) == (KEPT, 1)
    assert (origin[1, 4], weight[1, 4]) == (ADDED, 1)
    assert not graph.rescued.any()
    # Whom nobody decided about is treated as before: (2, 2) is the judge's to drop.
    assert origin[2, 2] == (DROPPED if preset == "paper" else KEPT)
    assert weight[1, 0] == pytest.approx(1.0 if preset == "paper" else 0.8)


def test_every_edge_says_who_decided_it():
    paper = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, "paper", DECIDED)
    #                   (0,0)   (0,1)   (0,2)  (1,0)  (1,3)  (2,1)   (2,2)  (1,4)
    assert paper.decided_by.tolist() == [
        PERSON, PERSON, JUDGE, MODEL, MODEL, PERSON, JUDGE, PERSON
    ]  # fmt: skip
    soft = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, "soft", said((1, 0, "noisy")))
    #                   train                                       (0,3) by grades
    assert soft.decided_by.tolist() == [MODEL, MODEL, MODEL, PERSON, MODEL, MODEL, MODEL, JUDGE]


def test_a_like_that_the_judge_adds_too_counts_in_full():
    unsure = judged((0, 3, False, False, HIGH, HIGH))
    alone = refine(TRAIN, unsure, ALL_LOW, P_NOISY, "soft")
    assert alone.weight[-1] == ADDED_WEIGHT
    both = refine(TRAIN, unsure, ALL_LOW, P_NOISY, "soft", said((0, 3, "like")))
    assert (len(both.user), both.weight[-1], both.decided_by[-1]) == (8, 1.0, PERSON)


def test_who_is_left_with_nothing_first_gets_back_what_no_person_decided():
    """User 2: the judge drops (2, 1), a person (2, 2); the judge's edge returns, noisy or not."""
    verdict = judged((2, 1, True, False, LOW, LOW))
    graph = refine(TRAIN, verdict, ALL_LOW, P_NOISY, "paper", said((2, 2, "noisy"), (0, 2, "hard")))
    assert graph.origin[5:7].tolist() == [KEPT, DROPPED]
    assert graph.rescued.tolist() == [False] * 5 + [True, False]
    assert graph.weight[5] == 1.0
    assert graph.decided_by[5:7].tolist() == [JUDGE, PERSON]


@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_an_edge_that_a_person_dropped_returns_only_where_there_is_no_other(preset):
    nobody = judged((0, 0, True, False, HIGH, HIGH))
    every = said((2, 1, "noisy"), (2, 2, "noisy"))
    graph = refine(TRAIN, nobody, ALL_LOW, P_NOISY, preset, every)
    assert graph.origin[5:7].tolist() == [KEPT, DROPPED]  # the first of equals
    assert graph.rescued.tolist() == [False] * 5 + [True, False]
    assert graph.weight[5] == np.float32(LEAST_WEIGHT)
    assert graph.decided_by[5:7].tolist() == [PERSON, PERSON]
    # A like gives the user an edge: what a person dropped stays dropped.
    liked = said((2, 1, "noisy"), (2, 2, "noisy"), (2, 4, "like"))
    graph = refine(TRAIN, nobody, ALL_LOW, P_NOISY, preset, liked)
    assert graph.origin[5:].tolist() == [DROPPED, DROPPED, ADDED]
    # Item 3 has one edge and no like.
    graph = refine(TRAIN, nobody, ALL_LOW, P_NOISY, preset, said((1, 3, "noisy")))
    assert (graph.origin[4], graph.weight[4]) == (KEPT, np.float32(LEAST_WEIGHT))


@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_no_label_changes_nothing(preset):
    nothing = Labels(*(np.zeros(0, kind) for kind in (np.int64, np.int64, np.int8, np.bool_)))
    one = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, preset)
    two = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, preset, nothing)
    for name in ("user", "item", "origin", "weight", "rescued", "decided_by"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_random_decisions_keep_everybody_in_the_graph(preset):
    rng = np.random.default_rng(0)
    for _ in range(30):
        key = np.sort(rng.choice(72, size=25, replace=False))
        train = pairs(key // 9, key % 9, 8, 9)
        grades = rng.integers(0, 3, size=(2, 25))
        verdict = judged(
            *(
                (u, i, True, False, a, b)
                for u, i, a, b in zip(train.user, train.item, *grades, strict=True)
            )
        )
        rows = rng.choice(25, size=15, replace=False)
        labels = said(*((train.user[k], train.item[k], LABELS[rng.integers(3)]) for k in rows))
        p_noisy = rng.random(25).astype(np.float32)
        graph = refine(train, verdict, rng.random(25) < 0.8, p_noisy, preset, labels)
        edges, weight = graph.edges(8, 9)
        assert set(edges.user) == set(train.user)
        assert set(edges.item) == set(train.item)
        assert (weight > 0).all()
        place = {pair: k for k, pair in enumerate(zip(train.user, train.item, strict=True))}
        for user, item, label in zip(labels.user, labels.item, labels.label, strict=True):
            k = place[user, item]
            if LABELS[label] == "noisy":
                assert graph.weight[k] == (np.float32(LEAST_WEIGHT) if graph.rescued[k] else 0)
            else:
                assert (graph.origin[k], graph.weight[k]) == (KEPT, 1)


def test_at_least_mid_spares_and_adds_what_high_alone_would_not():
    graph = refine(TRAIN, VERDICT, ALL_LOW, P_NOISY, "paper", accept="mid")
    # (2, 2) and (1, 4) are High and Mid: one stays, the other is added. (0, 1) is Low twice.
    assert graph.origin[:7].tolist() == [KEPT, DROPPED, KEPT, KEPT, KEPT, KEPT, KEPT]
    added = graph.origin == ADDED
    assert sorted(zip(graph.user[added], graph.item[added], strict=True)) == [(0, 3), (1, 4)]
    assert graph.decided_by[6] == JUDGE
