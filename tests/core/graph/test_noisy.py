"""Noisy propagation against the same written out, values and gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.graph.adjacency import normalized_graph
from core.graph.noisy import Noise, draw_directions, noisy_mean
from core.types import Interactions
from tests.graph_cases import GRAPHS, exact_adjacency

N_NODES, LENGTH = 25, 0.3


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def graph():
    key = np.random.default_rng(0).choice(150, 60, replace=False)
    made = normalized_graph(Interactions(key // 15, key % 15, 10, 15))
    return replace(made, value=made.value.double())


def noise(seed=5):
    return Noise(LENGTH, draw_directions(N_NODES, 4, seeded()).double(), seeded(seed))


def written_out(x, n_layers, contrasted, seed=5):
    """Every layer by the equation; ``roll`` reads the directions from another node on."""
    directions, source = draw_directions(N_NODES, 4, seeded()).double(), seeded(seed)
    dense, layers = graph().to_dense(), [x]
    for _ in range(n_layers):
        first = int(torch.randint(N_NODES, (1,), generator=source))
        layer = dense @ layers[-1]
        layers.append(layer + layer.detach().sign() * directions.roll(-first, 0) * LENGTH)
    return torch.stack(layers[1:]).mean(dim=0), layers[contrasted]


@pytest.mark.parametrize(("n_layers", "contrasted"), [(1, 1), (2, 1), (3, 1), (3, 2), (3, 3)])
def test_values_and_gradients_are_those_of_the_equation(n_layers, contrasted):
    x = torch.randn(N_NODES, 4, generator=seeded(1)).double()
    probe = torch.randn(2, N_NODES, 4, generator=seeded(2)).double()
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    found = noisy_mean(ours, graph(), n_layers, noise(), contrasted)
    expected = written_out(theirs, n_layers, contrasted)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    sum((p * one).sum() for p, one in zip(probe, found, strict=True)).backward()
    sum((p * one).sum() for p, one in zip(probe, expected, strict=True)).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize(
    ("dtype", "length", "most"),
    [("float32", LENGTH, 2e-6), ("float32", 0.0, 2e-6), ("bfloat16", 0.0, 1e-2)],
)
@pytest.mark.parametrize("kind", GRAPHS)
def test_stored_types_stay_close_to_dense_float64_on_every_graph(kind, dtype, length, most):
    """Rounding to bfloat16 turns signs of what is nearly 0: there without noise alone."""
    data = GRAPHS[kind]()
    dense, made = exact_adjacency(data), normalized_graph(data, dtype=dtype)
    directions = draw_directions(len(dense), 16, seeded())
    x, probe = (torch.randn(len(dense), 16, generator=seeded(n)) for n in (1, 2))
    ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    moved = Noise(length, directions.to(made.value.dtype), seeded(5))
    found = noisy_mean(ours, made, 3, moved, 2)
    source, layers = seeded(5), [theirs]
    for _ in range(3):
        first = int(torch.randint(len(dense), (1,), generator=source))
        layer = dense @ layers[-1]
        turned = directions.double().roll(-first, 0)
        layers.append(layer + layer.detach().sign() * turned * length)
    expected = torch.stack(layers[1:]).mean(dim=0), layers[2]
    sum((probe * one).sum() for one in found).backward()
    sum((probe * one).sum() for one in expected).backward()
    for one, other in ((found[0], expected[0]), (found[1], expected[1]), (ours.grad, theirs.grad)):
        assert one.dtype == torch.float32
        assert (one.double() - other).norm() <= most * other.norm()


def test_directions_have_length_one_and_the_signs_of_the_row():
    directions = draw_directions(40, 8, seeded())
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(40))
    assert (directions >= 0).all()
    layer = torch.randn(40, 8, generator=seeded(1))
    moved = Noise(LENGTH, directions, seeded(2)).add_to(layer.clone()) - layer
    torch.testing.assert_close(moved.norm(dim=1), torch.full((40,), LENGTH))
    assert torch.equal(moved.sign(), layer.sign())


def test_layers_read_the_directions_from_different_nodes():
    made, zero = noise(), torch.ones(N_NODES, 4).double()
    first, second = (made.add_to(zero.clone()) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.allclose(first.sort(dim=0).values, second.sort(dim=0).values)


@pytest.mark.parametrize("contrasted", [0, 3])
def test_a_layer_that_is_not_there_is_refused(contrasted):
    with pytest.raises(ValueError, match=f"no layer {contrasted} among 1 to 2"):
        noisy_mean(torch.zeros(N_NODES, 4).double(), graph(), 2, noise(), contrasted)
