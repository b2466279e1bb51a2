from importlib import import_module

import numpy as np
import pytest

from core import projection
from core.config import ProjectionConfig
from core.projection import COMPILED, project


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(4), 60)
    centre = rng.normal(size=(4, 16))
    return (centre[label] + 0.2 * rng.normal(size=(240, 16))).astype(np.float32), label


def nearest_share(place, label, k=10):
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1)[:, :k]
    return (label[near] == label[:, None]).mean()


def test_neighbours_in_the_map_are_of_the_same_cluster(clusters):
    points, label = clusters
    place = project(points, ProjectionConfig(), seed=0)
    assert place.shape == (240, 2)
    assert place.dtype == np.float32
    assert nearest_share(place, label) == 1.0
    np.testing.assert_allclose(place.mean(axis=0), 0, atol=1e-4)


def test_the_map_keeps_neighbours_that_a_plane_cut_loses():
    # Eight orthogonal clusters: two principal axes can only tell a few of them apart.
    rng = np.random.default_rng(1)
    label = np.repeat(np.arange(8), 40)
    points = (np.eye(8)[label] + 0.15 * rng.normal(size=(320, 8))).astype(np.float32)
    by_umap = project(points, ProjectionConfig(), seed=0)
    by_pca = project(points, ProjectionConfig(method="pca"), seed=0)
    assert nearest_share(by_umap, label) > 0.98 > 0.9 > nearest_share(by_pca, label)


def test_the_same_seed_gives_the_same_map_and_another_seed_another(clusters):
    points, _ = clusters
    first = project(points, ProjectionConfig(epochs=20), seed=1)
    assert np.array_equal(first, project(points, ProjectionConfig(epochs=20), seed=1))
    assert not np.array_equal(first, project(points, ProjectionConfig(epochs=20), seed=2))


def test_pca_finds_the_direction_of_a_line():
    points = np.array([[1, 0.1, 0], [1, 0, 0], [1, -0.1, 0]], dtype=np.float32)
    place = project(points, ProjectionConfig(method="pca"), seed=0)
    assert place[0, 0] == pytest.approx(-place[2, 0], abs=1e-3)
    assert abs(place[0, 0]) == pytest.approx(0.1, abs=1e-2)
    np.testing.assert_allclose(place[:, 1], 0, atol=5e-3)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_points_fall_back_to_pca(n):
    points = np.eye(7, 5, dtype=np.float32)[:n]
    place = project(points, ProjectionConfig(), seed=0)
    assert place.shape == (n, 2)
    assert np.isfinite(place).all()


def test_equal_points_and_zero_rows_do_no_harm():
    points = np.zeros((30, 4), dtype=np.float32)
    points[:20, 0] = 1.0
    assert np.isfinite(project(points, ProjectionConfig(), seed=0)).all()


def test_no_map_is_not_known():
    assert np.isnan(project(np.eye(9, dtype=np.float32), ProjectionConfig(method="none"), 0)).all()


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        project(np.full((3, 2), np.nan, dtype=np.float32), ProjectionConfig(), 0)


def test_large_maps_take_three_fifths_of_the_epochs(clusters, monkeypatch):
    points, label = clusters
    taken = []
    layout = projection._layout

    def large(*arguments):
        monkeypatch.setattr(projection, "EXACT_TO", 100)
        taken.append(layout(*arguments))
        return taken[-1]

    usual = project(points, ProjectionConfig(epochs=50), seed=0)
    fewer = project(points, ProjectionConfig(epochs=30), seed=0)
    monkeypatch.setattr(projection, "_layout", large)
    place = project(points, ProjectionConfig(epochs=50), seed=0)
    assert np.array_equal(place, fewer)
    assert not np.array_equal(place, usual)
    assert nearest_share(place, label) == 1.0


def kept_in(module, name):
    function = getattr(import_module(module), name)
    return function.stats.cache_path


def test_what_the_library_compiles_is_kept_for_other_processes(clusters):
    project(clusters[0], ProjectionConfig(), 0)
    for module, name in COMPILED:
        assert kept_in(module, name)


@pytest.mark.parametrize("why", ["nowhere to write", "another version", "another module"])
def test_where_nothing_can_be_kept_maps_are_drawn_all_the_same(clusters, why, monkeypatch):
    def refuse(_):
        raise RuntimeError("cannot cache function: no locator available")

    if why == "nowhere to write":
        (module, name), *_ = COMPILED
        monkeypatch.setattr(type(getattr(import_module(module), name)), "enable_caching", refuse)
    else:
        gone = ("umap.layouts", "gone") if why == "another version" else ("umap.gone", "gone")
        monkeypatch.setattr("core.projection.COMPILED", (gone, *COMPILED))
    assert np.isfinite(project(clusters[0], ProjectionConfig(), 0)).all()
