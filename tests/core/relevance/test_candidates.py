import numpy as np
import pytest

from core.config import JudgeConfig
from core.relevance import candidates
from core.relevance.candidates import (
    best_history,
    choose_candidates,
    drawn_item,
    low_scored,
    top_unobserved,
)
from core.scoring.stand_ins import Pairs, with_stand_ins
from core.types import Embeddings
from tests.worlds import pairs

TRAIN = pairs([0, 0, 0, 1, 2, 2], [0, 2, 4, 3, 1, 2], 4, 5)
"""User 3 has nothing."""
FOUND = Embeddings(np.float32([[1], [-1], [2], [0.5]]), np.float32([[3], [5], [1], [2], [4]]))
"""User 0 ranks items 1 4 0 3 2, user 1 the other way round, users 2 and 3 like user 0."""
HELD_OUT = Embeddings(np.stack([FOUND.user, -FOUND.user]), np.stack([FOUND.item, FOUND.item]))
"""Backbones of two folds: the first ranks as above, the second the other way round."""


# ---------------------------------------------------------------- low-scored


def test_the_lowest_share_is_marked_as_worked_by_hand():
    score = np.float32([0.3, 0.1, 0.9, 0.5, 0.8, 0.2])
    low = low_scored(TRAIN, score, 0.4)
    # 0.4 of 3 is 2 rounded up: rows 1 and 0; one of one; 0.8 of an interaction is one: row 5.
    assert low.tolist() == [True, True, False, True, False, True]


def test_at_least_one_interaction_of_every_user_is_marked():
    low = low_scored(TRAIN, np.float32([3, 2, 1, 0, 1, 2]), 1e-9)
    assert low.tolist() == [False, False, True, True, True, False]


def test_a_share_that_is_whole_on_paper_is_not_rounded_up():
    user = np.zeros(100, np.int64)  # 0.07 * 100 is 7.000000000000001
    low = low_scored(pairs(user, np.arange(100), 1, 100), np.arange(100, dtype=np.float32), 0.07)
    assert np.flatnonzero(low).tolist() == list(range(7))


def test_ties_mark_the_right_number():
    user = np.repeat([0, 1], 10)
    train = pairs(user, np.tile(np.arange(10), 2), 2, 10)
    low = low_scored(train, np.zeros(20, np.float32), 0.2)
    assert np.bincount(user[low]).tolist() == [2, 2]


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    order = rng.permutation(6)
    score = np.float32([0.3, 0.1, 0.9, 0.5, 0.8, 0.2])
    shuffled = low_scored(TRAIN.select(order), score[order], 0.4)
    np.testing.assert_array_equal(shuffled, low_scored(TRAIN, score, 0.4)[order])


# ---------------------------------------------------------------- high-scored unobserved


def test_the_best_unobserved_items_are_as_worked_by_hand():
    found = top_unobserved(FOUND, TRAIN, 2)
    assert found.tolist() == [[0, 1], [0, 3], [1, 2], [1, 0], [2, 4], [2, 0], [3, 1], [3, 4]]


def test_top_unobserved_items_are_never_observed_and_may_run_out(monkeypatch):
    monkeypatch.setattr(candidates, "USERS_AT_ONCE", 3)
    found = top_unobserved(FOUND, TRAIN, 99)
    keys = found[:, 0] * 5 + found[:, 1]
    assert len(found) == 4 * 5 - len(TRAIN)
    assert len(np.unique(keys)) == len(keys)
    assert not np.isin(keys, TRAIN.key()).any()


def test_none_wanted_gives_none():
    assert top_unobserved(FOUND, TRAIN, 0).shape == (0, 2)


def test_the_scores_are_not_changed():
    before = FOUND.item.copy()
    top_unobserved(FOUND, TRAIN, 3)
    np.testing.assert_array_equal(FOUND.item, before)


# ---------------------------------------------------------------- history


def test_the_history_is_the_best_scored_without_the_target():
    user, item = np.array([0, 0, 1, 2, 3]), np.array([4, 1, 0, 2, 0])
    history = best_history(TRAIN, FOUND, user, item, 2)
    # User 0 has 4, 0, 2 by score, user 1 has 3, user 2 has 1 and 2, user 3 nothing.
    assert history.tolist() == [[0, 2], [4, 0], [3, -1], [1, -1], [-1, -1]]


def test_a_drawn_item_is_one_of_the_user_and_any_of_them():
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(TRAIN.n_users), 60)
    drawn = drawn_item(TRAIN, user, rng)
    for number in range(TRAIN.n_users):
        own = set(TRAIN.item[TRAIN.user == number].tolist())
        assert set(drawn[user == number].tolist()) == (own or {-1})


def test_every_history_is_one_item_short_of_what_the_user_has(chosen):
    judged, history_length = chosen[0], np.bincount(TRAIN.user, minlength=TRAIN.n_users)
    n_listed = (judged.history >= 0).sum(axis=1)
    fewer = np.maximum(history_length[judged.user] - 1, 0)
    wanted = np.minimum(fewer, judged.history.shape[1])
    np.testing.assert_array_equal(n_listed, wanted)


def test_a_target_that_is_the_only_interaction_leaves_no_history():
    assert best_history(TRAIN, FOUND, np.array([1]), np.array([3]), 3).tolist() == [[-1] * 3]


def test_no_history_contains_its_target_whatever_the_length():
    for length in range(1, 7):
        history = best_history(TRAIN, FOUND, TRAIN.user, TRAIN.item, length)
        assert history.shape == (len(TRAIN), length)
        assert not (history == TRAIN.item[:, None]).any()
        n_others = np.bincount(TRAIN.user)[TRAIN.user] - 1
        np.testing.assert_array_equal((history >= 0).sum(axis=1), np.minimum(n_others, length))


# ---------------------------------------------------------------- all together


@pytest.fixture
def chosen():
    rng = np.random.default_rng(0)
    stand_ins = with_stand_ins(TRAIN, np.zeros(6, np.int64), 4, rng)
    low = low_scored(TRAIN, np.float32([0.3, 0.1, 0.9, 0.5, 0.8, 0.2]), 0.2)
    config = JudgeConfig(
        scope="candidates", observed_share=0.2, unobserved=2, controls=1, history_items=2
    )
    return choose_candidates(TRAIN, low, FOUND, HELD_OUT, stand_ins, config, rng), stand_ins, low


def test_candidates_are_low_observed_then_high_unobserved_then_controls(chosen):
    asked, stand_ins, low = chosen
    n_low, n_controls = int(low.sum()), min(4, len(stand_ins) - 6)
    assert (n_low, n_controls) == (3, 4)
    assert asked.observed.tolist() == [True] * 3 + [False] * (8 + n_controls)
    assert asked.control.tolist() == [False] * 11 + [True] * n_controls
    assert asked.user[:3].tolist() == [0, 1, 2]
    assert asked.item[:3].tolist() == [2, 3, 2]
    np.testing.assert_array_equal(
        np.stack([asked.user, asked.item], axis=1)[3:11], top_unobserved(FOUND, TRAIN, 2)
    )


def test_controls_are_distinct_stand_ins(chosen):
    asked, stand_ins, _ = chosen
    key = (asked.user * 5 + asked.item)[asked.control]
    assert len(np.unique(key)) == len(key)
    assert np.isin(key, (stand_ins.user * 5 + stand_ins.item)[6:]).all()
    assert not np.isin(key, TRAIN.key()).any()


def test_histories_never_contain_the_target(chosen):
    asked, _, _ = chosen
    assert asked.history.shape == (len(asked), 2)
    assert not (asked.history == asked.item[:, None]).any()
    for user, history in zip(asked.user, asked.history, strict=True):
        assert set(history[history >= 0]) <= set(TRAIN.item[TRAIN.user == user])


def test_at_the_minimum_one_observed_pair_per_user_is_judged():
    alone = Pairs(TRAIN.user, TRAIN.item, np.zeros(6, np.int64), TRAIN.item, 6)
    config = JudgeConfig(scope="candidates", observed_share=1e-6, unobserved=0, controls=0)
    low = low_scored(TRAIN, np.zeros(6, np.float32), config.observed_share)
    asked = choose_candidates(TRAIN, low, FOUND, HELD_OUT, alone, config, np.random.default_rng(0))
    assert asked.user.tolist() == [0, 1, 2]
    assert asked.observed.all()
    assert not asked.control.any()


def test_too_few_stand_ins_give_fewer_controls():
    item = np.append(TRAIN.item, 3)
    one = Pairs(np.append(TRAIN.user, 3), item, np.zeros(7, np.int64), item, 6)
    config = JudgeConfig(scope="candidates", unobserved=0, controls=5)
    low = np.zeros(6, np.bool_)
    asked = choose_candidates(TRAIN, low, FOUND, HELD_OUT, one, config, np.random.default_rng(0))
    assert (asked.user.tolist(), asked.item.tolist()) == ([3], [3])
    assert asked.control.tolist() == [True]


def test_in_scope_all_every_interaction_and_every_stand_in_is_judged():
    rng = np.random.default_rng(0)
    stand_ins = with_stand_ins(TRAIN, np.zeros(6, np.int64), 4, rng)
    config = JudgeConfig(scope="all", unobserved=2, controls=1)
    asked = choose_candidates(TRAIN, np.zeros(6, np.bool_), FOUND, HELD_OUT, stand_ins, config, rng)
    key = asked.user * 5 + asked.item
    np.testing.assert_array_equal(key[asked.observed], TRAIN.key())
    of_stand_ins = (stand_ins.user * 5 + stand_ins.item)[6:]
    assert sorted(key[asked.control]) == sorted(of_stand_ins)
    assert len(asked) == len(stand_ins) + 8
    assert not (asked.history == asked.item[:, None]).any()


@pytest.mark.parametrize("turned", [0, 1])
def test_the_history_is_ranked_by_a_backbone_that_has_not_seen_the_pair(turned):
    """Row 1 sees user 0's items in the order of the backbone of its fold: 2, 0, 4."""
    rng = np.random.default_rng(0)
    fold = np.where([0, 1, 0, 0, 0, 0], turned, 1 - turned)
    order = [1 - turned, turned]
    held_out = Embeddings(HELD_OUT.user[order], HELD_OUT.item[order])
    pairs_of = Pairs(TRAIN.user, TRAIN.item, fold, TRAIN.item, 6)
    config = JudgeConfig(scope="all", unobserved=1, controls=0, history_items=2)
    low = np.ones(6, np.bool_)
    asked = choose_candidates(TRAIN, low, FOUND, held_out, pairs_of, config, rng)
    assert asked.history[:3].tolist() == [[4, 2], [0, 4], [0, 2]]
    # Unobserved candidates were never trained on: the whole backbone ranks their histories.
    first = np.flatnonzero((asked.user == 0) & ~asked.observed)[0]
    assert asked.history[first].tolist() == [4, 0]
