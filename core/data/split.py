"""Which rows a split takes: k-core and the per-user 3:1:1 rule, on numbered rows.

Shape letters: E rows. The rule: of a user's n interactions, floor(n / 5 + 1/2) are held out for
test and as many for validation; users with fewer than three keep all of them in train.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from core.types import BoolArray, GradeArray, IntArray

TRAIN, VALID, TEST = 0, 1, 2
RULE: Final = (
    "per user 3:1:1: of n interactions floor(n/5 + 1/2) go to test and as many to validation; "
    "users with fewer than 3 keep all in train"
)


def k_core(user: IntArray, item: IntArray, k: int) -> BoolArray:
    """Rows of the k-core: every user and item left has at least k rows left.

    Args:
        user: User numbers, ``(E,)``.
        item: Item numbers, ``(E,)``.
        k: The core; 0 and 1 keep everything.

    Returns:
        Mask ``(E,)``.
    """
    row = np.arange(len(user))
    while len(row):
        user_degree = np.bincount(user[row])
        item_degree = np.bincount(item[row])
        kept = (user_degree[user[row]] >= k) & (item_degree[item[row]] >= k)
        if kept.all():
            break
        row = row[kept]  # leaving some rows out lowers other degrees: look again
    mask = np.zeros(len(user), dtype=bool)
    mask[row] = True
    return mask


def rank_within_user(user: IntArray, order: IntArray) -> IntArray:
    """Place of each row among the rows of its user, 0 first, ``(E,)``.

    Args:
        user: User numbers, ``(E,)``.
        order: Row numbers sorted by user, then by whatever decides the place, ``(E,)``.
    """
    sorted_user = user[order]
    size = np.bincount(sorted_user)
    start = np.repeat(np.cumsum(size) - size, size)  # first row of the same user
    rank = np.empty(len(user), dtype=np.int64)
    rank[order] = np.arange(len(user)) - start
    return rank


def split_by_order(user: IntArray, order: IntArray) -> GradeArray:
    """Apply the 3:1:1 rule: first rows of each user to train, then validation, then test.

    Returns:
        :data:`TRAIN`, :data:`VALID` or :data:`TEST` per row, int8 ``(E,)``.
    """
    n = np.bincount(user)[user] if len(user) else user
    n_held = (2 * n + 5) // 10  # floor(n / 5 + 1/2) in integers
    rank = rank_within_user(user, order)
    part = (rank >= n - 2 * n_held).astype(np.int8)
    part[rank >= n - n_held] = TEST
    return part


def carve_validation(user: IntArray, part: GradeArray, order: IntArray) -> GradeArray:
    """Take a quarter of each user's train rows for validation, the last ones of ``order``.

    A user with n train rows gives floor(n / 4 + 1/2) of them, and so keeps at least one.
    """
    train = np.flatnonzero(part == TRAIN)
    n_train = np.bincount(user[train])
    place = np.full(len(user), -1, dtype=np.int64)
    place[train] = np.arange(len(train))
    ordered = place[order[part[order] == TRAIN]]
    rank = rank_within_user(user[train], ordered)
    n = n_train[user[train]]
    moved = rank >= n - (n + 2) // 4
    carved = part.copy()
    carved[train[moved]] = VALID
    return carved
