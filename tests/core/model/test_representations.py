"""Scores of pairs and the border between users and items."""

import torch

from core.model.representations import Representations, score_pairs, split_nodes


def test_score_is_the_dot_product_of_the_matched_rows():
    vectors = Representations(
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    )
    score = score_pairs(vectors, torch.tensor([0, 1, 1]), torch.tensor([2, 0, 1]))
    assert score.tolist() == [6.0, 3.0, 4.0]


def test_scores_of_many_items_per_user_broadcast():
    vectors = Representations(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [10.0]]))
    score = score_pairs(vectors, torch.tensor([[0], [1]]), torch.tensor([[0, 1], [1, 0]]))
    assert score.tolist() == [[1.0, 10.0], [20.0, 2.0]]


def test_users_come_first():
    split = split_nodes(torch.arange(5)[:, None], 2)
    assert split.user.flatten().tolist() == [0, 1]
    assert split.item.flatten().tolist() == [2, 3, 4]
