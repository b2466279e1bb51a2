"""Sparse 0/1 matrices: which user has which item, which item has which attribute value.

Shape letters: U users, I items, V attribute values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.keys import distinct
from core.types import Interactions, Items


@dataclass(frozen=True)
class AttributeTable:
    """All attribute values of a catalogue; values of two columns never mix."""

    matrix: sparse.csr_array
    """Whether an item has a value, float32 0/1, ``(I, V)``."""
    column: tuple[str, ...]
    """Column of each value, length V."""
    value: tuple[str, ...]
    """Each value as first written, length V."""


def interaction_matrix(interactions: Interactions) -> sparse.csr_array:
    """Users by items, float32 0/1, ``(U, I)``; repeated pairs count once."""
    pair = distinct(interactions.key())
    user, item = np.divmod(pair, max(interactions.n_items, 1))
    shape = (interactions.n_users, interactions.n_items)
    return sparse.csr_array((np.ones(len(pair), dtype=np.float32), (user, item)), shape=shape)


def attribute_table(items: Items, least_items: int = 1) -> AttributeTable:
    """Number the attribute values of a catalogue, column by column.

    Args:
        items: The catalogue; values differing only in case or outer spaces are the same.
        least_items: Leave out values that fewer items have.
    """
    number: dict[tuple[str, str], int] = {}
    written: list[str] = []
    pairs: list[tuple[int, int]] = []
    for column, values_of in items.attributes.items():
        for item, values in enumerate(values_of):
            for value in values:
                name = " ".join(value.split())
                if not name:
                    continue
                place = number.setdefault((column, name.casefold()), len(written))
                if place == len(written):
                    written.append(name)
                pairs.append((item, place))
    matrix = _zero_one(pairs, (len(items.id), len(written)))
    keep = np.flatnonzero(np.asarray(matrix.sum(axis=0)).ravel() >= least_items)
    columns = [column for column, _ in number]
    return AttributeTable(
        matrix[:, keep], tuple(columns[k] for k in keep), tuple(written[k] for k in keep)
    )


def _zero_one(pairs: list[tuple[int, int]], shape: tuple[int, int]) -> sparse.csr_array:
    unique = np.unique(np.array(pairs, dtype=np.int64).reshape(-1, 2), axis=0)
    ones = np.ones(len(unique), dtype=np.float32)
    return sparse.csr_array((ones, (unique[:, 0], unique[:, 1])), shape=shape)
