"""SimGCL against its published equations, written densely in float64 and by loops.

Source: Yu et al., SIGIR 2022 (arXiv:2112.08679): the graph of LightGCN, the mean of layers 1..K,
noise of length epsilon in the orthant of each vector, InfoNCE of two noisy views within the batch.
"""

import math

import numpy as np
import pytest
import torch

from core.baselines import METHODS
from core.config import BackboneConfig, OptimiserConfig
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

USER = [0, 0, 1, 1, 2, 3, 3, 3]
ITEM = [0, 1, 1, 2, 3, 0, 2, 4]
N_USERS, N_ITEMS, SIZE, LAYERS = 4, 5, 6, 3
EPSILON, TAU, WEIGHT, DECAY = 0.3, 0.25, 0.7, 0.01
BATCH = [0, 1, 3, 6]
"""Users 0, 0, 1, 3 and items 0, 1, 2, 2: repeats on both sides."""


def plan_of():
    train = pairs(USER, ITEM, N_USERS, N_ITEMS)
    method = METHODS["simgcl"]
    settings = method.settings(epsilon=EPSILON, temperature=TAU, weight=WEIGHT)
    inputs = inputs_of(
        train,
        backbone=BackboneConfig(embedding_size=SIZE, n_layers=LAYERS, init_std=0.5),
        optimiser=OptimiserConfig(weight_decay=DECAY),
    )
    plan = method.build(inputs, settings, torch.Generator().manual_seed(5))
    plan.objective.begin_epoch(1, plan.backbone, torch.Generator().manual_seed(6))
    return plan


def reference(table, negative, draws):
    """The whole loss of the batch in float64; differentiable in ``table``."""
    adjacency = np.zeros((N_USERS + N_ITEMS,) * 2)
    for user, item in zip(USER, ITEM, strict=True):
        adjacency[user, N_USERS + item] = adjacency[N_USERS + item, user] = 1
    degree = adjacency.sum(axis=1)
    graph = torch.tensor(adjacency / np.sqrt(np.outer(degree, degree)))

    def encoded(noise):
        layer, layers = table, []
        for step in range(LAYERS):
            layer = graph @ layer
            if noise is not None:
                length = noise[step].square().sum(dim=1, keepdim=True).sqrt()
                layer = layer + EPSILON * noise[step] / length * torch.sign(layer.detach())
            layers.append(layer)
        return sum(layers) / LAYERS

    def info_nce(nodes, left, right):
        total = 0
        for i in nodes:
            similar = [torch.cosine_similarity(left[i], right[j], dim=0) / TAU for j in nodes]
            own = torch.cosine_similarity(left[i], right[i], dim=0) / TAU
            total = total - torch.log(torch.exp(own) / sum(torch.exp(x) for x in similar))
        return total / len(nodes)

    clean = encoded(None)
    rank = decay = 0
    for row in BATCH:
        u, i, j = USER[row], N_USERS + ITEM[row], N_USERS + negative[row]
        rank = rank - torch.log(torch.sigmoid(clean[u] @ clean[i] - clean[u] @ clean[j]))
        decay = decay + sum((table[node] ** 2).sum() for node in (u, i, j)) / 2
    left, right = encoded(draws[0]), encoded(draws[1])
    users = {USER[row] for row in BATCH}
    items = {N_USERS + ITEM[row] for row in BATCH}
    contrast = info_nce(users, left, right) + info_nce(items, left, right)
    n = len(BATCH)
    return rank / n, DECAY * decay / n, WEIGHT * contrast


def draws_of(state):
    """The uniform noise of both passes, layer by layer, as drawn from a generator."""
    generator = torch.Generator()
    generator.set_state(state)
    shape = (N_USERS + N_ITEMS, SIZE)
    return [[torch.rand(shape, generator=generator).double() for _ in range(LAYERS)] for _ in "lr"]


def test_loss_and_gradient_are_those_of_the_equations():
    plan = plan_of()
    draws = draws_of(plan.objective.generator.get_state())
    terms = plan.objective.loss(plan.backbone, torch.tensor(BATCH))
    sum(terms.values()).backward()

    table = plan.backbone.embedding.detach().double().requires_grad_()
    rank, decay, contrast = reference(table, plan.objective.negative.tolist(), draws)
    (rank + decay + contrast).backward()

    assert terms["rec"].item() == pytest.approx(rank.item(), rel=1e-5)
    assert terms["decay"].item() == pytest.approx(decay.item(), rel=1e-5)
    assert terms["contrast"].item() == pytest.approx(contrast.item(), rel=1e-5)
    assert math.isfinite(contrast.item())
    torch.testing.assert_close(
        plan.backbone.embedding.grad.double(), table.grad, rtol=1e-4, atol=1e-6
    )


def test_inference_is_the_mean_of_the_outer_layers():
    plan = plan_of()
    dense = plan.objective.graph.to_dense().double()
    table = plan.backbone.embedding.detach().double()
    expected = sum(torch.matrix_power(dense, k) @ table for k in (1, 2, 3)) / LAYERS
    found = torch.cat(tuple(plan.backbone(plan.objective.graph))).double()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
