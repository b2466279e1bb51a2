"""What both views measure with: train and attribute matrices, computed once per judging.

Held out means: a quantity about an observed pair (u, i) is what it would be if (u, i) were not in
train. Observed and unobserved pairs then compare, and no pair vouches for itself.

Shape letters: U users, I items, V attribute values, T text size, P pairs, H history length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.incidence import AttributeTable, attribute_table, interaction_matrix
from core.judge import JudgeContext, JudgePairs
from core.keys import distinct
from core.types import FloatArray, IntArray

CO_SHRINK = 5.0
"""Added to item counts in the co-occurrence cosine: few users prove little [D]."""
COMMON_USERS = 5.0
"""Users of an item at which its co-occurrence weighs half as much as its text [D]."""


@dataclass(frozen=True)
class Measures:
    """Matrices behind the measurements."""

    history: sparse.csr_array
    """Train as 0/1, ``(U, I)``."""
    co: sparse.csr_array
    """Number of users who have both items, ``(I, I)``; the diagonal is the item's count."""
    count: FloatArray
    """Users per item, ``(I,)``."""
    size: FloatArray
    """Items per user, ``(U,)``."""
    text: FloatArray
    """Unit text embeddings, ``(I, T)``."""
    total: FloatArray
    """Sum of the text embeddings of a user's items, ``(U, T)``."""
    attributes: AttributeTable
    """Attribute values that at least two items share."""
    chosen: FloatArray
    """How many of a user's items have a value, ``(U, V)``."""

    @property
    def n_items(self) -> int:
        """I."""
        return int(self.history.shape[1])


def measures(context: JudgeContext) -> Measures:
    """Count everything once.

    Raises:
        ValueError: If catalogue, train and embeddings disagree on the number of items.
    """
    n_items = context.train.n_items
    if len(context.items.id) != n_items or len(context.item_embedding) != n_items:
        raise ValueError(
            f"train has {n_items} items, the catalogue {len(context.items.id)}, "
            f"the embeddings {len(context.item_embedding)}"
        )
    history = interaction_matrix(context.train)
    table = attribute_table(context.items, least_items=2)
    return Measures(
        history=history,
        co=sparse.csr_array(history.T @ history),
        count=np.asarray(history.sum(axis=0), dtype=np.float32).ravel(),
        size=np.asarray(history.sum(axis=1), dtype=np.float32).ravel(),
        text=context.item_embedding,
        total=np.asarray(history @ context.item_embedding, dtype=np.float32),
        attributes=table,
        chosen=np.asarray((history @ table.matrix).toarray(), dtype=np.float32),
    )


def own_share(found: Measures, pairs: JudgePairs) -> FloatArray:
    """1 where train holds the pair, so that it must be held out, else 0, ``(P,)``.

    Looked up rather than taken from ``pairs.observed``: holding out has to be exact.
    """
    if len(pairs) == 0:
        return np.zeros(0, dtype=np.float32)
    return np.asarray(found.history[pairs.user, pairs.item], dtype=np.float32).ravel()


def spread(n: int, at_most: int) -> IntArray:
    """Numbers 0..n-1, or ``at_most`` of them at equal distances: a sample without chance."""
    return distinct(np.linspace(0, n - 1, min(n, at_most)).round().astype(np.int64))


def history_matrix(history: IntArray, n_items: int) -> sparse.csr_array:
    """Rows of item numbers (-1 = none) as 0/1, ``(P, I)``."""
    row, place = np.nonzero(history >= 0)
    ones = np.ones(len(row), dtype=np.float32)
    return sparse.csr_array((ones, (row, history[row, place])), shape=(len(history), n_items))
