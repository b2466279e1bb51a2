"""The best items of each user among all items but some.

Scores are computed tile by tile, each small enough to stay in the cache while the best of every
chunk of its items is found, and the best of every chunk of chunks after that; only chunks with the
best maxima are searched. Items are rows and users columns, so that a maximum over a chunk runs
over whole lines of the cache, and the product with many items is the faster one of the two.

Shape letters: U users, I items, N items filled up to whole chunks of chunks, D embedding size,
V users to serve, b of them at a time, k items wanted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.types import IntArray

CHUNK = 16
"""Items, or chunks, of which the best is looked at first when the best of many are sought."""
TILE = 4 * CHUNK**2
"""Items scored at once: 2 MB of scores for 512 users."""
SCORES_AT_ONCE = 2**24
"""Scores held at a time (64 MB): users are ranked in blocks of this many over I."""
ON_A_GPU = 2**28
"""The same where memory is no cache and every block makes the host wait (1 GB)."""


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
    n_whole = max(-(-n_items // CHUNK**2), 1) * CHUNK**2
    padded = functional.pad(item_vector, (0, 0, 0, n_whole - n_items))
    at_once = SCORES_AT_ONCE if item_vector.device.type == "cpu" else ON_A_GPU
    block = max(1, min(at_once // n_whole, len(user)))
    store = [user_vector.new_empty(n_whole // CHUNK**i * block) for i in range(3)]
    for start in range(0, len(user), block):
        rows = slice(start, min(start + block, len(user)))
        number = torch.from_numpy(user[rows]).to(user_vector.device)
        scores = _Scores(user_vector[number], padded, n_items, store)
        scores.fill(*_masked_cells(user[rows], masked, n_items))
        yield rows, scores.best(min(k, n_items)).cpu().numpy()


class _Scores:
    """Scores of a block of users, and the best of each chunk, and of each chunk of chunks.

    Every level has a row for each item or chunk and a column for each user: ``(N, b)``,
    ``(N / CHUNK, b)``, ``(N / CHUNK**2, b)``. They lie in a store that blocks share: fresh memory
    for every block costs as much as the scores.
    """

    def __init__(self, user: Tensor, padded: Tensor, n_items: int, store: list[Tensor]) -> None:
        self.user, self.padded, self.n_items = user, padded, n_items
        sizes = [len(padded) // CHUNK**i for i in range(3)]
        self.levels = [
            of[: size * len(user)].view(size, -1) for of, size in zip(store, sizes, strict=True)
        ]

    def fill(self, item: IntArray, column: IntArray) -> None:
        """Compute all scores but of some cells: their items, ascending, and columns."""
        device, n_whole = self.user.device, len(self.padded)
        width = TILE if device.type == "cpu" else n_whole
        end = np.searchsorted(item, np.arange(0, n_whole + width, width))
        cell = torch.from_numpy(np.stack([item, column])).to(device)
        for number, start in enumerate(range(0, n_whole, width)):
            tile = self.levels[0][start : start + width]
            torch.mm(self.padded[start : start + width], self.user.T, out=tile)
            tile[max(self.n_items - start, 0) :] = -torch.inf  # what only fills it up
            of_item, of_user = cell[:, end[number] : end[number + 1]]
            tile[of_item - start, of_user] = -torch.inf
            first = start // CHUNK
            self._best_of_chunks(tile, self.levels[1][first : first + len(tile) // CHUNK])
        self._best_of_chunks(self.levels[1], self.levels[2])

    @staticmethod
    def _best_of_chunks(value: Tensor, best: Tensor) -> None:
        torch.amax(value.view(-1, CHUNK, value.shape[1]), dim=1, out=best)

    def best(self, k: int) -> Tensor:
        """The k best items of each user, -1 where only masked ones are left, ``(b, k)``."""
        value, item = self._largest(min(k + 1, self.n_items))
        tied = (value[:, 1:] == value[:, :-1]).any(dim=1)  # topk leaves the order of ties open
        value, item = value[:, :k], item[:, :k].clone()
        if bool(tied.any()):
            whole = self.levels[0][:, tied].T
            item[tied] = whole.sort(dim=1, descending=True, stable=True).indices[:, :k]
        return item.masked_fill_(value == -torch.inf, -1)

    def _largest(self, k: int) -> tuple[Tensor, Tensor]:
        """The k largest scores of each user and their items, ``(b, k)``.

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


def _masked_cells(user: IntArray, masked: IntArray, n_items: int) -> tuple[IntArray, IntArray]:
    """Items of the masked pairs of these users, ascending, and the users' rows in ``user``."""
    first = np.searchsorted(masked, user * n_items)
    size = np.searchsorted(masked, (user + 1) * n_items) - first
    row = np.repeat(np.arange(len(user)), size)
    place = np.arange(len(row)) + np.repeat(first - (np.cumsum(size) - size), size)
    item = masked[place] % n_items
    order = np.argsort(item)
    return item[order], row[order]
