"""2-D maps of embeddings: UMAP from exact neighbours and a PCA start, or plain PCA.

UMAP: McInnes, Healy and Melville, 2018 (arXiv:1802.03426), here in whole-array NumPy. Its
reference library compiles itself for half a minute in every new process; these maps are small,
so this version is done before that. Edges of one epoch are applied in a few random portions
rather than one by one.

Shape letters: n points, D size, k neighbours, M directed edges.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.config import ProjectionConfig
from core.types import FloatArray, IntArray

CURVE_A, CURVE_B = 1.5769, 0.8951
"""1 / (1 + a d^2b): the curve of UMAP for min_dist 0.1 and spread 1."""
NEGATIVES = 5
"""Random points that each updated edge pushes its head away from."""
PORTIONS = 8
"""Portions of an epoch's edges: about one update per point and portion, as in one-by-one SGD."""
LEAST_POINTS = 8
"""Fewer points than this have no neighbourhood worth a layout: PCA."""


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
    near, distance = _nearest(unit, min(config.neighbours, len(points) - 1))
    graph = _fuzzy_graph(near, distance)
    placed = _layout(start, graph, config.epochs, np.random.default_rng(seed))
    return np.asarray(placed - placed.mean(axis=0), dtype=np.float32)


def _pca(points: FloatArray) -> FloatArray:
    """First two principal axes ``(n, 2)``; the sign is fixed by the largest loading."""
    centred = points - (points.mean(axis=0) if len(points) else 0)
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    first = axes[:, ::-1][:, :2]
    largest = np.take_along_axis(first, np.abs(first).argmax(axis=0)[None, :], axis=0)
    found = centred @ (first * np.sign(largest))
    return np.asarray(np.pad(found, ((0, 0), (0, 2 - found.shape[1]))), dtype=np.float32)


def _nearest(unit: FloatArray, k: int, block: int = 2048) -> tuple[IntArray, FloatArray]:
    """Exact k nearest other points by cosine distance: numbers and distances ``(n, k)``."""
    near, distance = [], []
    for first in range(0, len(unit), block):
        cosine = unit[first : first + block] @ unit.T  # (block, n)
        row = np.arange(len(cosine))
        cosine[row, first + row] = -np.inf
        best = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
        value = np.take_along_axis(cosine, best, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        near.append(np.take_along_axis(best, order, axis=1))
        distance.append(1.0 - np.take_along_axis(value, order, axis=1))
    return np.concatenate(near), np.maximum(np.concatenate(distance), 0.0)


def _fuzzy_graph(near: IntArray, distance: FloatArray) -> sparse.coo_array:
    """Symmetric memberships: exp(-(d - rho) / sigma), joined by p + q - p q (section 3.1)."""
    n, k = near.shape
    above = np.maximum(distance - distance[:, :1], 0.0)  # rho = distance of the nearest
    low, high = np.zeros((n, 1)), np.full((n, 1), np.inf)
    sigma = np.ones((n, 1))
    for _ in range(48):  # bisection: memberships of a point sum to log2(k + 1)
        too_much = np.exp(-above / sigma).sum(axis=1, keepdims=True) > np.log2(k + 1)
        high, low = np.where(too_much, sigma, high), np.where(too_much, low, sigma)
        sigma = np.where(np.isinf(high), 2.0 * sigma, 0.5 * (low + high))
    sigma = np.maximum(sigma, 1e-3 * max(float(distance.mean()), 1e-6))
    weight = np.exp(-above / sigma)
    row = np.repeat(np.arange(n), k)
    one_way = sparse.csr_array((weight.ravel(), (row, near.ravel())), shape=(n, n))
    both = one_way.multiply(one_way.T)
    return sparse.coo_array(one_way + one_way.T - both)


def _layout(
    start: FloatArray, graph: sparse.coo_array, epochs: int, rng: np.random.Generator
) -> np.ndarray:
    """Stochastic descent: each edge is updated as often as its weight says (section 3.2)."""
    place = start.astype(np.float64) * (10.0 / max(float(np.abs(start).max()), 1e-12))
    place += rng.normal(scale=1e-4, size=place.shape)
    rate = graph.data / graph.data.max()
    due = rng.random(len(rate))  # a random phase instead of all edges in the first epoch
    for epoch in range(epochs):
        due += rate
        edges = rng.permutation(np.flatnonzero(due >= 1.0))
        due[edges] -= 1.0
        step = 1.0 - epoch / epochs
        for portion in np.array_split(edges, PORTIONS):
            head, tail = graph.row[portion], graph.col[portion]
            _attract(place, head, tail, step)
            _repel(place, head, rng.integers(len(place), size=(NEGATIVES, len(head))), step)
    return place


def _attract(place: np.ndarray, head: IntArray, tail: IntArray, step: float) -> None:
    gap = place[head] - place[tail]  # (M, 2)
    square = np.maximum((gap**2).sum(axis=1, keepdims=True), 1e-12)
    pull = -2.0 * CURVE_A * CURVE_B * square ** (CURVE_B - 1.0)
    move = step * np.clip(pull / (1.0 + CURVE_A * square**CURVE_B) * gap, -4.0, 4.0)
    _add(place, head, move)
    _add(place, tail, -move)


def _repel(place: np.ndarray, head: IntArray, other: IntArray, step: float) -> None:
    gap = place[head] - place[other]  # (NEGATIVES, M, 2)
    square = (gap**2).sum(axis=2, keepdims=True)
    push = 2.0 * CURVE_B / ((0.001 + square) * (1.0 + CURVE_A * square**CURVE_B))
    _add(place, head, step * np.clip(push * gap, -4.0, 4.0).sum(axis=0))


def _add(place: np.ndarray, row: IntArray, move: np.ndarray) -> None:
    """Add the moves of each point; ``bincount`` because points repeat."""
    for axis in range(2):
        place[:, axis] += np.bincount(row, weights=move[:, axis], minlength=len(place))
