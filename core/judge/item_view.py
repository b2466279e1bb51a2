"""Item-centric view: does the item follow from the user's best-scoring items?

Measured per pair, the pair held out, and for the histories of users who never chose the item:
- text: mean cosine with the three nearest items of the history;
- co-occurrence: mean over the history of n_ij / sqrt((n_i + 5) (n_j + 5)), n_ij = users who have
  both. It weighs n_i / (n_i + 5) against the text: an item that hardly anyone chose has no
  neighbours to tell from [D].

Shape letters: B pairs of a block, H history length, R reference users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.judge import JudgePairs
from core.judge.calibration import percentile, standard_scores
from core.judge.measure import (
    CO_SHRINK,
    COMMON_USERS,
    Measures,
    history_matrix,
    own_share,
    spread,
)
from core.types import BoolArray, FloatArray, IntArray

REFERENCE_USERS = 256
"""At most this many users' histories are the strangers of an item."""
NEAREST = 3
"""Items of the history that the text part looks at."""


@dataclass(frozen=True)
class References:
    """Histories that items are compared with."""

    user: IntArray
    """Whose histories, ``(R,)``."""
    history: IntArray
    """Item numbers, -1 fills up, ``(R, H)``."""


@dataclass(frozen=True)
class ItemView:
    """Measurements of P pairs."""

    support: FloatArray
    """Share of strangers' histories that fit the item worse, 0..1, ``(P,)``."""
    text: FloatArray
    """The same by text alone, ``(P,)``; NaN without texts."""
    nearest: IntArray
    """Up to three items of the history that fit best, best first, -1 fills up, ``(P, 3)``."""
    together: IntArray
    """Users who have both the item and the first of ``nearest``, the pair held out, ``(P,)``."""


def reference_histories(found: Measures, pairs: JudgePairs) -> References:
    """One history per reference user: the judged ones, made up from train where they are few."""
    length = pairs.history.shape[1]
    order = np.lexsort((pairs.item, pairs.user))  # the order of the pairs must not matter
    judged, first = np.unique(pairs.user[order], return_index=True)
    pick = spread(len(judged), REFERENCE_USERS) if len(judged) else judged
    user, history = judged[pick], pairs.history[order[first[pick]]]
    if len(user) < REFERENCE_USERS:
        rest = np.setdiff1d(np.flatnonzero(found.size > 0), judged)
        more = rest[spread(len(rest), REFERENCE_USERS - len(user))] if len(rest) else rest
        user = np.concatenate([user, more])
        history = np.concatenate([history, _evenly(found, more, length)])
    return References(user, history)


def item_view(found: Measures, pairs: JudgePairs, references: References) -> ItemView:
    """Measure a block of pairs from the item's side."""
    own = own_share(found, pairs)
    history = np.where(pairs.history == pairs.item[:, None], -1, pairs.history)
    known = history >= 0
    valid = _strangers(found, pairs, references)
    similarity = np.where(known, _cosines(found, pairs.item, history), -np.inf)  # (B, H)
    together, strength = _together(found, pairs, history, own)
    scored = []
    by_text = np.full(len(pairs), np.nan, dtype=np.float32)
    if found.text.shape[1]:
        score = standard_scores(_top_mean(similarity), _text_of(found, pairs, references), valid)
        by_text = percentile(*score, valid)
        scored.append(score)
    reference = _co_of(found, pairs, references, own)
    target, others = standard_scores(
        strength.sum(axis=1) / np.maximum(known.sum(axis=1), 1), reference, valid
    )
    count = found.count[pairs.item] - own
    weight = count / (count + COMMON_USERS)
    scored.append((target * weight, others * weight[:, None]))
    support = percentile(
        np.sum([t for t, _ in scored], axis=0), np.sum([o for _, o in scored], axis=0), valid
    )
    rank = similarity if found.text.shape[1] else np.where(known, strength, -np.inf)
    order = np.argsort(-rank, axis=1, kind="stable")[:, :NEAREST]
    best = np.take_along_axis(together, order[:, :1], axis=1)[:, 0] if order.size else count * 0
    return ItemView(
        np.where(known.any(axis=1), support, np.float32(0.5)),
        by_text,
        np.take_along_axis(history, order, axis=1),
        np.asarray(best, dtype=np.int64),
    )


def _evenly(found: Measures, user: IntArray, length: int) -> IntArray:
    """Up to ``length`` train items of each user, at equal distances."""
    rows = np.full((len(user), length), -1, dtype=np.int64)
    for row, u in enumerate(user):
        own = np.sort(found.history.indices[found.history.indptr[u] : found.history.indptr[u + 1]])
        picked = own[spread(len(own), length)] if length else own[:0]
        rows[row, : len(picked)] = picked
    return rows


def _strangers(found: Measures, pairs: JudgePairs, references: References) -> BoolArray:
    """Which references never chose the item and are someone else, ``(B, R)``."""
    chose = found.history[references.user][:, pairs.item].toarray().T > 0
    empty = (references.history >= 0).sum(axis=1) == 0
    return np.asarray(~chose & (references.user != pairs.user[:, None]) & ~empty)


def _cosines(found: Measures, item: IntArray, history: IntArray) -> FloatArray:
    """Text cosine of each item with its history, ``(B, H)``."""
    cosine = np.einsum("bt,bht->bh", found.text[item], found.text[history])
    return np.asarray(cosine, dtype=np.float32)


def _top_mean(similarity: FloatArray) -> FloatArray:
    """Mean of the largest three that are known along the last axis; 0 where none is."""
    top = -np.sort(-similarity, axis=-1)[..., :NEAREST]
    known = np.isfinite(top)
    total = np.where(known, top, 0.0).sum(axis=-1)
    return np.asarray(total / np.maximum(known.sum(axis=-1), 1), dtype=np.float32)


def _text_of(found: Measures, pairs: JudgePairs, references: References) -> FloatArray:
    """Text part of each item against each reference history, ``(B, R)``."""
    item, place = np.unique(pairs.item, return_inverse=True)
    unique, where = np.unique(references.history, return_inverse=True)
    cosine = found.text[item] @ found.text[unique].T  # (items, distinct history items)
    cosine[:, unique < 0] = -np.inf
    by_item = [_top_mean(row[where.reshape(references.history.shape)]) for row in cosine]
    return np.stack(by_item)[place]


def _together(
    found: Measures, pairs: JudgePairs, history: IntArray, own: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Users who have both items, and the shrunk cosine of it, ``(B, H)`` each."""
    if history.size == 0:  # SciPy answers an empty question with a matrix
        return np.zeros(history.shape, np.float32), np.zeros(history.shape, np.float32)
    item = np.broadcast_to(pairs.item[:, None], history.shape)
    count = found.co[item.ravel(), np.maximum(history, 0).ravel()]
    together = np.asarray(count, dtype=np.float32).reshape(history.shape) - own[:, None]
    together = np.where(history >= 0, np.maximum(together, 0.0), 0.0).astype(np.float32)
    scale = (found.count[pairs.item] - own + CO_SHRINK)[:, None] * (
        found.count[history] + CO_SHRINK
    )
    return together, np.asarray(together / np.sqrt(scale), dtype=np.float32)


def _co_of(
    found: Measures, pairs: JudgePairs, references: References, own: FloatArray
) -> FloatArray:
    """Co-occurrence part of each item against each reference history, ``(B, R)``.

    Holding (u, i) out takes one from n_ij for every j that u has, also in strangers' histories.
    """
    size = np.maximum((references.history >= 0).sum(axis=1), 1)
    weighted = history_matrix(references.history, found.n_items).multiply(
        1.0 / np.sqrt(found.count + CO_SHRINK)
    )  # (R, I)
    whole = (weighted @ found.co[:, pairs.item]).toarray()  # (R, B)
    taken = (weighted @ found.history[pairs.user].T).toarray() * own
    scale = np.sqrt(found.count[pairs.item] - own + CO_SHRINK)
    return np.asarray(((whole - taken) / size[:, None] / scale).T, dtype=np.float32)
