import numpy as np
import pytest
import torch

from core.baselines.wbpr import WBPR, PopularityDraw
from core.graph.adjacency import normalized_graph
from core.model.sampling import Observed
from tests.worlds import pairs

# Popularity of items 0..4: 2, 3, 1, 0, 1. User 0 has item 1; user 2 has all that was ever chosen.
TRAIN = pairs([0, 1, 1, 2, 2, 2, 2], [1, 0, 1, 0, 1, 2, 4], 3, 5)


def seeded():
    return torch.Generator().manual_seed(0)


def drawn(user, n_draws=40_000):
    items = PopularityDraw(TRAIN).draw(torch.full((n_draws,), user), seeded())
    return np.bincount(items.numpy(), minlength=5) / n_draws


def test_a_negative_is_drawn_in_proportion_to_its_popularity_among_what_the_user_left():
    assert drawn(0) == pytest.approx([2 / 4, 0, 1 / 4, 0, 1 / 4], abs=0.01)
    assert drawn(1) == pytest.approx([0, 0, 1 / 2, 0, 1 / 2], abs=0.01)


def test_where_only_never_chosen_items_are_left_one_of_them_is_drawn():
    assert drawn(2, 50).tolist() == [0, 0, 0, 1, 0]


def test_no_observed_pair_is_drawn_in_a_larger_world():
    rng = np.random.default_rng(3)
    key = np.unique(rng.integers(0, 40 * 30, 500))
    train = pairs(key // 30, key % 30, 40, 30)
    users = torch.arange(40).repeat(200)
    items = PopularityDraw(train).draw(users, seeded())
    assert not bool(Observed(train).contains(users, items).any())
    free = (np.bincount(train.item, minlength=30) > 0).sum()
    assert len(np.unique(items.numpy())) == free


def test_each_epoch_draws_anew_from_the_generator():
    objective = WBPR(TRAIN, normalized_graph(TRAIN), 0.0)
    generator, draws = seeded(), []
    for epoch in (1, 2, 3, 4):
        objective.begin_epoch(epoch, torch.nn.Module(), generator)
        draws.append(objective.negative.tolist())
    assert len({tuple(draw) for draw in draws}) > 1
    objective.begin_epoch(1, torch.nn.Module(), seeded())
    assert objective.negative.tolist() == draws[0]
