"""The best items of each user among all items but some.

Scores are computed tile by tile, small enough to stay in the cache while the best score of every
chunk of items is found; only the chunks with the best maxima are searched. A product with all items
at once spends as long on writing and reading scores as on computing them.

Shape letters: U users, I items, D embedding size, V users to serve, b of them at a time, k items
wanted, t tiles of w items, c chunks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.types import IntArray

CHUNK = 64
"""Items whose best score is looked at first when the best of many are sought."""
TILE = 20 * CHUNK
"""Items scored at once: 2.5 MB of scores for 512 users."""
SCORES_AT_ONCE = 2**24
"""Scores held at a time (64 MB): users are ranked in blocks of this many over I."""


def top_items(
    user_vector: Tensor, item_vector: Tensor, user: IntArray, masked: IntArray, k: int
) -> Iterator[tuple[slice, IntArray]]:
    """Rank all items for some users, a block of users at a time; score = dot product.

    Args:
        user_vector: ``(U, D)``.
        item_vector: ``(I, D)``.
        user: Whom to serve, ascending, ``(V,)``.
        masked: Sorted keys ``user * I + item`` of pairs to leave out.
        k: Items wanted; fewer where there are fewer.

    Yields:
        Rows of ``user``, and their best items ``(b, k)``, -1 where only masked ones are left. Equal
        scores rank by item number, lower first.
    """
    n_items = len(item_vector)
    whole = max(-(-n_items // CHUNK) * CHUNK, CHUNK)
    width = min(TILE, whole) if item_vector.device.type == "cpu" else whole
    n_wide = -(-n_items // width) * width
    padded = functional.pad(item_vector, (0, 0, 0, n_wide - n_items))
    block = max(1, SCORES_AT_ONCE // max(n_wide, 1))
    for start in range(0, len(user), block):
        rows = slice(start, min(start + block, len(user)))
        number = torch.from_numpy(user[rows]).to(user_vector.device)
        scores = _Scores(user_vector[number], padded, n_items, width)
        scores.mask(*_masked_cells(user[rows], masked, n_items))
        yield rows, scores.best(min(k, n_items)).cpu().numpy()


class _Scores:
    """Scores of a block of users, ``(t, b, w)``, and the best of each chunk, ``(b, c)``."""

    def __init__(self, user: Tensor, padded: Tensor, n_items: int, width: int) -> None:
        n_tiles = len(padded) // width
        self.n_items = n_items
        self.value = user.new_empty(n_tiles, len(user), width)
        self.best_of_chunk = user.new_empty(len(user), n_tiles, width // CHUNK)
        for tile in range(n_tiles):
            score = self.value[tile]
            torch.mm(user, padded[tile * width : (tile + 1) * width].T, out=score)
            if tile == n_tiles - 1:
                score[:, n_items - tile * width :] = -torch.inf  # what only fills it up
            torch.amax(score.view(len(user), -1, CHUNK), dim=2, out=self.best_of_chunk[:, tile])
        self.best_of_chunk = self.best_of_chunk.flatten(1)

    def mask(self, row: Tensor, item: Tensor) -> None:
        """Leave some cells out, and look at their chunks again."""
        row, item = row.to(self.value.device), item.to(self.value.device)
        width = self.value.shape[2]
        self.value[item // width, row, item % width] = -torch.inf
        chunk = item // CHUNK
        self.best_of_chunk[row, chunk] = self._chunks(row, chunk).amax(dim=-1)

    def best(self, k: int) -> Tensor:
        """The k best items of each user, -1 where only masked ones are left, ``(b, k)``."""
        value, item = self._largest(min(k + 1, self.n_items))
        tied = (value[:, 1:] == value[:, :-1]).any(dim=1)  # topk leaves the order of ties open
        value, item = value[:, :k], item[:, :k].clone()
        if bool(tied.any()):
            whole = self.value[:, tied].movedim(0, 1).flatten(1)
            item[tied] = whole.sort(dim=1, descending=True, stable=True).indices[:, :k]
        return item.masked_fill_(value == -torch.inf, -1)

    def _largest(self, k: int) -> tuple[Tensor, Tensor]:
        """The k largest scores of each user and their items, ``(b, k)``.

        The k chunks with the largest maxima hold them.
        """
        n_chunks = min(k, self.best_of_chunk.shape[1])
        chunk = self.best_of_chunk.topk(n_chunks, dim=1).indices  # (b, k)
        row = torch.arange(len(chunk), device=chunk.device)[:, None]
        value, place = self._chunks(row, chunk).flatten(1).topk(k, dim=1)
        return value, chunk.gather(1, place // CHUNK) * CHUNK + place % CHUNK

    def _chunks(self, row: Tensor, chunk: Tensor) -> Tensor:
        """Scores of some chunks of some users: any shapes that broadcast, and CHUNK more."""
        per_tile = self.value.shape[2] // CHUNK
        chunks = self.value.view(*self.value.shape[:2], per_tile, CHUNK)
        return chunks[chunk // per_tile, row, chunk % per_tile]


def _masked_cells(user: IntArray, masked: IntArray, n_items: int) -> tuple[Tensor, Tensor]:
    """Row in ``user`` and item of each masked pair of these users; ``masked`` is sorted."""
    first = np.searchsorted(masked, user * n_items)
    size = np.searchsorted(masked, (user + 1) * n_items) - first
    row = np.repeat(np.arange(len(user)), size)
    place = np.arange(len(row)) + np.repeat(first - (np.cumsum(size) - size), size)
    return torch.from_numpy(row), torch.from_numpy(masked[place] % n_items)
