"""The normalised graph against values worked by hand, and edge-dropped views of it."""

import numpy as np
import pytest
import torch

from core.graph.adjacency import Graph, drop_edges, normalized_graph
from core.types import Interactions


def interactions(pairs, n_users, n_items):
    user, item = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Interactions(user, item, n_users, n_items)


def random_interactions(n_users=30, n_items=50, n_edges=400, seed=0):
    key = np.random.default_rng(seed).choice(n_users * n_items, n_edges, replace=False)
    return Interactions(key // n_items, key % n_items, n_users, n_items)


def dense_formula(data, weight):
    """D^-1/2 A D^-1/2 written out, ``(N, N)``."""
    n_nodes = data.n_users + data.n_items
    adjacency = torch.zeros(n_nodes, n_nodes, dtype=torch.float64)
    for user, item, w in zip(data.user, data.n_users + data.item, weight, strict=True):
        adjacency[user, item] += w
        adjacency[item, user] += w
    degree = adjacency.sum(dim=1)
    scale = torch.where(degree > 0, degree**-0.5, 0.0)
    return (scale[:, None] * adjacency * scale).float()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def assert_same(left: Graph, right: Graph):
    for name in ("user", "item", "weight", "offsets", "column", "edge", "value"):
        assert torch.equal(getattr(left, name), getattr(right, name)), name


def test_values_are_one_over_the_root_of_both_degrees():
    graph = normalized_graph(interactions([(0, 0), (0, 1), (1, 1)], 2, 2))
    half = 0.5**0.5
    expected = torch.tensor(
        [[0, 0, half, 0.5], [0, 0, 0, half], [half, 0, 0, 0], [0.5, half, 0, 0]]
    )
    torch.testing.assert_close(graph.to_dense(), expected)


def test_weights_enter_the_degrees():
    weight = np.array([4.0, 12.0, 4.0])
    graph = normalized_graph(interactions([(0, 0), (0, 1), (1, 1)], 2, 2), weight)
    dense = graph.to_dense()  # user degrees 16 and 4, item degrees 4 and 16
    assert dense[0, 2].item() == pytest.approx(4 / 8)
    assert dense[0, 3].item() == pytest.approx(12 / 16)
    assert dense[1, 3].item() == pytest.approx(4 / 8)


def test_random_weighted_graph_matches_the_dense_formula_and_is_symmetric():
    data = random_interactions()
    weight = torch.rand(len(data), generator=generator())
    graph = normalized_graph(data, weight)
    torch.testing.assert_close(graph.to_dense(), dense_formula(data, weight))
    assert torch.equal(graph.to_dense(), graph.to_dense().T)
    assert torch.equal(graph.matrix.to_dense(), graph.to_dense())
    assert (graph.n_nodes, graph.n_edges) == (80, 400)
    assert (graph.offsets.dtype, graph.column.dtype) == (torch.int32, torch.int32)


def test_entries_are_stored_row_by_row_with_ascending_columns():
    graph = normalized_graph(interactions([(1, 1), (0, 1), (1, 0)], 2, 2))
    assert graph.offsets.tolist() == [0, 1, 3, 4, 6]
    assert graph.column.tolist() == [3, 2, 3, 1, 0, 1]
    assert graph.edge.tolist() == [1, 2, 0, 2, 1, 0]


def test_isolated_nodes_and_zero_weights_leave_zero_rows():
    data = interactions([(0, 0), (1, 1)], 3, 3)
    dense = normalized_graph(data, np.array([2.0, 0.0])).to_dense()
    expected = torch.zeros(6, 6)
    expected[0, 3] = expected[3, 0] = 1.0
    torch.testing.assert_close(dense, expected)


def test_a_graph_without_edges_is_zero():
    graph = normalized_graph(interactions([], 2, 3))
    assert torch.equal(graph.to_dense(), torch.zeros(5, 5))
    assert drop_edges(graph, 0.5, generator()).n_edges == 0


def test_storage_type_is_kept_through_dropping():
    graph = normalized_graph(random_interactions(), dtype="bfloat16")
    assert graph.value.dtype == torch.bfloat16
    assert drop_edges(graph, 0.5, generator()).value.dtype == torch.bfloat16


def test_later_changes_of_the_inputs_do_not_reach_the_graph():
    data, weight = interactions([(0, 0)], 1, 1), torch.ones(1)
    graph = normalized_graph(data, weight)
    weight.zero_()
    data.user[0] = 7
    assert graph.weight.tolist() == [1.0]
    assert graph.user.tolist() == [0]


@pytest.mark.parametrize(
    ("weight", "message"),
    [([1.0], r"need \(2,\)"), ([1.0, -1.0], "not negative"), ([1.0, np.nan], "finite")],
)
def test_unusable_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        normalized_graph(interactions([(0, 0), (1, 1)], 2, 2), np.array(weight))


def test_a_dropped_view_equals_the_graph_built_from_the_edges_that_are_left():
    data = random_interactions()
    weight = torch.rand(len(data), generator=generator(1))
    view = drop_edges(normalized_graph(data, weight), 0.3, generator(2))
    left = Interactions(view.user.numpy(), view.item.numpy(), data.n_users, data.n_items)
    assert 0 < len(left) < len(data)
    assert set(left.key()) < set(data.key())
    assert_same(view, normalized_graph(left, view.weight))
    torch.testing.assert_close(view.to_dense(), dense_formula(left, view.weight))


def test_an_edge_is_dropped_in_both_directions_and_degrees_follow():
    star = interactions([(0, item) for item in range(100)], 1, 100)
    view = drop_edges(normalized_graph(star), 0.5, generator())
    dense = view.to_dense()
    assert torch.equal(dense, dense.T)
    kept = dense[0, 1:] > 0
    assert int(kept.sum()) == view.n_edges < 100
    torch.testing.assert_close(dense[0, 1:][kept], torch.full((view.n_edges,), view.n_edges**-0.5))


def test_a_view_of_a_view_is_consistent():
    view = drop_edges(drop_edges(normalized_graph(random_interactions()), 0.4, generator()), 0.4,
                      generator(1))  # fmt: skip
    left = Interactions(view.user.numpy(), view.item.numpy(), 30, 50)
    assert_same(view, normalized_graph(left))


def test_share_of_dropped_edges_is_the_rate_for_every_edge():
    graph = normalized_graph(random_interactions())
    source, kept = generator(), torch.zeros(30, 50)
    for _ in range(300):
        view = drop_edges(graph, 0.2, source)
        kept[view.user, view.item] += 1
    share = kept[graph.user, graph.item] / 300
    assert share.mean().item() == pytest.approx(0.8, abs=0.005)
    assert share.min() > 0.65  # no edge is safe or doomed: 6 standard deviations
    assert share.max() < 0.95


def test_dropping_follows_the_generator():
    graph = normalized_graph(random_interactions())
    assert_same(drop_edges(graph, 0.3, generator(5)), drop_edges(graph, 0.3, generator(5)))
    source = generator(5)
    first, second = drop_edges(graph, 0.3, source), drop_edges(graph, 0.3, source)
    assert first.user.tolist() != second.user.tolist()


def test_rate_zero_keeps_everything_and_rate_one_is_refused():
    graph = normalized_graph(random_interactions())
    assert_same(drop_edges(graph, 0.0, generator()), graph)
    with pytest.raises(ValueError, match="rate"):
        drop_edges(graph, 1.0, generator())
