"""NGCF against the formula of the paper."""

import numpy as np
import pytest
import torch

from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.ngcf import NGCF
from core.types import Interactions

DATA = Interactions(np.array([0, 0, 1, 2, 2]), np.array([0, 3, 1, 1, 4]), 3, 5)


def make_model(seed=0, **settings) -> NGCF:
    config = BackboneConfig(**{"kind": "ngcf", "embedding_size": 4, "n_layers": 2, **settings})
    return NGCF(3, 5, config, torch.Generator().manual_seed(seed))


def explicit(model: NGCF, dense: torch.Tensor) -> torch.Tensor:
    """Eq. 7 node by node with loops over neighbours (eq. 3 to 5), eq. 9 at the end."""
    layers = [model.embedding]
    for k in range(model.n_layers):
        first, second = model.neighbour_weight[k], model.interaction_weight[k]
        rows = []
        for node, own in enumerate(layers[-1]):
            message = own @ first
            for other in range(len(dense)):
                neighbour = layers[-1][other]
                message = message + dense[node, other] * (
                    neighbour @ first + (neighbour * own) @ second
                )
            rows.append(torch.where(message > 0, message, 0.2 * message))
        layers.append(torch.stack(rows))
    return torch.cat(layers, dim=1)


def test_forward_is_the_formula_of_the_paper():
    model, graph = make_model(init_std=1.0), normalized_graph(DATA)
    expected = explicit(model, graph.to_dense())
    result = model(graph)
    assert result.user.shape == (3, 12)
    assert result.item.shape == (5, 12)
    torch.testing.assert_close(result.user, expected[:3])
    torch.testing.assert_close(result.item, expected[3:])


def test_gradients_of_all_parameters_match_the_formula():
    graph, ours, theirs = normalized_graph(DATA), make_model(init_std=1.0), make_model(init_std=1.0)
    torch.cat(ours(graph)).square().sum().backward()
    explicit(theirs, graph.to_dense()).square().sum().backward()
    for (name, mine), reference in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, msg=name)


def test_the_seed_decides_everything():
    first, same, other = make_model(1), make_model(1), make_model(2)
    for a, b, c in zip(first.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)


def test_zero_layers_is_matrix_factorisation():
    model = make_model(n_layers=0)
    assert torch.equal(torch.cat(model(normalized_graph(DATA))), model.embedding)


def test_a_graph_with_users_and_items_swapped_is_refused():
    swapped = normalized_graph(Interactions(DATA.item, DATA.user, 5, 3))
    with pytest.raises(ValueError, match="need 3 users and 5 items"):
        make_model()(swapped)
