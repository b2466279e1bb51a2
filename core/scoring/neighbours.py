"""How an item goes with the user's other items, by who else has both.

Item neighbourhoods with cosine of co-occurrence (Sarwar et al., WWW 2001). There is nothing to
train, so exactly one interaction has to be left out, the pair itself; a fold takes a fifth of the
history with it, and with it the one companion that a minority taste may have [D].

Shape letters: U users, I items, P pairs, B block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.incidence import interaction_matrix
from core.scoring.stand_ins import Pairs
from core.strangers import Places, places
from core.types import FloatArray, Interactions

SHRINK = 5.0
"""Added to item counts: few common users prove little [D]."""
BLOCK = 4096
"""Pairs measured at once."""


@dataclass(frozen=True)
class Neighbours:
    """Co-occurrence evidence about P pairs."""

    similarity: FloatArray
    """Sum of shrunk co-occurrence cosines with the user's other items, over the root of their
    number, ``(P,)``."""
    place: Places
    """Where it stands among strangers."""


def neighbours(
    train: Interactions, pairs: Pairs, n_references: int, rng: np.random.Generator
) -> Neighbours:
    """Measure pairs; a train interaction is measured as if it were not in train.

    Args:
        train: The noised train interactions.
        pairs: They and the stand-ins.
        n_references: Strangers to compare with.
        rng: Draws the strangers.
    """
    companions = _Companions(train, pairs)
    similarity = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), BLOCK):
        rows = slice(start, start + BLOCK)
        found = companions.user_rows(rows).multiply(companions.item_rows(rows)).sum(axis=1)
        # What rounding leaves of 1 - 1 is no 0: it would tell interactions from stand-ins.
        similarity[rows] = np.round(np.asarray(found).ravel(), 5)
    place = places(
        similarity,
        pairs.user,
        pairs.item,
        companions.users(),
        companions.items(),
        companions.history,
        n_references,
        rng,
        companions.user_rows,
        companions.item_rows,
    )
    return Neighbours(similarity, place)


class _Companions:
    """Vectors of users and items ``(I,)`` whose dot product is the similarity of a pair."""

    def __init__(self, train: Interactions, pairs: Pairs) -> None:
        self.pairs = pairs
        self.history = interaction_matrix(train)  # (U, I)
        self.count = np.asarray(self.history.sum(axis=0)).ravel()
        self.size = np.asarray(self.history.sum(axis=1)).ravel()
        self.together = sparse.csr_array(self.history.T @ self.history)  # (I, I)
        self.together.setdiag(0.0)
        self.scale = 1.0 / np.sqrt(self.count + SHRINK)
        self.itself = pairs.observed.astype(np.float64)

    def users(self) -> sparse.csr_array:
        """Scaled histories, nothing left out, ``(U, I)``."""
        return _scaled(self.history, 1.0 / np.sqrt(np.maximum(self.size, 1.0)), self.scale)

    def items(self) -> sparse.csr_array:
        """Scaled co-occurrence, nothing left out, ``(I, I)``."""
        return _scaled(self.together, self.scale, None)

    def user_rows(self, rows: slice) -> sparse.csr_array:
        """History of each pair's user without the item left out, scaled, ``(B, I)``."""
        user, left_out = self.pairs.user[rows], self.pairs.left_out[rows]
        others = self.history[user] - _ones(left_out, np.ones(len(user)), self.history.shape[1])
        root = 1.0 / np.sqrt(np.maximum(self.size[user] - 1.0, 1.0))
        return _scaled(others, root, self.scale)

    def item_rows(self, rows: slice) -> sparse.csr_array:
        """Co-occurrence of each pair's item without what this very pair adds, ``(B, I)``."""
        user, item, one = self.pairs.user[rows], self.pairs.item[rows], self.itself[rows]
        others = self.history[user] - _ones(item, one, self.history.shape[1])
        mine = sparse.csr_array(sparse.diags_array(one) @ others)
        count = self.count[item] - one + SHRINK
        return _scaled(self.together[item] - mine, 1.0 / np.sqrt(count), None)


def _ones(column: np.ndarray, value: np.ndarray, n_columns: int) -> sparse.csr_array:
    """One entry per row, ``(B, n_columns)``."""
    row = np.arange(len(column))
    return sparse.csr_array((value, (row, column)), shape=(len(column), n_columns))


def _scaled(
    matrix: sparse.csr_array, row: np.ndarray, column: np.ndarray | None
) -> sparse.csr_array:
    """Scale the rows, and the columns if asked."""
    found = sparse.diags_array(row) @ matrix
    if column is not None:
        found = found @ sparse.diags_array(column)
    return sparse.csr_array(found)
