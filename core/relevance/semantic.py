"""Semantic relevance of given pairs: cosines of aligned embeddings.

Source: LLMHNI (arXiv:2511.07295): s(u, i) = cos(z_u, z_i).

Shape letters: P pairs, K folds.
"""

from __future__ import annotations

import numpy as np

from core.relevance.alignment import Alignment
from core.types import FloatArray, IntArray


def semantic_relevance(alignment: Alignment, user: IntArray, item: IntArray) -> FloatArray:
    """Score pairs with the final projector, -1..1, ``(P,)``.

    Right for unobserved pairs and for negatives. For train interactions it is inflated: the
    projector has seen them; use ``alignment.out_of_fold`` as evidence about those.
    """
    return _cosine(alignment.user[user], alignment.item[item])


def semantic_out_of_fold_pairs(
    alignment: Alignment, user: IntArray, item: IntArray, fold: IntArray
) -> FloatArray:
    """Score pairs with the projector and user vectors of given folds, -1..1, ``(P,)``.

    An unobserved stand-in takes the fold of the observed pair it stands beside: both are then
    scored by a model that has seen neither.

    Args:
        alignment: Result of :func:`core.relevance.alignment.align`.
        user: User numbers ``(P,)``.
        item: Item numbers ``(P,)``.
        fold: Fold of each pair, 0..K-1, ``(P,)``.
    """
    return _cosine(alignment.fold_user[fold, user], alignment.fold_item[fold, item])


def _cosine(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("pd,pd->p", left, right), dtype=np.float32)
