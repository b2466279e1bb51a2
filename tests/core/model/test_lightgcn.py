"""LightGCN against the formula of the paper."""

import numpy as np
import pytest
import torch

from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.lightgcn import LightGCN
from core.types import Interactions

DATA = Interactions(np.array([0, 0, 1, 2, 2]), np.array([0, 3, 1, 1, 4]), 3, 5)


def make_model(seed=0, **settings) -> LightGCN:
    config = BackboneConfig(**{"embedding_size": 4, **settings})
    return LightGCN(3, 5, config, torch.Generator().manual_seed(seed))


def test_forward_is_the_mean_of_the_layers_split_into_users_and_items():
    model, graph = make_model(n_layers=2), normalized_graph(DATA)
    dense, table = graph.to_dense(), model.embedding
    expected = (table + dense @ table + dense @ dense @ table) / 3
    result = model(graph)
    assert result.user.shape == (3, 4)
    assert result.item.shape == (5, 4)
    torch.testing.assert_close(result.user, expected[:3])
    torch.testing.assert_close(result.item, expected[3:])


def test_zero_layers_is_matrix_factorisation():
    model = make_model(n_layers=0)
    assert torch.equal(torch.cat(model(normalized_graph(DATA))), model.embedding)


def test_gradients_of_user_and_item_reach_the_one_table():
    model, graph = make_model(n_layers=2), normalized_graph(DATA)
    result = model(graph)
    (result.user.sum() + 3 * result.item.sum()).backward()
    probe = torch.ones(8, 4)
    probe[3:] = 3.0
    dense = graph.to_dense()
    expected = (probe + dense @ probe + dense @ dense @ probe) / 3
    torch.testing.assert_close(model.embedding.grad, expected)
    assert len(list(model.parameters())) == 1


def test_the_seed_decides_the_initial_embeddings_and_the_setting_their_spread():
    assert torch.equal(make_model(3).embedding, make_model(3).embedding)
    assert not torch.equal(make_model(3).embedding, make_model(4).embedding)
    wide = LightGCN(
        500, 500, BackboneConfig(init_std=0.3), torch.Generator().manual_seed(0)
    ).embedding
    assert wide.std().item() == pytest.approx(0.3, rel=0.02)


def test_a_graph_with_users_and_items_swapped_is_refused():
    swapped = normalized_graph(Interactions(DATA.item, DATA.user, 5, 3))
    with pytest.raises(ValueError, match="need 3 users and 5 items"):
        make_model()(swapped)
