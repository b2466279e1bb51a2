"""Ranking metrics against examples worked by hand."""

import math

import numpy as np
import pytest
import torch

from core import top_items
from core.metrics import rank_metrics
from core.types import Interactions
from tests.worlds import pairs


def interactions(pairs, n_users, n_items):
    user, item = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Interactions(user, item, n_users, n_items)


def random_pairs(share, seed, n_users=30, n_items=40):
    user, item = np.nonzero(np.random.default_rng(seed).random((n_users, n_items)) < share)
    return Interactions(user, item, n_users, n_items)


SCORE = np.array([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 1.0, 0.0, 0.0]])
ITEM_REP = np.eye(5)
NONE = interactions([], 3, 5)


def test_recall_and_ndcg_by_hand():
    train = interactions([(0, 0), (1, 4)], 3, 5)
    held_out = interactions([(0, 1), (0, 4), (1, 2)], 3, 5)
    result = rank_metrics(SCORE, ITEM_REP, train, held_out, ks=(1, 2, 4))
    # User 0 ranks 1 2 3 4 with hits at places 1 and 4; user 1 ranks 3 2 1 0, hit at place 2.
    assert result.user.tolist() == [0, 1]
    assert result.user_recall[1].tolist() == [0.5, 0.0]
    assert result.user_recall[2].tolist() == [0.5, 1.0]
    assert result.user_recall[4].tolist() == [1.0, 1.0]
    second, fourth = 1 / math.log2(3), 1 / math.log2(5)
    assert result.user_ndcg[1].tolist() == pytest.approx([1.0, 0.0])  # ideal is min(2, 1) hits
    assert result.user_ndcg[2].tolist() == pytest.approx([1 / (1 + second), second])
    assert result.user_ndcg[4].tolist() == pytest.approx([(1 + fourth) / (1 + second), second])
    assert result.recall == pytest.approx({1: 0.25, 2: 0.75, 4: 1.0})
    assert result.summary()["recall@2"] == pytest.approx(0.75)
    assert result.summary()["ndcg@1"] == pytest.approx(0.5)


def test_each_user_comes_with_the_number_of_items_held_out():
    held_out = pairs([2, 0, 2, 2], [0, 1, 1, 1], 3, 4)  # one of them twice
    nothing = pairs([], [], 3, 4)
    found = rank_metrics(np.eye(3, 2), np.eye(4, 2), nothing, held_out)
    assert found.user.tolist() == [0, 2]
    assert found.n_held_out.tolist() == [1, 2]


def test_train_positives_do_not_compete_and_validation_only_when_asked():
    held_out = interactions([(0, 2)], 3, 5)
    train, valid = interactions([(0, 0)], 3, 5), interactions([(0, 1)], 3, 5)
    assert rank_metrics(SCORE, ITEM_REP, NONE, held_out, (2,)).recall == {2: 0.0}
    assert rank_metrics(SCORE, ITEM_REP, train, held_out, (2,)).recall == {2: 1.0}
    assert rank_metrics(SCORE, ITEM_REP, train, held_out, (1,)).recall == {1: 0.0}
    assert rank_metrics(SCORE, ITEM_REP, train, held_out, (1,), valid).recall == {1: 1.0}


def test_equal_scores_rank_by_item_number():
    flat = np.zeros((3, 5))
    for item in range(5):
        result = rank_metrics(flat, ITEM_REP, NONE, interactions([(0, item)], 3, 5), (3,))
        assert result.recall == {3: 1.0 if item < 3 else 0.0}
    # User 2: item 2 alone on top, then 0 and 1 of the four tied ones.
    for item, place in [(2, 1), (0, 2), (1, 3)]:
        result = rank_metrics(SCORE, ITEM_REP, NONE, interactions([(2, item)], 3, 5), (3,))
        assert result.ndcg[3] == pytest.approx(1 / math.log2(place + 1))


def test_a_tie_at_the_cut_off_is_settled_by_item_number():
    score, item_rep = np.zeros((1, 1000)), np.eye(1000)
    score[0, 500:502] = [1.0, 2.0]
    none = interactions([], 1, 1000)
    for item, recall in [(0, 1.0), (1, 0.0), (999, 0.0), (500, 1.0), (501, 1.0)]:
        result = rank_metrics(score, item_rep, none, interactions([(0, item)], 1, 1000), (3,))
        assert result.recall == {3: recall}


def test_a_masked_item_is_never_found_even_when_nothing_else_is_left():
    train = interactions([(0, item) for item in range(5)], 3, 5)
    result = rank_metrics(SCORE, ITEM_REP, train, interactions([(0, 0)], 3, 5), (5, 20))
    assert result.recall == {5: 0.0, 20: 0.0}


def test_a_cut_off_beyond_the_catalogue_finds_everything():
    result = rank_metrics(SCORE, ITEM_REP, NONE, interactions([(0, 4), (1, 0)], 3, 5))
    assert result.recall == {5: 1.0, 10: 1.0, 20: 1.0}


def test_repeats_of_a_held_out_pair_count_once():
    held_out = interactions([(0, 0), (0, 0), (0, 4)], 3, 5)
    assert rank_metrics(SCORE, ITEM_REP, NONE, held_out, (1,)).recall == {1: 0.5}


def test_nobody_to_evaluate_is_not_known():
    result = rank_metrics(SCORE, ITEM_REP, NONE, NONE, (5,))
    assert len(result.user) == len(result.user_recall[5]) == 0
    assert math.isnan(result.recall[5])


def plain_metrics(score, train, held_out, k):
    """Mean recall and NDCG with sets and loops."""
    recalls, gains = [], []
    for user in range(held_out.n_users):
        wanted = set(held_out.item[held_out.user == user].tolist())
        if not wanted:
            continue
        owned = set(train.item[train.user == user].tolist())
        order = sorted(set(range(held_out.n_items)) - owned, key=lambda i: (-score[user, i], i))
        places = [place for place, item in enumerate(order[:k]) if item in wanted]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
        recalls.append(len(places) / len(wanted))
        gains.append(sum(1 / math.log2(place + 2) for place in places) / ideal)
    return np.mean(recalls), np.mean(gains)


@pytest.mark.parametrize("scores_at_once", [1, 200, 2**23])
def test_blocks_of_users_agree_with_plain_loops(monkeypatch, scores_at_once):
    monkeypatch.setattr(top_items, "SCORES_AT_ONCE", scores_at_once)
    source = np.random.default_rng(0)
    user_rep, item_rep = source.integers(-2, 3, (30, 3)), source.integers(-2, 3, (40, 3))
    user_rep, item_rep = user_rep.astype(np.float32), item_rep.astype(np.float32)  # many ties
    train, held_out = random_pairs(0.3, 1), random_pairs(0.08, 2)
    held_out = held_out.select(~np.isin(held_out.key(), train.key()))
    result = rank_metrics(user_rep, item_rep, train, held_out)
    for k in (5, 10, 20):
        recall, ndcg = plain_metrics(user_rep @ item_rep.T, train, held_out, k)
        assert result.recall[k] == pytest.approx(recall, rel=1e-6)
        assert result.ndcg[k] == pytest.approx(ndcg, rel=1e-6)


def test_tensors_and_arrays_give_the_same():
    source, held_out = np.random.default_rng(0), random_pairs(0.1, 3)
    user_rep, item_rep = source.random((30, 4), np.float32), source.random((40, 4), np.float32)
    none = interactions([], 30, 40)
    by_array = rank_metrics(user_rep, item_rep, none, held_out)
    tensor = torch.from_numpy(user_rep).requires_grad_()
    by_tensor = rank_metrics(tensor, torch.from_numpy(item_rep), none, held_out)
    assert by_array.summary() == by_tensor.summary()


def test_unusable_arguments_are_refused():
    held_out = interactions([(0, 0)], 3, 5)
    with pytest.raises(ValueError, match="need 3 and 5"):
        rank_metrics(ITEM_REP, SCORE, NONE, held_out)
    with pytest.raises(ValueError, match="not finite"):
        rank_metrics(SCORE * np.nan, ITEM_REP, NONE, held_out)
    with pytest.raises(ValueError, match="cut-offs"):
        rank_metrics(SCORE, ITEM_REP, NONE, held_out, ())
