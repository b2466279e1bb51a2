"""Maps of clustered points, ours and by umap-learn's defaults, and how true they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed.loop import Job, Measure, timed
from core.config import ProjectionConfig
from core.projection import project

SIZE, N_GROUPS, NEIGHBOURS, SUBSAMPLE = 64, 60, 15, 3_000
WARM_UP = 4_200
"""Points of a first map, which compiles what is compiled at run time; below 4,096 umap-learn takes
another way to the neighbours."""


def points_of(n: int) -> np.ndarray:
    """Clusters of unequal size in subspaces of their own, unit rows, float32 ``(n, D)``."""
    rng = np.random.default_rng(0)
    odds = np.arange(1, N_GROUPS + 1) ** -0.7
    group = rng.choice(N_GROUPS, n, p=odds / odds.sum())
    centre = rng.standard_normal((N_GROUPS, SIZE))
    axes = rng.standard_normal((N_GROUPS, 5, SIZE))
    points = centre[group] + 0.1 * rng.standard_normal((n, SIZE))
    for number in range(N_GROUPS):
        rows = np.flatnonzero(group == number)
        points[rows] += 0.4 * rng.standard_normal((len(rows), 5)) @ axes[number]
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def prepare(job: Job) -> Measure:
    """Draw the points and compile; the first calls take up to half a minute."""
    points = points_of(job["size"])
    place = _umap if job["form"] == "umap" else _ours
    place(points[:WARM_UP])

    def measure() -> dict[str, Any]:
        made: list[np.ndarray] = []
        wall, cpu = timed(lambda: made.append(place(points)))
        return {"map": wall, "map_cpu": cpu, "trustworthiness": trust(points, made[0])}

    return measure


def _ours(points: np.ndarray) -> np.ndarray:
    return project(points, ProjectionConfig(neighbours=NEIGHBOURS), 0)


def _umap(points: np.ndarray) -> np.ndarray:
    """Its defaults: no seed, so that it uses all threads; unit rows, so neighbours are ours."""
    import umap  # noqa: PLC0415 - takes seconds to load

    return np.asarray(umap.UMAP().fit_transform(points))


def trust(points: np.ndarray, placed: np.ndarray) -> float:
    """Trustworthiness with 15 neighbours, of 3,000 points (Venna and Kaski, 2001)."""
    from sklearn.manifold import trustworthiness  # noqa: PLC0415 - heavy

    rows = np.random.default_rng(1).permutation(len(points))[:SUBSAMPLE]
    return float(trustworthiness(points[rows], placed[rows], n_neighbors=NEIGHBOURS))
