"""Semantic relevance of every pair, by the projector that has not seen it.

Shape letters: E train interactions, P pairs (E, then stand-ins), F folds, U users, I items,
D embedding size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.incidence import interaction_matrix
from core.scoring.stand_ins import Pairs
from core.strangers import Places, places
from core.types import Embeddings, FloatArray, Interactions


@dataclass(frozen=True)
class SemanticFit:
    """Semantic evidence about P pairs."""

    cosine: FloatArray
    """Aligned semantic relevance, -1..1, ``(P,)``."""
    place: Places
    """Where it stands among strangers."""


def semantic_fit(
    held_out: Embeddings,
    train: Interactions,
    pairs: Pairs,
    n_references: int,
    rng: np.random.Generator,
) -> SemanticFit:
    """Measure pairs, each in the space of the projector of its fold.

    Args:
        held_out: Unit vectors in the space of each fold, ``(F, U, D)`` and ``(F, I, D)``.
        train: The E train interactions.
        pairs: They and the stand-ins.
        n_references: Strangers to compare with.
        rng: Draws the strangers, anew for each fold.
    """
    among_items, among_users, cosine = np.zeros((3, len(pairs)), np.float32)
    for fold, (user_of, item_of) in enumerate(zip(held_out.user, held_out.item, strict=True)):
        rows = np.flatnonzero(pairs.fold == fold)
        user, item = pairs.user[rows], pairs.item[rows]
        cosine[rows] = np.einsum("pd,pd->p", user_of[user], item_of[item])
        rest = interaction_matrix(train.select(pairs.fold[: pairs.n_observed] != fold))
        among_items[rows], among_users[rows] = places(
            cosine[rows], user, item, user_of, item_of, rest, n_references, rng
        )
    return SemanticFit(cosine, Places(among_items, among_users))
