from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.speed import graphs
from benchmarks.speed.reference import adjacency_of, propagated
from core.graph.adjacency import normalized_graph


@pytest.fixture
def drawn():
    return graphs.power_law(60, 80, 900, np.random.default_rng(1))


def test_every_node_has_a_train_row_and_no_pair_is_drawn_twice(drawn):
    assert len(drawn.train) == 900
    assert set(drawn.user) == set(range(60))
    assert set(drawn.item) == set(range(80))
    keys = np.concatenate([drawn.train.key(), drawn.held_out.key()])
    assert len(np.unique(keys)) == len(keys) == 990


def test_a_few_items_have_much_of_the_interactions():
    drawn = graphs.power_law(400, 500, 9000, np.random.default_rng(0))
    counts = np.sort(np.bincount(drawn.item))[::-1]
    assert counts[:50].sum() > 2 * 9000 / 10  # the tenth of the items has twice its share


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="need 280 to 1200"):
        graphs.power_law(60, 80, 100, np.random.default_rng(0))


def test_a_graph_is_drawn_once_and_read_back(tmp_path, monkeypatch):
    path = graphs.file_of("60x80x900", tmp_path)
    first = graphs.load(path)
    assert (first.n_users, first.n_items, len(first.user)) == (60, 80, 900)
    monkeypatch.setattr(graphs, "power_law", None)
    assert graphs.file_of("60x80x900", tmp_path) == path


def test_amazon_is_read_where_it_is_and_passed_over_where_it_is_not(tmp_path, monkeypatch):
    monkeypatch.delenv("LLMHNI_DATA", raising=False)
    assert graphs.file_of("amazon-book", tmp_path) is None
    monkeypatch.setenv("LLMHNI_DATA", str(tmp_path))
    assert graphs.file_of("amazon-book", tmp_path) is None
    (tmp_path / "amazon-book").mkdir()
    rows = "".join(f"u{n % 7},i{n % 11}\n" for n in range(77))
    (tmp_path / "amazon-book" / "train.csv").write_text("user,item\n" + rows + "u0,i0\n")
    found = graphs.load(graphs.file_of("amazon-book", tmp_path / "cache"))
    assert (found.n_users, found.n_items) == (7, 11)
    assert len(found.user) + len(found.held_user) == 77
    assert set(found.user) == set(range(7))
    assert set(found.item) == set(range(11))


@pytest.mark.parametrize("most_dense", [4000, 10])
def test_the_reference_propagates_as_the_engine_does(drawn, monkeypatch, most_dense):
    monkeypatch.setattr("benchmarks.speed.reference.DENSE", most_dense)
    table = torch.randn(140, 5, generator=torch.Generator().manual_seed(0))
    expected = normalized_graph(drawn.train).propagate(table, 3)
    torch.testing.assert_close(propagated(adjacency_of(drawn), table), expected)
