"""The best items of each user among all items but some.

Where the processor multiplies bfloat16 numbers faster and items are many, scores are rounded first.
They only propose: the proposed items are scored in float32, and the proposal is accepted where a
bound on the rounding proves that no other item can be among the best. Other users are scored in
float32 throughout, so that the answer is that of float32 in either case, up to its own rounding.

Shape letters: U users, I items, N items filled up, D embedding size, V users to serve, b of them at
a time, k items wanted, p proposed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn import functional

from core.processor import multiplies_bfloat16
from core.score_tiles import CHUNK, ScoreTiles, filled_up, new_store
from core.types import BoolArray, IntArray

SCORES_AT_ONCE = 2**24
"""Scores held at a time (64 MB): users are ranked in blocks of this many over I."""
ON_A_GPU = 2**28
"""The same where memory is no cache and every block makes the host wait (1 GB)."""
WHOLE_LINES = 32
"""Users of a block are a multiple of this where more fit: other widths take a fifth longer."""
MANY_ITEMS = 4_096
"""From so many items on a proposal by rounded scores pays."""
SPARE = 12
"""Items proposed beyond those wanted: enough for most users' proof (top 20 of 40,000)."""
UNIT = 2.0**-8
"""Largest relative error of a number rounded to bfloat16."""
FLOOR = 2.0**-100
"""Scores from here on are far from where numbers lose digits for being small."""
FLUSHED = 2.0**-125
"""Twice the smallest normal number: products may take smaller ones for 0."""
AT_ONCE = 2**22
"""Numbers gathered at a time to score what is proposed (16 MB)."""


def top_items(
    user_vector: Tensor, item_vector: Tensor, user: IntArray, masked: IntArray, k: int
) -> Iterator[tuple[IntArray, IntArray]]:
    """Rank all items for some users, a block of users at a time; score = dot product.

    Args:
        user_vector: ``(U, D)``.
        item_vector: ``(I, D)``.
        user: Whom to serve, ascending, ``(V,)``.
        masked: Sorted keys ``user * I + item`` of pairs to leave out.
        k: Items wanted; fewer where there are fewer.

    Yields:
        Places in ``user``, ``(b,)``, and the best items there, ``(b, k)``, -1 where only masked
        ones are left; every place once, in any order. Equal scores rank by item number, lower
        first.
    """
    n_items = len(item_vector)
    n_whole = filled_up(n_items)
    padded = functional.pad(item_vector, (0, 0, 0, n_whole - n_items))
    at_once = SCORES_AT_ONCE if item_vector.device.type == "cpu" else ON_A_GPU
    block = _block(at_once // n_whole, len(user))
    exact = _Exact(user_vector, padded, n_items, block)
    left = np.arange(len(user))
    if _rounding_pays(item_vector, k):
        left = yield from _proposed(_Rounded(exact), user, masked, min(k, n_items))
    for start in range(0, len(left), block):
        place = left[start : start + block]
        yield place, exact(user[place], masked, min(k, n_items)).cpu().numpy()


def _proposed(
    rounded: _Rounded, user: IntArray, masked: IntArray, k: int
) -> Generator[tuple[IntArray, IntArray], None, IntArray]:
    """Places whose best items rounded scores can prove; returns those that are left, ascending."""
    block, doubtful = rounded.exact.block, [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(user), block):
        place = np.arange(start, min(start + block, len(user)))
        best, proved = rounded(user[place], masked, k)
        yield place[proved], best[proved]
        doubtful.append(place[~proved])
        if 2 * len(doubtful[-1]) > len(place):  # scored twice, most of them
            doubtful.append(np.arange(place[-1] + 1, len(user)))
            break
    return np.concatenate(doubtful)


def _block(fitting: int, n_users: int) -> int:
    whole = fitting // WHOLE_LINES * WHOLE_LINES or fitting
    return max(1, min(whole, n_users))


def _rounding_pays(item_vector: Tensor, k: int) -> bool:
    if item_vector.device.type != "cpu" or item_vector.dtype != torch.float32:
        return False
    fewest = max(MANY_ITEMS, 4 * CHUNK * (k + SPARE))  # else most chunks would be searched
    return len(item_vector) >= fewest and multiplies_bfloat16("cpu")


class _Exact:
    """Best items by scores of the vectors' own type."""

    def __init__(self, user_vector: Tensor, padded: Tensor, n_items: int, block: int) -> None:
        self.user_vector, self.padded, self.n_items = user_vector, padded, n_items
        self.block = block
        self._store: list[Tensor] | None = None

    def __call__(self, user: IntArray, masked: IntArray, k: int) -> Tensor:
        """The k best items of each user, -1 where only masked ones are left, ``(b, k)``."""
        if self._store is None:
            self._store = new_store(self.padded, self.block)
        own = self.user_vector[torch.from_numpy(user).to(self.user_vector.device)]
        tiles = ScoreTiles(own, self.padded, self.n_items, self._store)
        tiles.fill(*_masked_cells(user, masked, self.n_items))
        value, item = tiles.largest(min(k + 1, self.n_items))
        tied = (value[:, 1:] == value[:, :-1]).any(dim=1)  # topk leaves the order of ties open
        value, item = value[:, :k], item[:, :k].clone()
        if bool(tied.any()):
            whole = tiles.levels[0][:, tied].T
            item[tied] = whole.sort(dim=1, descending=True, stable=True).indices[:, :k]
        return item.masked_fill_(value == -torch.inf, -1)


class _Rounded:
    """The same by scores of rounded vectors, as far as they can be proved right."""

    def __init__(self, exact: _Exact) -> None:
        self.exact, self.rounded = exact, exact.padded.bfloat16()
        self._store = new_store(self.rounded, exact.block)
        self._longest = float(_lengths(exact.padded).max())
        self._lost = float(_lengths(exact.padded - self.rounded).max())

    def __call__(self, user: IntArray, masked: IntArray, k: int) -> tuple[IntArray, BoolArray]:
        """The k best items of each user ``(b, k)``, and of whom they are proved ``(b,)``."""
        own = self.exact.user_vector[torch.from_numpy(user)]
        tiles = ScoreTiles(own.bfloat16(), self.rounded, self.exact.n_items, self._store, True)
        tiles.fill(*_masked_cells(user, masked, self.exact.n_items))
        value, item = tiles.largest(min(k + SPARE, self.exact.n_items))
        best, score = self._ranked(own, item, k)
        last = value[:, -1].double()
        proved = (last > FLOOR) & (self._at_most(own, last) < score)
        return best.numpy(), proved.numpy()

    def _ranked(self, own: Tensor, item: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """The k best of the proposed items ``(b, k)``, and the score of the last ``(b,)``."""
        item = item.sort(dim=1).values
        users = max(1, AT_ONCE // (item.shape[1] * own.shape[1]))
        pairs = zip(torch.split(item, users), torch.split(own, users), strict=True)
        score = torch.cat([(self.exact.padded[i] * u[:, None]).sum(dim=2) for i, u in pairs])
        score, order = score.sort(dim=1, descending=True, stable=True)
        return item.gather(1, order)[:, :k], score[:, k - 1].double()

    def _at_most(self, own: Tensor, value: Tensor) -> Tensor:
        """What the score of an item can be at most whose rounded score is not above this.

        u i - u' i' = (u - u') i + u' (i - i'), each at most a product of lengths; then the sums
        of D products in float32, here and in scoring what is proposed; numbers too small to be
        normal; and the rounding of the score itself. In float64: squares of lengths underflow.

        Args:
            own: Vectors of the users, ``(b, D)``.
            value: Above :data:`FLOOR`, float64 ``(b,)``.
        """
        size, length = own.shape[1], _lengths(own)
        by_user = _lengths(own - own.bfloat16()) * self._longest
        by_item = (1.0 + UNIT) * length * self._lost
        by_sums = 4.0 * size * 2.0**-24 * length * self._longest
        by_flushing = FLUSHED * size**0.5 * (length + self._longest)
        most: Tensor = value * (1.0 + 2.0 * UNIT) + by_user + by_item + by_sums + by_flushing
        return most


def _lengths(vectors: Tensor) -> Tensor:
    """Euclidean lengths, float64; their own rounding is far below that of the sums."""
    found: Tensor = vector_norm(vectors, dim=1, dtype=torch.float64)
    return found


def _masked_cells(user: IntArray, masked: IntArray, n_items: int) -> tuple[IntArray, IntArray]:
    """Items of the masked pairs of these users, ascending, and the users' rows in ``user``."""
    first = np.searchsorted(masked, user * n_items)
    size = np.searchsorted(masked, (user + 1) * n_items) - first
    row = np.repeat(np.arange(len(user)), size)
    place = np.arange(len(row)) + np.repeat(first - (np.cumsum(size) - size), size)
    item = masked[place] % n_items
    order = np.argsort(item)
    return item[order], row[order]
