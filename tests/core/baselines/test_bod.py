import math

import pytest
import torch

from core.baselines.bod import BOD, BODConfig
from core.baselines.bod_terms import Triples, WeightGenerator, gradient_distance, uniformity
from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.backbones import make_backbone
from tests.worlds import pairs

TRAIN = pairs([0, 0, 1, 2], [0, 1, 2, 3], 3, 6)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def made(rate=0.05):
    model = make_backbone(
        3, 6, BackboneConfig(embedding_size=4, n_layers=1, init_std=1.0), seeded(1)
    )
    weigh = WeightGenerator(4, 5, seeded(2))
    settings = BODConfig(generator_rate=rate, hidden=5)
    return BOD(TRAIN, normalized_graph(TRAIN), 0.1, settings, weigh), model


def outer_value(objective, model):
    """The distance that the outer problem makes small, on all rows."""
    found = model(objective.graph)
    batch, table = objective._batch(found, torch.arange(4)), model.embedding
    slopes = [
        torch.autograd.grad(loss, table, retain_graph=True)[0]
        for loss in (batch.ranking(), batch.alignment())
    ]
    return gradient_distance(*slopes, 3).item()


def test_the_inner_losses_are_as_worked_by_hand():
    """User (1, 0), item (3, 0) of weight 1/2, negative (0, 2) of weight 1: scores 1.5 and 0."""
    batch = Triples(
        torch.tensor([[1.0, 0.0]]),
        torch.tensor([[3.0, 0.0]]),
        torch.tensor([[0.0, 2.0]]),
        torch.tensor([0.5]),
        torch.tensor([1.0]),
    )
    assert batch.ranking().item() == pytest.approx(math.log1p(math.exp(-1.5)))
    assert batch.alignment().item() == pytest.approx(0.0)  # same direction
    turned = Triples(batch.user, batch.other, batch.item, batch.weight, batch.other_weight)
    assert turned.alignment().item() == pytest.approx(0.5 * 2.0)  # right angle: distance^2 = 2


def test_uniformity_of_opposite_and_of_orthogonal_vectors():
    # cos -1: exp(-2 * 4); cos 0: exp(-2 * 2).
    both = torch.tensor([0, 1])
    opposite, orthogonal = torch.tensor([[2.0, 0.0], [-1.0, 0.0]]), torch.tensor([[2.0, 0], [0, 5]])
    assert uniformity(opposite, both).item() == pytest.approx(-8.0)
    assert uniformity(orthogonal, both).item() == pytest.approx(-4.0)
    three = uniformity(opposite, torch.tensor([0, 0, 1])).item()
    assert three == pytest.approx(math.log((2.0 + 4.0 * math.exp(-8.0)) / 6.0))
    assert uniformity(torch.ones(1, 2), torch.tensor([0])).item() == 0.0


def test_uniformity_of_repeated_rows_is_that_of_all_pairs_of_rows():
    generator = torch.Generator().manual_seed(3)
    vector = torch.randn(5, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    number = torch.tensor([0, 3, 3, 1, 0, 0, 4])
    unit = torch.nn.functional.normalize(vector[number], dim=1)
    square = (unit[:, None] - unit[None]).square().sum(dim=2)
    pairs = ~torch.eye(7, dtype=torch.bool)
    dense = (-2.0 * square[pairs]).exp().mean().log()
    found = uniformity(vector, number)
    assert found.item() == pytest.approx(dense.item(), abs=1e-9)
    slope, expected = (torch.autograd.grad(x, vector)[0] for x in (found, dense))
    assert torch.allclose(slope, expected, atol=1e-9)


def test_gradients_are_compared_dimension_by_dimension_for_users_and_items_apart():
    """Users agree in dimension 0 and oppose in 1; items agree and are orthogonal."""
    left = torch.tensor([[1.0, 2.0], [1.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    right = torch.tensor([[2.0, -1.0], [2.0, 0.0], [0.0, 0.0], [1.0, 5.0]])
    assert gradient_distance(left, right, 2).item() == pytest.approx((0 + 2) + (0 + 1), abs=1e-5)


def test_weights_are_between_0_and_1_and_no_gradient_reaches_the_vectors():
    user, item = torch.randn(7, 4, generator=seeded(5)).requires_grad_(), torch.ones(7, 4)
    weight = WeightGenerator(4, 5, seeded(2))(user, item)
    assert weight.shape == (7,)
    assert bool(((weight > 0) & (weight < 1)).all())
    assert torch.autograd.grad(weight.sum(), user, allow_unused=True)[0] is None


def test_the_outer_step_brings_the_gradients_together_and_moves_the_generator_alone():
    objective, model = made()
    before = model.embedding.detach().clone()
    objective.begin_epoch(1, model, seeded(3))
    distance = outer_value(objective, model)
    for _ in range(30):
        objective._outer_step(model, torch.arange(4))
    assert outer_value(objective, model) < distance - 0.01
    assert torch.equal(model.embedding, before)
    assert model.embedding.grad is None


def test_the_inner_loss_moves_the_backbone_alone():
    objective, model = made()
    objective.begin_epoch(1, model, seeded(3))
    terms = objective.loss(model, torch.arange(4))
    assert set(terms) == {"rec", "align", "uniform", "decay"}
    sum(terms.values()).backward()
    assert model.embedding.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in objective.weigh.parameters())


def test_generator_and_optimiser_come_back_from_a_checkpoint():
    one, model = made()
    for epoch in (1, 2, 3):
        one.begin_epoch(epoch, model, seeded(epoch))
    other, _ = made()
    other.restore({name: value.clone() for name, value in one.state().items()})
    for objective in (one, other):
        objective.begin_epoch(4, model, seeded(4))
    for left, right in zip(one.weigh.parameters(), other.weigh.parameters(), strict=True):
        assert torch.equal(left, right)
