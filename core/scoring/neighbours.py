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
    history = interaction_matrix(train)  # (U, I)
    count = np.asarray(history.sum(axis=0)).ravel()
    size = np.asarray(history.sum(axis=1)).ravel()
    together = sparse.csr_array(history.T @ history)
    together.setdiag(0.0)
    scale = 1.0 / np.sqrt(count + SHRINK)
    scaled = sparse.csr_array(history @ sparse.diags_array(scale))
    similarity = _without_itself(scaled, together, pairs, count, size)
    place = places(
        similarity,
        pairs.user,
        pairs.item,
        sparse.csr_array(sparse.diags_array(1.0 / np.sqrt(np.maximum(size, 1.0))) @ scaled),
        sparse.csr_array(sparse.diags_array(scale) @ together),
        history,
        n_references,
        rng,
    )
    return Neighbours(similarity, place)


def _without_itself(
    scaled: sparse.csr_array,
    together: sparse.csr_array,
    pairs: Pairs,
    count: np.ndarray,
    size: np.ndarray,
) -> FloatArray:
    """Similarity ``(P,)``; the pair's own part of every count is taken out."""
    itself = pairs.observed.astype(np.float64)
    total = np.asarray(scaled.sum(axis=1)).ravel()
    own = 1.0 / np.sqrt(count + SHRINK)
    similarity = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), BLOCK):
        rows = slice(start, start + BLOCK)
        user, item, one = pairs.user[rows], pairs.item[rows], itself[rows]
        common = np.asarray(scaled[user].multiply(together[item]).sum(axis=1)).ravel()
        # Every other item of the user met the target once because of this very pair.
        common -= one * (total[user] - own[item])
        others = np.maximum(size[user] - one, 1.0)
        found = common / np.sqrt((count[item] - one + SHRINK) * others)
        # What rounding leaves of 1 - 1 is no 0: it would tell interactions from stand-ins.
        similarity[rows] = np.round(found, 5)
    return similarity
