"""Scores of a block of users for all items, reduced tile by tile to the best of every chunk.

Each tile is small enough to stay in the cache while the best of every chunk of its items is found,
and the best of every chunk of chunks after that; only chunks with the best maxima are searched.
Items are rows and users columns, so that a maximum over a chunk runs over whole lines of the cache,
and the product with many items is the faster one of the two.

Shape letters: I items, N items filled up to whole chunks of chunks, D embedding size, b users,
k items wanted, C cells.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.types import IntArray

CHUNK = 16
"""Items, or chunks, of which the best is looked at first when the best of many are sought."""
TILE = 16 * CHUNK**2
"""Bytes of items' scores computed at once for each user: 2 MB for 512 users."""
N_LEVELS = 3
"""Scores, the best of each chunk, and of each chunk of chunks."""


def filled_up(n_items: int) -> int:
    """Items in whole chunks of chunks, at least one of these."""
    return max(-(-n_items // CHUNK**2), 1) * CHUNK**2


def new_store(like: Tensor, n_users: int) -> list[Tensor]:
    """Memory for all levels, for at most so many users.

    Blocks share it: fresh memory for every block costs as much as the scores.

    Args:
        like: Item vectors filled up, ``(N, D)``; the scores are of their type.
        n_users: Users of a block.

    Returns:
        One flat tensor for each level.
    """
    return [like.new_empty(len(like) // CHUNK**level * n_users) for level in range(N_LEVELS)]


class ScoreTiles:
    """Scores, the best of each chunk, and of each chunk of chunks.

    Every level has a row for each item or chunk and a column for each user: ``(N, b)``,
    ``(N / CHUNK, b)``, ``(N / CHUNK**2, b)``.

    Args:
        user: Vectors of the users, ``(b, D)``.
        padded: Vectors of the items, filled up with anything, ``(N, D)``.
        n_items: How many are items, I.
        store: Of :func:`new_store`.
        by_bits: Compare scores of bfloat16 as the whole numbers that their bits are, which is
            faster and right for what is above 0 alone: a chunk without such a score may show any
            score of it.
    """

    def __init__(
        self,
        user: Tensor,
        padded: Tensor,
        n_items: int,
        store: list[Tensor],
        by_bits: bool = False,
    ) -> None:
        self.user, self.padded, self.n_items, self.by_bits = user, padded, n_items, by_bits
        sizes = [len(padded) // CHUNK**level for level in range(N_LEVELS)]
        self.levels = [
            of[: size * len(user)].view(size, -1) for of, size in zip(store, sizes, strict=True)
        ]

    def fill(self, item: IntArray, column: IntArray) -> None:
        """Compute all scores but of some cells.

        Args:
            item: Their items, ascending, ``(C,)``.
            column: Their users' places in the block, ``(C,)``.
        """
        device, n_whole = self.user.device, len(self.padded)
        width = TILE // self.user.element_size() if device.type == "cpu" else n_whole
        end = np.searchsorted(item, np.arange(0, n_whole + width, width))
        cell = torch.from_numpy(item * len(self.user) + column).to(device)
        every = self.levels[0].view(-1)
        for number, start in enumerate(range(0, n_whole, width)):
            tile = self.levels[0][start : start + width]
            torch.mm(self.padded[start : start + width], self.user.T, out=tile)
            tile[max(self.n_items - start, 0) :] = -torch.inf  # what only fills it up
            every.index_fill_(0, cell[end[number] : end[number + 1]], -torch.inf)
            first = start // CHUNK
            self._best_of_chunks(tile, self.levels[1][first : first + len(tile) // CHUNK])
        self._best_of_chunks(self.levels[1], self.levels[2])

    def _best_of_chunks(self, value: Tensor, best: Tensor) -> None:
        if self.by_bits:
            value, best = value.view(torch.int16), best.view(torch.int16)
        torch.amax(value.view(-1, CHUNK, value.shape[1]), dim=1, out=best)

    def largest(self, k: int) -> tuple[Tensor, Tensor]:
        """The k largest scores of each user and their items, ``(b, k)``, ties in any order.

        The k chunks with the largest maxima hold them, and so it is with chunks of chunks.
        """
        value, place = _largest_of(self.levels[2].T, k)
        row = torch.arange(len(place), device=place.device)[:, None]
        for level in reversed(self.levels[:2]):
            member = _members(place).flatten(1)
            value, among = _largest_of(level[member, row], k)
            place = member.gather(1, among)
        return value, place


def _largest_of(value: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row, or all where there are fewer, and their columns."""
    found = value.topk(min(k, value.shape[1]), dim=1)
    return found.values, found.indices


def _members(chunk: Tensor) -> Tensor:
    """What the chunks consist of, any shape, and CHUNK more."""
    return chunk[..., None] * CHUNK + torch.arange(CHUNK, device=chunk.device)
