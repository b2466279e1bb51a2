import math

import pytest
import torch

from core.baselines.edge_mask import MaskedLightGCN, hsic
from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from tests.worlds import pairs

GRAPH = normalized_graph(pairs([0, 0, 1], [0, 1, 1], 2, 2))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def masked_model(n_layers=2):
    options = BackboneConfig(embedding_size=3, n_layers=n_layers, init_std=1.0)
    return MaskedLightGCN(2, 2, options, seeded())


def level(model):
    """Every logit 0."""
    model.output.weight.data.zero_()
    return model


def test_a_logit_of_zero_leaves_an_edge_as_it_is():
    """sigmoid(0) + 0.5 = 1: the masked graph is the whole one."""
    model = level(masked_model())
    assert torch.equal(model.mask(GRAPH), torch.ones(3))
    for found, whole in zip(model(GRAPH), model.whole(GRAPH), strict=True):
        assert torch.allclose(found, whole, atol=1e-6)


def test_the_mask_is_the_formula_with_and_without_noise():
    model = masked_model()
    logit, draw = model.logits(GRAPH), torch.rand(3, generator=seeded(4))
    assert torch.allclose(model.mask(GRAPH), torch.sigmoid(logit / 0.2) + 0.5)
    noisy = torch.sigmoid((logit + draw.log() - (1 - draw).log()) / 0.2) + 0.5
    assert torch.allclose(model.mask(GRAPH, seeded(4)), noisy, atol=1e-5)


def test_a_factor_scales_the_edge_in_both_directions():
    """One edge, factor 0.5, one layer: user = (u + i / 2) / 2, item = (i + u / 2) / 2."""
    model = MaskedLightGCN(1, 1, BackboneConfig(embedding_size=2, n_layers=1), seeded())
    model.embedding.data = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    found = model.masked(normalized_graph(pairs([0], [0], 1, 1)), torch.tensor([0.5]))
    assert torch.allclose(found.user, torch.tensor([[1.0, 1.0]]))
    assert torch.allclose(found.item, torch.tensor([[0.5, 2.0]]))


def test_the_gradient_reaches_the_logits():
    model = masked_model()
    model.masked(GRAPH, model.mask(GRAPH, seeded())).user.sum().backward()
    assert model.hidden.weight.grad.abs().sum() > 0


def test_the_mask_gradient_is_that_of_a_dense_product():
    model = masked_model(n_layers=2)
    factor = torch.tensor([0.7, 1.2, 0.9], requires_grad=True)
    weights = torch.arange(6.0).reshape(2, 3)
    (model.masked(GRAPH, factor).user * weights).sum().backward()
    again = factor.detach().clone().requires_grad_()
    dense = GRAPH.to_dense().clone()
    scale = torch.zeros(4, 4)
    for edge, (user, item) in enumerate(zip(GRAPH.user, GRAPH.item, strict=True)):
        place = torch.zeros(4, 4)
        place[user, 2 + item] = place[2 + item, user] = 1
        scale = scale + place * again[edge]
    product = dense * scale
    layers = [model.embedding.detach()]
    layers += [product @ layers[0], product @ product @ layers[0]]
    (torch.stack(layers).mean(dim=0)[:2] * weights).sum().backward()
    assert torch.allclose(factor.grad, again.grad, atol=1e-5)


def test_hsic_of_two_nodes_is_as_worked_by_hand():
    """Kernels [[1, a], [a, 1]] and [[1, b], [b, 1]]: HSIC = (1 - a)(1 - b)."""
    left = torch.tensor([[2.0, 0.0], [0.0, 1.0]])  # cosine 0
    right = torch.tensor([[1.0, 0.0], [1.0, 1.0]])  # cosine 1 / sqrt 2
    a, b = math.exp(-1 / 0.25), math.exp((math.sqrt(0.5) - 1) / 0.25)
    assert hsic(left, right, 0.25).item() == pytest.approx((1 - a) * (1 - b), rel=1e-4)


def test_hsic_is_nothing_where_one_view_says_the_same_of_all():
    left = torch.randn(5, 3, generator=seeded())
    assert hsic(left, torch.ones(5, 3), 0.25).item() == pytest.approx(0, abs=1e-6)
    assert hsic(left[:1], left[:1], 0.25).item() == 0


def test_hsic_is_the_trace_of_its_definition():
    left, right = (torch.randn(6, 3, generator=seeded(k)) for k in (1, 2))
    kernels = []
    for rows in (left, right):
        unit = rows / rows.norm(dim=1, keepdim=True)
        kernels.append(torch.exp(-(torch.cdist(unit, unit) ** 2) / (2 * 0.3)))
    centre = torch.eye(6) - 1 / 6
    expected = torch.trace(kernels[0] @ centre @ kernels[1] @ centre) / 25
    assert hsic(left, right, 0.3).item() == pytest.approx(expected.item(), rel=1e-3)
