"""Nearest points against all cosines."""

import numpy as np
import pytest

from core import nearest, top_items
from core.nearest import nearest_points


def of_length_one(points):
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.where(length > 0, length, 1.0)).astype(np.float32)


@pytest.fixture
def clusters():
    """1,500 points about 30 centres, of unequal number."""
    rng = np.random.default_rng(2)
    group = (30 * rng.random(1500) ** 2).astype(int)
    points = rng.normal(size=(30, 12))[group] + 0.2 * rng.normal(size=(1500, 12))
    return of_length_one(points)


def brute_force(unit, k):
    cosine = unit.astype(np.float64) @ unit.T
    np.fill_diagonal(cosine, -2)
    near = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    return near, 1 - np.take_along_axis(cosine, near, axis=1)


def test_neighbours_are_exact_across_blocks(monkeypatch):
    monkeypatch.setattr(top_items, "SCORES_AT_ONCE", 7 * 256)  # seven points at a time
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 5))
    unit = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    near, distance = nearest_points(unit, 3, seed=0)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    assert np.array_equal(near, np.argsort(-cosine, axis=1)[:, :3])
    np.testing.assert_allclose(distance, 1 - np.sort(cosine, axis=1)[:, ::-1][:, :3], atol=1e-6)


def test_by_cells_nearly_all_neighbours_are_found(clusters, monkeypatch):
    monkeypatch.setattr(nearest, "EXACT_TO", 100)
    near, distance = nearest_points(clusters, 10, seed=0)
    true, true_distance = brute_force(clusters, 10)
    found = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near, true, strict=True)])
    assert found > 0.97
    assert (near != np.arange(1500)[:, None]).all()  # nobody is his own neighbour
    assert (np.diff(distance, axis=1) >= 0).all()
    assert distance.mean() == pytest.approx(true_distance.mean(), rel=0.01)
    exact = 1 - np.einsum("nd,nkd->nk", clusters, clusters[near])
    np.testing.assert_allclose(distance, exact, atol=1e-6)


def test_where_all_points_are_looked_at_cells_miss_nothing(clusters, monkeypatch):
    monkeypatch.setattr(nearest, "EXACT_TO", 100)
    monkeypatch.setattr(nearest, "LOOKED_AT", 1500)
    monkeypatch.setattr(nearest, "AT_ONCE", 10_000)  # six points at a time
    near, distance = nearest_points(clusters, 5, seed=0)
    true, true_distance = brute_force(clusters, 5)
    assert (near == true).mean() > 0.999  # others are equally far in float32
    np.testing.assert_allclose(distance, true_distance, atol=1e-6)


def test_by_cells_the_same_seed_finds_the_same(clusters, monkeypatch):
    monkeypatch.setattr(nearest, "EXACT_TO", 100)
    monkeypatch.setattr(nearest, "LOOKED_AT", 2)
    first, again, other = (nearest_points(clusters, 10, seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("points", [np.zeros((200, 3)), np.tile([1.0, 0, 0], (200, 1))])
def test_points_that_are_all_alike_have_neighbours_too(points, monkeypatch):
    """Zero rows and equal ones leave all cells but one empty."""
    monkeypatch.setattr(nearest, "EXACT_TO", 100)
    near, distance = nearest_points(points.astype(np.float32), 7, seed=0)
    assert [len(set(row)) for row in near.tolist()] == [7] * 200
    assert (near != np.arange(200)[:, None]).all()
    assert np.isfinite(distance).all()
