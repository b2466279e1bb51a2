"""What items have in common: content tokens, audiences, and random walks between items.

Used to plant noise that is plausible in one respect and not in the other. Plain set overlap of
words and of audiences; nothing of the method that is to be measured with it.

Shape letters: I items, U users, V tokens, P pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.types import IntArray, Interactions, Items

Matrix = Any
"""A ``scipy.sparse.csr_array``."""

MAX_AUDIENCE: Final = 256
"""Users kept per item when audiences are compared."""
WORD: Final = re.compile(r"[^\W_]{3,}")
STOP_WORDS: Final = frozenset(
    "the and for with from that this his her who its are was into but has not their they when "
    "him she you your while after over under than then them where which will about".split()
)


def content_matrix(items: Items) -> Matrix:
    """Items by tokens: attribute values and the words of title and text, 0/1 ``(I, V)``.

    ``Items.group`` is for pictures and is not read.
    """
    vocabulary: dict[str, int] = {}
    tokens: list[int] = []
    ends = [0]
    for number in range(len(items.id)):
        words = WORD.findall(f"{items.title[number]} {items.text[number]}".lower())
        found = {word for word in words if word not in STOP_WORDS}
        for name, values in items.attributes.items():
            found.update(f"{name}={value.lower()}" for value in values[number])
        tokens.extend(vocabulary.setdefault(token, len(vocabulary)) for token in sorted(found))
        ends.append(len(tokens))
    shape = (len(items.id), max(len(vocabulary), 1))
    return sparse.csr_array((np.ones(len(tokens)), np.array(tokens, int), ends), shape=shape)


def audience_matrix(train: Interactions, rng: np.random.Generator) -> Matrix:
    """Items by users, 0/1 ``(I, U)``, with at most :data:`MAX_AUDIENCE` users per item.

    All items keep the users that come first in one random order, so that the overlap of two
    large audiences is still seen, at a bounded price.
    """
    priority = rng.permutation(train.n_users)[train.user]
    order = np.lexsort((priority, train.item))
    item = train.item[order]
    rank = np.arange(len(item)) - np.searchsorted(item, item)
    kept = order[rank < MAX_AUDIENCE]
    value = np.ones(len(kept))
    shape = (train.n_items, train.n_users)
    return sparse.csr_array((value, (train.item[kept], train.user[kept])), shape=shape)


def jaccard(matrix: Matrix, left: IntArray, right: IntArray) -> NDArray[np.float64]:
    """Jaccard overlap of pairs of rows of a 0/1 matrix, ``(P,)``; two empty rows give 0."""
    size = np.diff(matrix.indptr)
    common = np.empty(len(left))
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        common[part] = matrix[left[part]].multiply(matrix[right[part]]).sum(axis=1)
    union = size[left] + size[right] - common
    overlap: NDArray[np.float64] = common / np.maximum(union, 1)
    return overlap


_CHUNK: Final = 200_000


@dataclass(frozen=True)
class Neighbours:
    """Lists of neighbours to draw from, one list per node."""

    start: IntArray
    """Where the list of each node starts, and the end, ``(n + 1,)``."""
    node: IntArray
    """The lists, one after the other."""
    reach: NDArray[np.float64]
    """Sum of the weights up to each entry, with 0 first, ``(len(node) + 1,)``."""

    def draw(self, node: IntArray, rng: np.random.Generator) -> IntArray:
        """One neighbour of each node by weight; -1 where there is none. Any shape."""
        low, high = self.reach[self.start[node]], self.reach[self.start[node + 1]]
        target = low + rng.random(node.shape) * (high - low)
        place = np.searchsorted(self.reach, target, side="right") - 1
        found = self.node[place.clip(0, max(len(self.node) - 1, 0))] if len(self.node) else node
        return np.where(high > low, found, -1)


def neighbours(matrix: Matrix, weight: NDArray[np.float64] | None = None) -> Neighbours:
    """Neighbours of the rows of a matrix; ``weight`` is per column, all ones if omitted."""
    rows = sparse.csr_array(matrix)
    node = rows.indices.astype(np.int64)
    each = np.ones(len(node)) if weight is None else weight[node]
    reach = np.concatenate([[0.0], np.cumsum(each)])
    return Neighbours(rows.indptr.astype(np.int64), node, reach)


def walk(there: Neighbours, back: Neighbours, node: IntArray, rng: np.random.Generator) -> IntArray:
    """Two steps: to a neighbour and on to one of its neighbours; -1 where there is no way."""
    middle = there.draw(node, rng)
    return np.where(middle >= 0, back.draw(middle.clip(0), rng), -1)
