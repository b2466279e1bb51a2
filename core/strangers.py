"""Where a pair stands among strangers.

A raw score means little: some items are near to everybody, some users to everything. A pair is
therefore also placed among the user's other items and among the item's other users, none of whom
interacted. Both places are shares in 0..1, comparable over users, items, folds and models.

Shape letters: U users, I items, D vector size, P pairs, R references, B block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

from core.types import FloatArray, IntArray

BLOCK = 4096
"""Pairs at once: memory is BLOCK times the number of references."""
DENSE = 16_000_000
"""Numbers, 128 MB: what is larger stays sparse if it is."""
RIGHT_FILLED, LEFT_FILLED, BOTH_FILLED = 0.1, 0.15, 0.016
"""Shares of numbers that are no 0 above which a dense factor is the faster one: on the right, on
the left of a dense one, and the product of two shares above which both are [D]."""
TIE = 1e-5
"""Scores equal on paper differ in the last digits, and not by chance: without this, a text that
all items share would tell pairs apart by how their scores were summed."""


Vectors: TypeAlias = "FloatArray | sparse.csr_array"
Rows: TypeAlias = Callable[[slice], Vectors]
"""Rows of pairs to one vector per pair, ``(B, D)``, dense or sparse."""


class Places(NamedTuple):
    """Places of P pairs, each ``(P,)`` in 0..1, 1 = better than every stranger."""

    among_items: FloatArray
    """Share of the user's unobserved items that score lower."""
    among_users: FloatArray
    """Share of the users without the item for whom it scores lower."""


def places(
    value: FloatArray,
    user: IntArray,
    item: IntArray,
    user_vector: Vectors,
    item_vector: Vectors,
    observed: sparse.csr_array,
    n_references: int,
    rng: np.random.Generator,
    user_rows: Rows | None = None,
    item_rows: Rows | None = None,
) -> Places:
    """Place pairs among strangers.

    Args:
        value: Score of each pair, ``(P,)``; strangers score by dot product of the vectors.
        user: User numbers ``(P,)``.
        item: Item numbers ``(P,)``.
        user_vector: ``(U, D)``, dense or sparse.
        item_vector: ``(I, D)``, likewise.
        observed: Pairs ``(U, I)`` that are no strangers.
        n_references: At most so many items and users, drawn once for all pairs.
        rng: Source of that draw.
        user_rows: Vectors of the users of some pairs, where a pair needs its own, e.g. without
            the pair itself: then its strangers are measured without it as well.
        item_rows: The same of the items.
    """
    of_user = user_rows or (lambda rows: user_vector[user[rows]])
    of_item = item_rows or (lambda rows: item_vector[item[rows]])
    n_users, n_items = observed.shape
    some_items = np.sort(rng.permutation(n_items)[:n_references])
    some_users = np.sort(rng.permutation(n_users)[:n_references])
    by_item = sparse.csr_array(observed.T)
    items, users = _transposed(item_vector[some_items]), _transposed(user_vector[some_users])
    among_items = np.empty(len(user), np.float32)
    among_users = np.empty(len(user), np.float32)
    for start in range(0, len(user), BLOCK):
        rows = slice(start, start + BLOCK)
        u, i, v = user[rows], item[rows], value[rows]
        scores = _dense(_times(of_user(rows), items))  # (B, R)
        known = observed[u][:, some_items].toarray() > 0
        among_items[rows] = _share_below(v, scores, ~known & (some_items != i[:, None]))
        scores = _dense(_times(of_item(rows), users))
        known = by_item[i][:, some_users].toarray() > 0
        among_users[rows] = _share_below(v, scores, ~known & (some_users != u[:, None]))
    return Places(among_items, among_users)


def _transposed(vector: Vectors) -> Vectors:
    """``(D, R)`` as a product takes it on the right: dense where many numbers are no 0."""
    found = vector.T
    if isinstance(found, np.ndarray) or not _fits(found) or _fill(found) < RIGHT_FILLED:
        return found
    return found.toarray(order="C")  # SciPy would turn another order round at every product


def _times(left: Vectors, right: Vectors) -> Vectors:
    """``(B, D) @ (D, R)``, dense where that is faster: hardly filled tables are not."""
    if isinstance(left, np.ndarray) or not _fits(left):
        return left @ right
    if isinstance(right, np.ndarray):
        return left.toarray() @ right if _fill(left) > LEFT_FILLED else left @ right
    if _fits(right) and _fill(left) * _fill(right) > BOTH_FILLED:
        return left.toarray() @ right.toarray()
    return left @ right


def _fits(matrix: sparse.sparray) -> bool:
    return bool(matrix.shape[0] * matrix.shape[1] <= DENSE)


def _fill(matrix: sparse.sparray) -> float:
    """Share of numbers that are no 0."""
    return float(matrix.nnz / max(matrix.shape[0] * matrix.shape[1], 1))


def _dense(scores: FloatArray | sparse.sparray) -> FloatArray:
    full = scores if isinstance(scores, np.ndarray) else scores.toarray()
    return np.asarray(full, dtype=np.float32)


def _share_below(value: FloatArray, other: FloatArray, valid: np.ndarray) -> FloatArray:
    """Share of valid others below each value, ties half; 0.5 without any, ``(B,)``."""
    gap = value[:, None] - other
    below = ((gap > TIE) & valid).sum(axis=1)
    equal = ((np.abs(gap) <= TIE) & valid).sum(axis=1)
    count = valid.sum(axis=1)
    share = np.where(count > 0, (below + 0.5 * equal) / np.maximum(count, 1), 0.5)
    return np.asarray(share, dtype=np.float32)
