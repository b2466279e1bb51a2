"""Every backbone learns data with a known answer."""

import numpy as np
import pytest
import torch

from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.backbones import BACKBONES, make_backbone
from core.model.lightgcn import LightGCN
from core.model.losses import bpr_loss
from core.model.ngcf import NGCF
from core.model.representations import score_pairs
from core.types import Interactions


def checkerboard(size: int) -> Interactions:
    """Even users like even items, odd like odd; the diagonal is held out."""
    same_parity = np.add.outer(np.arange(size), np.arange(size)) % 2 == 0
    user, item = np.nonzero(same_parity & ~np.eye(size, dtype=bool))
    return Interactions(user, item, size, size)


@pytest.mark.parametrize(("kind", "backbone"), [("lightgcn", LightGCN), ("ngcf", NGCF)])
def test_settings_choose_the_class(kind, backbone):
    model = make_backbone(2, 3, BackboneConfig(kind=kind), torch.Generator().manual_seed(0))
    assert type(model) is backbone
    assert model.embedding.shape == (5, 64)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", sorted(BACKBONES))
def test_training_ranks_the_held_out_diagonal_first(kind, dtype):
    data = checkerboard(20)
    config = BackboneConfig(kind=kind, embedding_size=8, n_layers=2)
    model = make_backbone(20, 20, config, torch.Generator().manual_seed(0))
    graph = normalized_graph(data, dtype=dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    source = torch.Generator().manual_seed(1)
    user, positive = torch.from_numpy(data.user), torch.from_numpy(data.item)
    losses = []
    for _ in range(60):
        negative = torch.randint(data.n_items, positive.shape, generator=source)
        result = model(graph)
        loss = bpr_loss(score_pairs(result, user, positive), score_pairs(result, user, negative))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    scores = (result.user @ result.item.T).detach()
    scores[user, positive] = -torch.inf
    assert torch.equal(scores.argmax(dim=1), torch.arange(20))


def test_nodes_without_an_own_embedding_are_placed_by_the_graph_alone():
    """Propagation matters: with zero user embeddings, users are what their items are."""
    data = checkerboard(6)
    config = BackboneConfig(embedding_size=6, n_layers=1)
    model = make_backbone(6, 6, config, torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.embedding.zero_()
        model.embedding[6:] = torch.eye(6)
        result = model(normalized_graph(data))
    liked = torch.zeros(6, 6, dtype=torch.bool)
    liked[data.user, data.item] = True
    assert torch.equal(result.user @ result.item.T > 0, liked)
