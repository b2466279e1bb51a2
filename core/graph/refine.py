r"""The refined graph: what is kept, dropped and added, and why.

Source: LLMHNI (arXiv:2511.07295): High and High -> C_H, every other judged pair -> C_N,
E' = (E \ C_N) + C_H [2]. Two presets [D]: ``paper`` = these hard edits; ``soft`` = every observed
edge keeps the weight 1 - p_noisy (at least 0.05), added edges enter with their confidence: the
mean support of both views.

Shape letters: U users, I items, E train interactions, A added edges, P judged pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.types import (
    HIGH,
    BoolArray,
    FloatArray,
    GradeArray,
    IntArray,
    Interactions,
    Judgements,
)

KEPT, DROPPED, ADDED = 0, 1, 2
ORIGINS = ("kept", "dropped", "added")
"""Names of the codes in :attr:`RefinedGraph.origin`."""
LEAST_WEIGHT = 0.05
"""Weight below which no observed edge falls in ``soft``: nobody is cut off by a guess [D]."""
ADDED_WEIGHT = 0.5
"""Weight of an added edge in ``soft`` where the judge did not say how sure it is [D]."""


@dataclass(frozen=True)
class RefinedGraph:
    """E' and where each edge comes from; rows are the E train edges, then the A added ones."""

    user: IntArray
    item: IntArray
    origin: GradeArray
    """``KEPT``, ``DROPPED`` or ``ADDED``, ``(E + A,)``."""
    weight: FloatArray
    """Weight in G' and in L_rec, 0 for dropped edges, ``(E + A,)``."""
    rescued: BoolArray
    """Dropped by the rule but kept so that no user or item is left without an edge."""
    preset: Literal["paper", "soft", "none"]

    def edges(self, n_users: int, n_items: int) -> tuple[Interactions, FloatArray]:
        """E' with its weights: everything but the dropped edges."""
        there = self.origin != DROPPED
        pairs = Interactions(self.user[there], self.item[there], n_users, n_items)
        return pairs, self.weight[there]


def both_high(judgements: Judgements) -> BoolArray:
    """C_H: High from both views, ``(P,)``."""
    return np.asarray((judgements.user_grade == HIGH) & (judgements.item_grade == HIGH))


def refine(
    train: Interactions,
    judgements: Judgements,
    low: BoolArray,
    p_noisy: FloatArray,
    preset: Literal["paper", "soft"],
) -> RefinedGraph:
    """Edit the graph.

    Args:
        train: The E train interactions.
        judgements: Judged pairs; controls are never added.
        low: Which train interactions are low-scored, and so candidates for C_N, ``(E,)``.
        p_noisy: Of each train interaction, ``(E,)``.
        preset: Hard edits or soft weights.
    """
    hard = both_high(judgements)
    new = hard & ~judgements.observed & ~judgements.control
    user = np.concatenate([train.user, judgements.user[new]])
    item = np.concatenate([train.item, judgements.item[new]])
    origin = np.full(len(user), KEPT, np.int8)
    origin[len(train) :] = ADDED
    rescued = np.zeros(len(user), np.bool_)
    if preset == "paper":
        condemned = judgements.observed & ~hard
        keys = judgements.user[condemned] * np.int64(train.n_items) + judgements.item[condemned]
        dropped = low & np.isin(train.key(), keys)
        rescued[: len(train)] = _rescue(train, dropped, p_noisy)
        origin[: len(train)][dropped & ~rescued[: len(train)]] = DROPPED
        weight = np.where(origin == DROPPED, 0.0, 1.0)
    else:
        kept = np.maximum(1.0 - p_noisy, LEAST_WEIGHT)
        weight = np.concatenate([kept, _confidence(judgements)[new]])
    return RefinedGraph(user, item, origin, weight.astype(np.float32), rescued, preset)


def _confidence(judgements: Judgements) -> FloatArray:
    """How strongly both views support each judged pair, their mean, ``(P,)``."""
    support = (judgements.user_support + judgements.item_support) / 2.0
    known = np.where(np.isnan(support), ADDED_WEIGHT, np.maximum(support, LEAST_WEIGHT))
    return np.asarray(known, np.float32)


def untouched(train: Interactions) -> RefinedGraph:
    """G' = G, for runs without interaction denoising."""
    n = len(train)
    return RefinedGraph(
        train.user,
        train.item,
        np.full(n, KEPT, np.int8),
        np.ones(n, np.float32),
        np.zeros(n, np.bool_),
        "none",
    )


def _rescue(train: Interactions, dropped: BoolArray, p_noisy: FloatArray) -> BoolArray:
    """Least noisy dropped edge of every user, then item, that would be left with none, ``(E,)``."""
    rescued = np.zeros(len(train), np.bool_)
    for node, n_nodes in ((train.user, train.n_users), (train.item, train.n_items)):
        kept = np.bincount(node[~dropped | rescued], minlength=n_nodes)
        lonely = (kept[node] == 0) & dropped
        rows = np.flatnonzero(lonely)
        rows = rows[np.lexsort((rows, p_noisy[rows], node[rows]))]
        _, first = np.unique(node[rows], return_index=True)
        rescued[rows[first]] = True
    return rescued
