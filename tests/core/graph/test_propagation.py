"""Propagation against dense powers of the adjacency, forward and backward."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.graph.adjacency import Graph, drop_edges, normalized_graph
from core.graph.at_rows import mean_at
from core.graph.propagation import propagate, spmm
from core.types import Interactions
from tests.graph_cases import GRAPHS, exact_adjacency


def make_graph(dtype="float32", n_edges=60, seed=0) -> Graph:
    source = np.random.default_rng(seed)
    key = source.choice(10 * 15, n_edges, replace=False)
    data = Interactions(key // 15, key % 15, 10, 15)
    return normalized_graph(data, source.random(n_edges), dtype=dtype)


def double_graph() -> Graph:
    graph = make_graph()
    return replace(graph, value=graph.value.double())


def embedding(size=4, dtype=torch.float32):
    return torch.randn(25, size, generator=torch.Generator().manual_seed(0), dtype=dtype)


def mean_of_powers(dense, x, n_layers):
    return sum(torch.linalg.matrix_power(dense, k) @ x for k in range(n_layers + 1)) / (
        n_layers + 1
    )


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3, 4])
def test_propagate_is_the_mean_of_the_powers(n_layers):
    graph, x = make_graph(), embedding()
    expected = mean_of_powers(graph.to_dense(), x, n_layers)
    torch.testing.assert_close(propagate(x, graph, n_layers), expected)
    torch.testing.assert_close(graph.propagate(x, n_layers), expected)


def test_one_layer_by_hand():
    graph = normalized_graph(Interactions(np.array([0, 0]), np.array([0, 1]), 1, 2))
    result = propagate(torch.tensor([[1.0], [2.0], [4.0]]), graph, 1)
    root = 0.5**0.5  # user degree 2, item degrees 1
    expected = [(1 + root * 6) / 2, (2 + root) / 2, (4 + root) / 2]
    assert result[:, 0].tolist() == pytest.approx(expected)


def test_spmm_is_one_product():
    graph, x = make_graph(), embedding()
    torch.testing.assert_close(spmm(graph, x), graph.to_dense() @ x)
    torch.testing.assert_close(graph.spmm(x), graph.to_dense() @ x)
    torch.testing.assert_close(graph.matrix @ x, graph.to_dense() @ x)


def test_gradients_pass_the_numerical_check():
    graph = double_graph()
    x = embedding(2, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda e: propagate(e, graph, 3), (x,))
    assert torch.autograd.gradcheck(lambda e: spmm(graph, e), (x,))
    assert torch.autograd.gradgradcheck(lambda e: propagate(e, graph, 2), (x,))


def test_float32_gradients_match_dense_autograd():
    graph, probe = make_graph(), embedding().flip(0)
    ours, theirs = embedding().requires_grad_(), embedding().requires_grad_()
    (propagate(ours, graph, 3) * probe).sum().backward()
    (mean_of_powers(graph.to_dense(), theirs, 3) * probe).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_bfloat16_storage_stays_close_to_float32():
    exact, x = make_graph(), embedding(64)
    stored = make_graph("bfloat16")
    result = propagate(x, stored, 3)
    assert result.dtype == torch.float32
    error = (result - propagate(x, exact, 3)).norm() / propagate(x, exact, 3).norm()
    assert error < 3e-3
    assert spmm(stored, x).dtype == torch.float32
    torch.testing.assert_close(spmm(stored, x), spmm(exact, x), rtol=0.02, atol=0.02)


def test_bfloat16_does_not_round_layer_zero():
    empty = normalized_graph(Interactions(np.zeros(0, int), np.zeros(0, int), 10, 15),
                             dtype="bfloat16")  # fmt: skip
    x = embedding()
    torch.testing.assert_close(propagate(x, empty, 3), x / 4, rtol=1e-6, atol=0)


def test_bfloat16_gradients_arrive_in_float32():
    x = embedding().requires_grad_()
    propagate(x, make_graph("bfloat16"), 2).sum().backward()
    reference = embedding().requires_grad_()
    propagate(reference, make_graph(), 2).sum().backward()
    assert x.grad.dtype == torch.float32
    torch.testing.assert_close(x.grad, reference.grad, rtol=0.02, atol=0.02)


def test_the_input_is_left_as_it_was():
    for graph in (make_graph(), make_graph("bfloat16")):
        for n_layers in (0, 3):
            x = embedding()
            propagate(x, graph, n_layers).mul_(0)
            spmm(graph, x)
            assert torch.equal(x, embedding())


def test_views_that_are_not_contiguous_give_the_same():
    graph, x = make_graph(), embedding()
    strided = x.T.contiguous().T
    torch.testing.assert_close(propagate(strided, graph, 2), propagate(x, graph, 2))
    torch.testing.assert_close(spmm(graph, strided), spmm(graph, x))


def test_a_dropped_view_propagates_over_its_own_edges():
    view = drop_edges(make_graph(), 0.5, torch.Generator().manual_seed(0))
    x = embedding()
    torch.testing.assert_close(propagate(x, view, 3), mean_of_powers(view.to_dense(), x, 3))


def test_wrong_shapes_and_layers_are_refused():
    with pytest.raises(ValueError, match=r"need \(25, D\)"):
        propagate(torch.zeros(24, 4), make_graph(), 1)
    with pytest.raises(ValueError, match=r"need \(25, D\)"):
        spmm(make_graph(), torch.zeros(25))
    with pytest.raises(ValueError, match="n_layers"):
        propagate(embedding(), make_graph(), -1)


def every_second(x):
    """Nodes, each of them twice: their gradients add up."""
    return torch.arange(len(x)) // 2 * 2


PRODUCTS = {
    "propagate": (lambda graph, x: propagate(x, graph, 3), lambda a, x: mean_of_powers(a, x, 3)),
    "spmm": (spmm, lambda a, x: a @ x),
    "mean_at": (
        lambda graph, x: mean_at(x, graph, 3, every_second(x))[0],
        lambda a, x: mean_of_powers(a, x, 3)[every_second(x)],
    ),
}


@pytest.mark.parametrize(("dtype", "most"), [("float32", 2e-6), ("bfloat16", 1e-2)])
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("kind", GRAPHS)
def test_values_and_gradients_are_those_of_dense_float64(kind, product, dtype, most):
    data = GRAPHS[kind]()
    n_nodes = data.n_users + data.n_items
    source = torch.Generator().manual_seed(5)
    x, probe = (torch.randn(n_nodes, 16, generator=source) for _ in range(2))
    ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
    kernel, reference = PRODUCTS[product]
    found = kernel(normalized_graph(data, dtype=dtype), ours)
    expected = reference(exact_adjacency(data), theirs)
    (found * probe).sum().backward()
    (expected * probe.double()).sum().backward()
    for one, other in ((found, expected), (ours.grad, theirs.grad)):
        assert one.dtype == torch.float32
        assert (one.double() - other).norm() <= most * other.norm()
        untouched = other.abs().sum(1) == 0
        assert not one[untouched].any()
