"""User vectors from item texts that do not contain the item in question.

A profile text names the very items it was made of, so its cosine with them is inflated. The
mean of a user's *other* items is not [D].

Shape letters: U users, I items, E interactions, P pairs, T size of a text embedding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.incidence import interaction_matrix
from core.types import BoolArray, FloatArray, IntArray, Interactions


@dataclass(frozen=True)
class UserMeans:
    """Sums of each user's item embeddings, ready to leave one out."""

    total: FloatArray
    """Sum of the unit embeddings of the user's items, ``(U, T)``."""
    size: IntArray
    """Number of the user's items, ``(U,)``."""
    overall: FloatArray
    """Unit mean of all items' embeddings, for users without items, ``(T,)``."""
    profile: FloatArray | None = None
    """Unit embeddings of profile texts ``(U, T)``; they are mixed in with equal weight [D]."""

    def whole(self) -> FloatArray:
        """Unit vector of each user from all items, ``(U, T)``."""
        return self._unit(np.arange(len(self.size)), self.total, self.size)

    def without(self, user: IntArray, item: IntArray, embedding: FloatArray) -> FloatArray:
        """Unit vectors of P users, each without one of the user's items, ``(P, T)``.

        Args:
            user: User numbers ``(P,)``.
            item: An item of that user that is part of the sums, ``(P,)``.
            embedding: Unit embeddings of all items, ``(I, T)``.
        """
        rest = self.total.take(user, axis=0)
        rest -= embedding.take(item, axis=0)
        return self._unit(user, rest, self.size[user] - 1)

    def _unit(self, user: IntArray, total: FloatArray, size: IntArray) -> FloatArray:
        # The size decides, not the norm: a sum less its only term is rounding error.
        mean = unit(total)
        mean[size <= 0] = self.overall
        return mean if self.profile is None else unit(mean + self.profile[user])


def user_means(
    train: Interactions, embedding: FloatArray, profile: FloatArray | None = None
) -> UserMeans:
    """Sum up the item embeddings of each user.

    Args:
        train: The interactions that may be used.
        embedding: Unit embeddings of all items, ``(I, T)``.
        profile: Embeddings of the users' profile texts ``(U, T)``, or none.
    """
    history = interaction_matrix(train)
    size = np.asarray(history.sum(axis=1)).ravel().astype(np.int64)
    total = np.asarray(history @ embedding, dtype=np.float32)
    overall = unit(embedding.mean(axis=0, keepdims=True))[0]
    return UserMeans(total, size, overall, None if profile is None else unit(profile))


def reliable_positives(
    similarity: FloatArray, user: IntArray, n_users: int, share: float
) -> BoolArray:
    """Mark the interactions whose text fits the user best.

    Args:
        similarity: cos(x_u, x_i) of each interaction, ``(E,)``.
        user: User of each interaction, ``(E,)``.
        n_users: U.
        share: Share of each user's interactions to keep, rounded up: at least one.

    Returns:
        Whether an interaction is a reliable positive, ``(E,)``.
    """
    order = np.lexsort((-similarity, user))
    size = np.bincount(user, minlength=n_users)
    first = np.cumsum(size) - size
    rank = np.empty(len(user), dtype=np.int64)
    rank[order] = np.arange(len(user)) - first[user[order]]
    # 1e-9: 0.1 * 30 is 3.0000000000000004 and must not become 4.
    return np.asarray(rank < np.ceil(share * size - 1e-9)[user])


def unit(vectors: FloatArray) -> FloatArray:
    """Scale rows to length 1; rows of zeros stay zero."""
    values = np.asarray(vectors, dtype=np.float32)
    length = np.sqrt(np.einsum("nt,nt->n", values, values))
    return values * (1.0 / np.where(length > 0, length, 1.0))[:, None].astype(np.float32)
