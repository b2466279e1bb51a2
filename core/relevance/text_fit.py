"""How the text of an item fits the texts of the user's other items, before any alignment.

Needs no training, so the pair itself is all that must be left out. Embeddings are centred first:
what all items of a catalogue have in common (they are films) drowns what tells them apart [D].

Shape letters: U users, I items, T text size, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.incidence import interaction_matrix
from core.relevance.leave_out import unit, user_means
from core.scoring.stand_ins import Pairs
from core.strangers import BLOCK, Places, places
from core.types import FloatArray, Interactions

SAME = 1e-4
"""A text this near to the mean text says nothing of its own: the rest is rounding."""


@dataclass(frozen=True)
class TextFit:
    """Text evidence about P pairs."""

    cosine: FloatArray
    """Cosine of the item with the mean of the user's other items, ``(P,)``."""
    place: Places
    """Where it stands among strangers."""


def centred(embedding: FloatArray) -> FloatArray:
    """Subtract the mean text of the catalogue, ``(I, T)``; unit rows, 0 where nothing is left."""
    rest = embedding - embedding.mean(axis=0, keepdims=True)
    rest[np.linalg.norm(rest, axis=1) <= SAME] = 0.0
    return unit(rest)


def text_fit(
    embedding: FloatArray,
    train: Interactions,
    pairs: Pairs,
    n_references: int,
    rng: np.random.Generator,
) -> TextFit:
    """Measure pairs; a train interaction is measured as if it were not in train.

    Args:
        embedding: Centred unit text embeddings of the items, ``(I, T)``.
        train: The noised train interactions.
        pairs: They and the stand-ins.
        n_references: Strangers to compare with.
        rng: Draws the strangers.
    """
    means = user_means(train, embedding)
    whole = means.whole()

    def profile(rows: slice) -> FloatArray:
        """User of each pair without the item that is left out."""
        return means.without(pairs.user[rows], pairs.left_out[rows], embedding)

    cosine = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), BLOCK):
        rows = slice(start, start + BLOCK)
        cosine[rows] = np.einsum("pt,pt->p", profile(rows), embedding[pairs.item[rows]])
    place = places(
        cosine,
        pairs.user,
        pairs.item,
        whole,
        embedding,
        interaction_matrix(train),
        n_references,
        rng,
        user_rows=profile,
    )
    return TextFit(cosine, place)
