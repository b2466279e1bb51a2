"""Text-only threshold: an item unlike the user's other items, by its text, is suspected.

The floor that any use of texts must beat: no training, no language model's judgement. Suspicion
of (u, i) = - mean over j in I_u without i of cos(x_i, x_j). A pair is called noise where this is
above a threshold; ranking measures need none.

Shape letters: U users, I items, E train interactions, T text size, B block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse

from core.baselines.method import Inputs, Method, Plan
from core.method_settings import TextOnlyConfig
from core.types import FloatArray, Interactions

BLOCK = 65_536
"""Pairs at once."""


def mean_cosine(embedding: FloatArray, train: Interactions) -> FloatArray:
    """Mean cosine of each interaction's item with the user's other items, ``(E,)``.

    Args:
        embedding: Text embeddings of the items, ``(I, T)``; a row of zeros has cosine 0.
        train: The E interactions.

    Returns:
        NaN for a user's only interaction: there is nothing to compare with.
    """
    norm = np.linalg.norm(embedding, axis=1, keepdims=True)
    unit = np.divide(embedding, norm, out=np.zeros_like(embedding), where=norm > 0)
    size = (train.n_users, train.n_items)
    counts = sparse.csr_array((np.ones(len(train)), (train.user, train.item)), shape=size)
    total = counts @ unit  # (U, T)
    others = np.bincount(train.user, minlength=train.n_users)[train.user] - 1.0  # (E,)
    cosine = np.empty(len(train), np.float64)
    for start in range(0, len(train), BLOCK):
        rows = slice(start, start + BLOCK)
        own = unit[train.item[rows]]
        cosine[rows] = np.einsum("bt,bt->b", own, total[train.user[rows]] - own)
    mean = np.divide(cosine, others, out=np.full(len(train), np.nan), where=others > 0)
    return np.asarray(mean, np.float32)


def text_suspicion(embedding: FloatArray, train: Interactions, centred: bool = False) -> FloatArray:
    """Negative mean cosine ``(E,)``; a user's only interaction gets the mean of all others."""
    if centred:
        embedding = embedding - embedding.mean(axis=0, keepdims=True)
    cosine = mean_cosine(embedding, train)
    known = ~np.isnan(cosine)
    middle = cosine[known].mean() if known.any() else 0.0
    return np.asarray(-np.where(known, cosine, middle), np.float32)


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401, ARG001 - nothing is drawn
    if inputs.text is None:
        raise ValueError("text-only needs text embeddings")
    suspicion = text_suspicion(inputs.text.item, inputs.train, settings.centred)
    return Plan(suspicion=lambda _: suspicion)


METHOD = Method(
    "text-only",
    "Text-only threshold",
    "No paper: mean cosine of the item's text with the texts of the user's other items",
    "detector",
    TextOnlyConfig,
    _build,
    needs=frozenset({"text"}),
    suspicion="- mean cosine with the user's other items",
)
