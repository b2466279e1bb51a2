"""User-centric view: does the item follow from the user's profile?

Measured per pair, the pair held out, and for every item the user never chose:
- attributes: sum over the item's values of log((c + 1) / (n p + 1)), c = how many of the user's n
  items have the value, p = its share of the catalogue. Distinctive values count most, values
  that are rare everywhere hardly count against (gamma-Poisson shrinkage) [D];
- text: cosine with the mean of the user's items;
- without attributes and texts: mean co-occurrence with all items of the user.
The parts are added as standard scores with equal weight [D].

Shape letters: B pairs of a block, R reference items, V attribute values, T text size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.judge import JudgePairs
from core.judge.calibration import percentile, standard_scores
from core.judge.measure import CO_SHRINK, Measures, own_share, spread
from core.types import FloatArray, IntArray

REFERENCE_ITEMS = 2048
"""At most this many items are the strangers of a user."""
PRIOR = 1.0
"""Pseudo-count of the attribute ratio [D]."""


@dataclass(frozen=True)
class UserView:
    """Measurements of P pairs."""

    support: FloatArray
    """Share of the user's unchosen items that fit worse, 0..1, ``(P,)``."""
    text: FloatArray
    """The same by text alone, ``(P,)``; NaN without texts."""


def user_view(found: Measures, pairs: JudgePairs) -> UserView:
    """Measure a block of pairs from the user's side."""
    own = own_share(found, pairs)
    reference = spread(found.n_items, REFERENCE_ITEMS)
    chosen = found.history[pairs.user][:, reference].toarray() > 0
    valid = ~chosen & (reference[None, :] != pairs.item[:, None])  # (B, R)
    parts = []
    by_text = np.full(len(pairs), np.nan, dtype=np.float32)
    if found.text.shape[1]:
        target, others = _text(found, pairs, own, reference)
        by_text = percentile(*standard_scores(target, others, valid), valid)
        parts.append((target, others))
    if found.attributes.value:
        parts.append(_attributes(found, pairs, own, reference))
    if not parts:
        parts.append(_co_occurrence(found, pairs, own, reference))
    scored = [standard_scores(target, others, valid) for target, others in parts]
    target = np.sum([t for t, _ in scored], axis=0)
    others = np.sum([o for _, o in scored], axis=0)
    return UserView(percentile(target, others, valid), by_text)


def _text(
    found: Measures, pairs: JudgePairs, own: FloatArray, reference: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Similarity to the user's other items: target ``(B,)`` and references ``(B, R)``.

    The length of the mean is left out: it is the same for the target and its references.
    """
    profile = found.total[pairs.user] - own[:, None] * found.text[pairs.item]  # (B, T)
    scale = 1.0 / np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-6)
    profile = np.where(found.size[pairs.user] - own > 0, 1.0, 0.0)[:, None] * profile * scale
    target = np.einsum("bt,bt->b", profile, found.text[pairs.item])
    return target, profile @ found.text[reference].T


def attribute_weights(
    found: Measures, pairs: JudgePairs, own: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Held-out counts ``(B, V)``, sizes ``(B,)`` and log ratios ``(B, V)`` of a block."""
    matrix = found.attributes.matrix
    count = found.chosen[pairs.user] - own[:, None] * matrix[pairs.item].toarray()  # (B, V)
    size = found.size[pairs.user] - own
    rate = np.asarray(matrix.sum(axis=0)).ravel() / found.n_items  # (V,)
    weight = np.log((count + PRIOR) / (size[:, None] * rate + PRIOR))
    return count, size, np.asarray(weight, dtype=np.float32)


def _attributes(
    found: Measures, pairs: JudgePairs, own: FloatArray, reference: IntArray
) -> tuple[FloatArray, FloatArray]:
    _, _, weight = attribute_weights(found, pairs, own)
    matrix = found.attributes.matrix
    target = np.asarray(matrix[pairs.item].multiply(weight).sum(axis=1)).ravel()
    return target.astype(np.float32), (matrix[reference] @ weight.T).T


def _co_occurrence(
    found: Measures, pairs: JudgePairs, own: FloatArray, reference: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Mean co-occurrence cosine with the user's other items.

    The user's own contribution leaves every count: references are unchosen, so it is in none of
    theirs, and in the target's only through the pair itself.
    """
    scale = 1.0 / np.sqrt(found.count + CO_SHRINK)  # (I,)
    row = found.history[pairs.user].toarray()  # (B, I)
    row[np.arange(len(pairs)), pairs.item] = 0.0
    weighted = row * scale
    others = (found.co[reference] @ weighted.T).T * scale[reference]
    together = found.co[pairs.item].toarray() - own[:, None]  # (B, I); only chosen items count
    target = (together * weighted).sum(axis=1) / np.sqrt(found.count[pairs.item] - own + CO_SHRINK)
    return target.astype(np.float32), others.astype(np.float32)
