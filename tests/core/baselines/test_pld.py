import math

import numpy as np
import pytest
import torch

from core.baselines.pld import PLD, OwnItems, PLDConfig, negative_losses
from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.lightgcn import LightGCN
from core.model.representations import Representations
from tests.worlds import pairs

TRAIN = pairs([0, 1, 0, 1, 1], [0, 2, 1, 3, 4], 2, 6)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def model(item_scores):
    """Users at 1, items at given numbers, no propagation: a score is the item's number."""
    made = LightGCN(2, 6, BackboneConfig(embedding_size=1, n_layers=0), seeded())
    made.embedding.data = torch.tensor([1.0, 1.0, *item_scores])[:, None]
    return made


def test_a_pool_holds_items_of_the_user_alone_and_all_of_them_alike():
    items = OwnItems(TRAIN).draw(torch.tensor([0] * 3000 + [1] * 3000), 2, seeded()).numpy()
    assert np.bincount(items[:3000].ravel()) / 6000 == pytest.approx([0.5, 0.5], abs=0.03)
    share = np.bincount(items[3000:].ravel(), minlength=5) / 6000
    assert share == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3], abs=0.03)


def test_an_item_of_the_pool_is_worth_its_negative_bpr_loss():
    found = Representations(torch.ones(1, 1), torch.tensor([[0.0], [1.0], [2.0]]))
    merit = negative_losses(found, torch.tensor([0]), torch.tensor([[1, 2]]), torch.tensor([0]))
    assert merit[0].tolist() == pytest.approx([-math.log1p(math.exp(-x)) for x in (1, 2)])


def test_positives_are_drawn_by_softmax_of_their_negative_loss():
    """Losses of margins 0 and log 3 are log 2 and log 4/3; tau = 1: chances 1/2 : 3/4 = 2 : 3."""
    n = 20_000
    train = pairs(np.zeros(n), np.arange(n) % 2, 1, 3)
    objective = PLD(
        train, normalized_graph(train), 0.0, PLDConfig(pool=2, temperature=1.0, warmup_epochs=0)
    )
    found = Representations(torch.ones(1, 1), torch.tensor([[0.0], [math.log(3.0)], [0.0]]))
    objective.begin_epoch(1, torch.nn.Module(), seeded())
    chosen = objective._choose(found, torch.arange(n), torch.tensor([[0, 1]]).expand(n, 2))
    assert chosen.double().mean().item() == pytest.approx(0.6, abs=0.015)


def test_a_noisy_positive_is_hardly_ever_trained_at_a_low_temperature():
    objective = PLD(TRAIN, normalized_graph(TRAIN), 0.0, PLDConfig(warmup_epochs=0, pool=9))
    made, counts = model([3.0, -3.0, 3.0, 3.0, -3.0, 0.0]), np.zeros(6)
    for epoch in range(1, 40):
        objective.begin_epoch(epoch, made, seeded(epoch))
        objective.loss(made, torch.arange(5))
        counts += np.bincount(objective.item.numpy(), minlength=6)
    assert counts[[1, 4]].sum() <= 0.03 * counts.sum()
    assert counts[5] == 0


def test_the_warm_up_is_plain_bpr_and_every_epoch_starts_from_the_observed_positives():
    objective = PLD(TRAIN, normalized_graph(TRAIN), 0.0, PLDConfig(warmup_epochs=1))
    made = model([3.0, -3.0, 3.0, 3.0, -3.0, 0.0])
    objective.begin_epoch(1, made, seeded())
    objective.loss(made, torch.arange(5))
    assert objective.item.tolist() == TRAIN.item.tolist()
    objective.begin_epoch(2, made, seeded())
    objective.loss(made, torch.arange(5))
    assert objective.item.tolist() != TRAIN.item.tolist()
    objective.begin_epoch(3, made, seeded())
    assert objective.item.tolist() == TRAIN.item.tolist()
