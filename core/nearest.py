"""Nearest points by cosine: exact for maps of usual size, by cells for large ones.

Exact neighbours cost a product of all points with all points. Beyond some ten thousand points they
are looked for in the cells around a point's own, as inverted files do (Jegou, Douze and Schmid,
"Product quantization for nearest neighbor search", TPAMI 2011, sec. IV).

Shape letters: n points, D size, k neighbours, C cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.top_items import top_items
from core.types import FloatArray, IntArray

Block: TypeAlias = tuple[IntArray, IntArray]
"""Points ``(b,)`` and the numbers of their neighbours ``(b, k)``."""
EXACT_TO: Final = 20_000
"""Most points for which every point is looked at."""
LOOKED_AT: Final = 32
"""A point's neighbours are looked for among so many times sqrt(n) points. Of 15 neighbours that
finds all in clusters, 98 % of Amazon-book's spectral embedding, 91 to 94 % where variance falls
slowly from axis to axis, and a third of points without any structure, which no map can show."""
ROUNDS: Final = 4
"""Of k-means, which makes the cells."""
AT_ONCE: Final = 2**22
"""Cosines held at a time (16 MB), beside the points that are looked at."""


def nearest_points(unit: FloatArray, k: int, seed: int) -> tuple[IntArray, FloatArray]:
    """Find the k nearest other points by cosine distance.

    Args:
        unit: Rows of length 1, or 0, ``(n, D)``.
        k: At most n - 1.
        seed: Of the cells that many points are put into.

    Returns:
        Their numbers and distances ``(n, k)``, nearest first; exact up to :data:`EXACT_TO` points.
    """
    points, every = torch.tensor(unit), np.arange(len(unit))
    near = np.empty((len(unit), k), dtype=np.int64)
    distance = np.empty((len(unit), k), dtype=np.float32)
    if len(unit) > EXACT_TO:
        found = _by_cells(points, k, torch.Generator().manual_seed(seed))
    else:
        found = top_items(points, points, every, every * (len(unit) + 1), k)
    for place, best in found:
        near[place] = best
        distance[place] = 1.0 - np.einsum("bd,bkd->bk", unit[place], unit[best])
    # Summed in another order than the ranking did, equal ones may have changed places.
    return near, np.maximum.accumulate(np.maximum(distance, 0.0), axis=1)


def _by_cells(points: Tensor, k: int, generator: torch.Generator) -> Iterator[Block]:
    """As :func:`core.top_items.top_items` of points among points, but for some that it misses."""
    centre, cell = _cells(points, generator)
    size = torch.bincount(cell, minlength=len(centre))
    member = torch.split(cell.argsort(stable=True), size.tolist())
    wanted = max(LOOKED_AT * len(centre), k + 1)
    for own, around in zip(member, (centre @ centre.T).argsort(1, descending=True), strict=True):
        n_cells = int((size[around].cumsum(0) < wanted).sum()) + 1
        other = torch.cat([member[number] for number in around[:n_cells].tolist()]).sort().values
        if len(own) == 0:
            continue
        table = points[other].T
        for part in torch.split(own, max(AT_ONCE // len(other), 1)):
            cosine = points[part] @ table
            cosine.masked_fill_(part[:, None] == other, -torch.inf)
            yield part.numpy(), other[cosine.topk(k).indices].numpy()


def _cells(points: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """About sqrt(n) cells by k-means: centres ``(C, D)`` and the cell of each point ``(n,)``."""
    n_cells = round(len(points) ** 0.5)
    centre = points[torch.randperm(len(points), generator=generator)[:n_cells]]
    cell = _nearest_centre(points, centre)
    for _ in range(ROUNDS):
        total = torch.zeros_like(centre).index_add_(0, cell, points)
        centre = torch.where(total.any(1, keepdim=True), functional.normalize(total), centre)
        cell = _nearest_centre(points, centre)
    return centre, cell


def _nearest_centre(points: Tensor, centre: Tensor) -> Tensor:
    parts = torch.split(points, max(AT_ONCE // len(centre), 1))
    return torch.cat([(part @ centre.T).argmax(1) for part in parts])
