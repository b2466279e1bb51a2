import math

import numpy as np
import pytest
import torch

from core.baselines.sgl import SGL, SGLNodeSettings, SGLSettings, drop_nodes
from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.lightgcn import LightGCN
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

USER, ITEM = np.nonzero((np.arange(12)[:, None] + np.arange(9)) % 2)
TRAIN = pairs(USER, ITEM, 12, 9)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def started(settings, train=TRAIN, n_layers=1):
    model = LightGCN(
        train.n_users,
        train.n_items,
        BackboneConfig(embedding_size=2, n_layers=n_layers, init_std=1.0),
        seeded(),
    )
    objective = SGL(inputs_of(train), settings)
    objective.begin_epoch(1, model, seeded(1))
    return objective, model


def test_a_dropped_node_takes_all_its_edges_along_and_the_rest_is_normalised_again():
    view = drop_nodes(normalized_graph(TRAIN), 0.3, seeded(2))
    keep = torch.rand(21, generator=seeded(2)) >= 0.3
    rows = keep[:12].numpy()[USER] & keep[12:].numpy()[ITEM]
    assert 0 < rows.sum() < len(TRAIN)
    expected = normalized_graph(TRAIN.select(rows))
    assert torch.equal(view.to_dense(), expected.to_dense())
    assert torch.equal(view.to_dense(), view.to_dense().T)


@pytest.mark.parametrize("settings", [SGLSettings(drop_rate=0.4), SGLNodeSettings(drop_rate=0.4)])
def test_the_two_views_differ_and_change_each_epoch(settings):
    objective, model = started(settings)
    before = [view.to_dense() for view in objective.views]
    objective.begin_epoch(2, model, seeded(8))
    after = [view.to_dense() for view in objective.views]
    assert not torch.equal(*before)
    assert not torch.equal(before[0], after[0])
    assert objective.graph.n_edges == len(TRAIN)  # ranking and inference use the whole graph


def test_without_layers_the_contrast_is_as_worked_by_hand():
    """Both views are E0; users e1, e2 and items e1, e2 have cosine 0: log(1 + e^-5) for each."""
    train = pairs([0, 1], [0, 1], 2, 2)
    objective, model = started(SGLSettings(weight=0.5, temperature=0.2), train, n_layers=0)
    model.embedding.data = torch.eye(2).repeat(2, 1)
    terms = objective.loss(model, torch.tensor([0, 1]))
    assert terms["contrast"].item() == pytest.approx(0.5 * 2 * math.log1p(math.exp(-5)), rel=1e-4)
    assert terms["rec"].item() == pytest.approx(math.log1p(math.exp(-1)), rel=1e-5)


def test_the_contrast_is_between_the_two_views_and_not_with_the_whole_graph():
    objective, model = started(SGLSettings(drop_rate=0.5, weight=1.0, temperature=0.5))
    left, right = (model(view) for view in objective.views)
    users, items = torch.unique(objective.user), torch.unique(objective.item)
    expected = 0.0
    for one, two in ((left.user[users], right.user[users]), (left.item[items], right.item[items])):
        cosine = torch.nn.functional.cosine_similarity(one[:, None], two[None], dim=2) / 0.5
        expected += torch.nn.functional.cross_entropy(cosine, torch.arange(len(one))).item()
    terms = objective.loss(model, torch.arange(len(TRAIN)))
    assert terms["contrast"].item() == pytest.approx(expected, rel=1e-4)
