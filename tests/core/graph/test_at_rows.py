"""The mean of layers at some nodes against dense powers of the adjacency, values and gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.graph import at_rows
from core.graph.adjacency import normalized_graph
from core.graph.at_rows import mean_at
from core.types import Interactions

N_USERS, N_ITEMS = 10, 15
ROWS = torch.tensor([3, 24, 3, 0, 11, 11, 11])
"""Users and items, some of them several times."""
MANY_ROWS = torch.cat([ROWS, ROWS, torch.arange(20)])
"""More than there are nodes: layers of all nodes are then added up before they are read."""


def interactions(kind):
    source = np.random.default_rng(0)
    if kind == "random":
        key = source.choice(N_USERS * N_ITEMS, 60, replace=False)
    elif kind == "empty rows":  # node 3 and node 11 among them
        key = np.array([0 * N_ITEMS + 14, 5 * N_ITEMS + 9])
    elif kind == "single edge":
        key = np.array([3 * N_ITEMS + 1])
    else:  # one user with all items, one item with all users
        key = np.unique(np.r_[np.arange(N_ITEMS), np.arange(N_USERS) * N_ITEMS + 1])
    return Interactions(key // N_ITEMS, key % N_ITEMS, N_USERS, N_ITEMS)


def made(kind, dtype="float32"):
    data = interactions(kind)
    weight = np.random.default_rng(1).random(len(data)).astype(np.float32)
    return normalized_graph(data, weight, dtype=dtype)


def doubled(graph):
    return replace(graph, value=graph.value.double())


def table(dtype=torch.float64, size=4):
    source = torch.Generator().manual_seed(0)
    return torch.randn(N_USERS + N_ITEMS, size, generator=source, dtype=dtype)


def reference(dense, x, n_layers):
    powers = [torch.linalg.matrix_power(dense, k) @ x for k in range(n_layers + 1)]
    return sum(powers) / (n_layers + 1)


@pytest.fixture(params=[0.0, 2.0], ids=["whole last layer", "last layer at the rows"])
def share(request, monkeypatch):
    monkeypatch.setattr(at_rows, "SPARSE_SHARE", request.param)


@pytest.mark.usefixtures("share")
@pytest.mark.parametrize("kind", ["random", "empty rows", "single edge", "skewed"])
@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
@pytest.mark.parametrize("rows", [ROWS, MANY_ROWS], ids=["fewer than nodes", "more"])
@pytest.mark.parametrize("weight", [(1, 1), (1, 0), (0, 1)], ids=["both", "mean", "own"])
def test_values_and_gradients_are_those_of_dense_powers(kind, n_layers, rows, weight):
    graph = doubled(made(kind))
    ours, theirs = table().requires_grad_(), table().requires_grad_()
    probe = torch.randn(2, len(rows), 4, generator=torch.Generator().manual_seed(1)).double()
    mean, own = mean_at(ours, graph, n_layers, rows)
    expected = reference(graph.to_dense(), theirs, n_layers)[rows]
    torch.testing.assert_close(mean, expected)
    torch.testing.assert_close(own, theirs[rows])
    pairs = ((mean, expected), (own, theirs[rows]))
    read = [(left, right, probe[k]) for k, (left, right) in enumerate(pairs) if weight[k]]
    sum((left * by).sum() for left, _, by in read).backward()  # what is not read has no gradient
    sum((right * by).sum() for _, right, by in read).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.usefixtures("share")
@pytest.mark.parametrize("few_nodes", [True, False])
def test_bfloat16_stays_as_close_as_the_mean_of_all_nodes(monkeypatch, few_nodes):
    monkeypatch.setattr(at_rows, "few_nodes", lambda *_: few_nodes)
    exact, stored, x = doubled(made("random")), made("random", "bfloat16"), table(torch.float32, 64)
    wanted = reference(exact.to_dense(), x.double(), 3)
    left, right = x.clone().requires_grad_(), x.clone().requires_grad_()
    rows = torch.randint(25, (2000,), generator=torch.Generator().manual_seed(2))
    probe = torch.rand(2000, 64, generator=torch.Generator().manual_seed(3))
    mean, _ = mean_at(left, stored, 3, rows)
    whole = stored.propagate(right, 3)
    assert (mean - wanted[rows]).norm() <= 1.01 * (whole[rows] - wanted[rows]).norm()
    (mean * probe).sum().backward()
    (whole[rows] * probe).sum().backward()
    exact_gradient = table(size=64).requires_grad_()
    (reference(exact.to_dense(), exact_gradient, 3)[rows] * probe).sum().backward()
    error = [(one.grad - exact_gradient.grad).norm() for one in (left, right)]
    assert error[0] < 2 * error[1]  # sums are rounded, not powers alone
    assert error[1] < 0.01 * exact_gradient.grad.norm()


def test_what_does_not_fit_is_refused():
    graph = made("random")
    with pytest.raises(ValueError, match="need \\(25, D\\)"):
        mean_at(torch.zeros(24, 4), graph, 2, ROWS)
    with pytest.raises(ValueError, match="need 0 or more"):
        mean_at(torch.zeros(25, 4), graph, -1, ROWS)
