"""2-D maps of embeddings: UMAP from given neighbours and a PCA start, or plain PCA.

UMAP: McInnes, Healy and Melville, 2018 (arXiv:1802.03426), by umap-learn. True neighbours and a
PCA start need fewer epochs than its own and give the same map every time.

Shape letters: n points, D size, k neighbours.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from importlib import import_module
from typing import Final

import numpy as np

from core.config import ProjectionConfig
from core.nearest import EXACT_TO, nearest_points
from core.types import FloatArray, IntArray

OF_MANY: Final = 0.6
"""Share of the epochs for more than :data:`core.nearest.EXACT_TO` points; as trustworthy on the
clusters of ``benchmarks.speed`` (50,000: .9907 for .9906)."""
LEAST_POINTS = 8
"""Fewer points than this have no neighbourhood worth a layout: PCA."""
COMPILED: Final = (
    ("umap.umap_", "smooth_knn_dist"),
    ("umap.umap_", "compute_membership_strengths"),
    ("umap.layouts", "_nb_optimize_layout_euclidean_single_epoch"),
)
"""Functions of umap-learn that take 4 s to compile, ten times what they then take on the sample."""


def project(points: FloatArray, config: ProjectionConfig, seed: int) -> FloatArray:
    """Lay out points in the plane so that neighbours by cosine stay neighbours.

    Args:
        points: n embeddings ``(n, D)``; users and items together, users first.
        config: Method, neighbours, epochs. ``none`` gives NaN (not known).
        seed: Same points and seed, same map.

    Returns:
        Coordinates, float32 ``(n, 2)``, centred on 0.

    Raises:
        ValueError: If ``points`` is not a table of finite numbers.
    """
    if points.ndim != 2 or not np.isfinite(points).all():
        raise ValueError(f"points must be finite and (n, D), got shape {points.shape}")
    if config.method == "none":
        return np.full((len(points), 2), np.nan, dtype=np.float32)
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit = np.asarray(points / np.where(length > 0, length, 1.0), dtype=np.float32)
    start = _pca(unit)
    if config.method == "pca" or len(points) < LEAST_POINTS:
        return start
    near, distance = nearest_points(unit, min(config.neighbours, len(points) - 1), seed)
    placed = _layout(start, near, distance, config, seed)
    return np.asarray(placed - placed.mean(axis=0), dtype=np.float32)


def _pca(points: FloatArray) -> FloatArray:
    """First two principal axes ``(n, 2)``; the sign is fixed by the largest loading."""
    centred = points - (points.mean(axis=0) if len(points) else 0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    first = axes[:, ::-1][:, :2]
    largest = np.take_along_axis(first, np.abs(first).argmax(axis=0)[None, :], axis=0)
    found = centred @ (first * np.sign(largest))
    return np.asarray(np.pad(found, ((0, 0), (0, 2 - found.shape[1]))), dtype=np.float32)


def _layout(
    start: FloatArray,
    near: IntArray,
    distance: FloatArray,
    config: ProjectionConfig,
    seed: int,
) -> np.ndarray:
    """UMAP's own layout from given neighbours and a given start."""
    import umap  # noqa: PLC0415 - takes seconds to load; only jobs that draw maps pay for it

    keep_compiled()
    n, k = near.shape
    # The library counts a point as its own first neighbour.
    own = np.hstack([np.arange(n)[:, None], near])
    away = np.hstack([np.zeros((n, 1), np.float32), distance])
    rng = np.random.default_rng(seed)
    scaled = start * (10.0 / max(float(np.abs(start).max()), 1e-12))
    scaled = scaled + rng.normal(scale=1e-4, size=start.shape)  # equal points need a way apart
    reducer = umap.UMAP(
        n_neighbors=k + 1,
        n_epochs=config.epochs if n <= EXACT_TO else round(OF_MANY * config.epochs),
        init=scaled.astype(np.float32),
        precomputed_knn=(own, away.astype(np.float32)),
        random_state=seed,
        n_jobs=1,
        force_approximation_algorithm=True,
    )
    with warnings.catch_warnings():
        # It notes that new points cannot be placed later; nobody asks for that here.
        warnings.simplefilter("ignore")
        return np.asarray(reducer.fit_transform(np.zeros((n, 1), np.float32)))


def keep_compiled() -> None:
    """Have Numba keep the compiled functions of umap-learn for later processes.

    umap-learn asks for that where it searches neighbours, not where it lays out. The files are
    beside its own, or in NUMBA_CACHE_DIR; where none can be written, every process compiles.
    """
    for module, name in COMPILED:
        # Another version, or no folder to write to.
        with suppress(AttributeError, ImportError, RuntimeError):
            getattr(import_module(module), name).enable_caching()


if __name__ == "__main__":  # at installation: the first search and layout take 20 s to compile
    project(np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32), ProjectionConfig(), 0)
