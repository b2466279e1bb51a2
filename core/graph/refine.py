r"""The refined graph: what is kept, dropped and added, and why.

Source: LLMHNI (arXiv:2511.07295): High and High -> C_H, every other judged pair -> C_N,
E' = (E \ C_N) + C_H [2]; ``refine.accept`` may ask for at least Mid instead [D]. Two presets [D]:
``paper`` = these hard edits; ``soft`` = every observed edge keeps the weight 1 - p_noisy (at least
0.05), added edges enter with their confidence: the mean support of both views.

People overrule both [D]: what they call noisy is dropped in either preset, clean and hard keep
their edge whole, a like is added, a "not" never is. Who would be left without any edge gets one
back that no person decided about; one that a person dropped only where there is no other.

Shape letters: U users, I items, E train interactions, A added edges, P judged pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.config import Accept
from core.keys import among
from core.labels import OF_TRAIN, UNLABELLED, label_of_rows
from core.scoring.accept import accepted
from core.types import (
    JUDGE,
    LABELS,
    MODEL,
    PERSON,
    BoolArray,
    FloatArray,
    GradeArray,
    IntArray,
    Interactions,
    Judgements,
    Labels,
)

KEPT, DROPPED, ADDED = 0, 1, 2
ORIGINS = ("kept", "dropped", "added")
"""Names of the codes in :attr:`RefinedGraph.origin`."""
LEAST_WEIGHT = 0.05
"""Weight below which no observed edge falls in ``soft``: nobody is cut off by a guess [D]."""
ADDED_WEIGHT = 0.5
"""Weight of an added edge in ``soft`` where the judge did not say how sure it is [D]."""
NOISY, LIKE, NOT = (LABELS.index(name) for name in ("noisy", "like", "not"))


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
    decided_by: GradeArray
    """``MODEL``, ``JUDGE`` or ``PERSON``, ``(E + A,)``."""
    preset: Literal["paper", "soft", "none"]

    def edges(self, n_users: int, n_items: int) -> tuple[Interactions, FloatArray]:
        """E' with its weights: everything but the dropped edges."""
        there = self.origin != DROPPED
        pairs = Interactions(self.user[there], self.item[there], n_users, n_items)
        return pairs, self.weight[there]


def both_accept(judgements: Judgements, accept: Accept = "high") -> BoolArray:
    """C_H: accepted by both views, ``(P,)``."""
    return accepted(judgements.user_grade, judgements.item_grade, accept)


def refine(
    train: Interactions,
    judgements: Judgements,
    low: BoolArray,
    p_noisy: FloatArray,
    preset: Literal["paper", "soft"],
    labels: Labels | None = None,
    accept: Accept = "high",
) -> RefinedGraph:
    """Edit the graph.

    Args:
        train: The E train interactions.
        judgements: Judged pairs; controls are never added.
        low: Which train interactions are low-scored, and so candidates for C_N, ``(E,)``.
        p_noisy: Of each train interaction, ``(E,)``.
        preset: Hard edits or soft weights.
        labels: What people decided; none of them is held out.
        accept: Grade that both views must give at least.
    """
    said, fits = label_of_rows(train, labels), both_accept(judgements, accept)
    new = _added(train, judgements, fits, labels)
    own, by_person = slice(0, len(train)), np.concatenate([said != UNLABELLED, new.by_person])
    weight = np.concatenate([_weights(p_noisy, said, preset), new.weight(preset)])
    condemned = np.zeros(len(train), np.bool_)
    if preset == "paper":
        condemned = low & _judged(train, judgements, ~fits) & (said == UNLABELLED)  # C_N
    dropped = condemned | (said == NOISY)
    rescued = np.zeros(len(by_person), np.bool_)
    rescued[own] = _rescue(train, dropped, condemned, p_noisy)
    rescued[own] |= _last_resort(train, dropped & ~rescued[own], new)
    weight[rescued & by_person] = LEAST_WEIGHT
    origin = np.full(len(by_person), KEPT, np.int8)
    origin[len(train) :] = ADDED
    origin[own][dropped & ~rescued[own]] = DROPPED
    weight[origin == DROPPED] = 0.0
    decided = np.full(len(by_person), MODEL, np.int8)
    decided[len(train) :] = JUDGE
    if preset == "paper":  # dropped or spared for its grades
        decided[own][condemned | (low & _judged(train, judgements, fits))] = JUDGE
    decided[by_person] = PERSON
    user, item = np.concatenate([train.user, new.user]), np.concatenate([train.item, new.item])
    return RefinedGraph(user, item, origin, weight, rescued, decided, preset)


@dataclass(frozen=True)
class _Added:
    """The A edges to add."""

    user: IntArray
    item: IntArray
    confidence: FloatArray
    by_person: BoolArray

    def weight(self, preset: str) -> FloatArray:
        """What is added for sure counts in full, ``(A,)``."""
        return self.confidence if preset == "soft" else np.ones_like(self.confidence)


def _added(
    train: Interactions, judgements: Judgements, fits: BoolArray, labels: Labels | None
) -> _Added:
    """Accepted unobserved pairs unless a person said no, then what people like."""
    new = fits & ~judgements.observed & ~judgements.control
    user, item = judgements.user[new], judgements.item[new]
    confidence = _confidence(judgements)[new]
    if labels is None or len(labels) == 0:
        return _Added(user, item, confidence, np.zeros(len(user), np.bool_))
    key = user * np.int64(train.n_items) + item
    said = labels.user * np.int64(train.n_items) + labels.item
    liked, unwanted = labels.label == LIKE, labels.label == NOT
    left = ~among(key, said[unwanted])
    more = np.flatnonzero(liked)[~among(said[liked], key)]
    by_person = np.concatenate([among(key[left], said[liked]), np.ones(len(more), np.bool_)])
    found = np.concatenate([confidence[left], np.ones(len(more), np.float32)])
    return _Added(
        np.concatenate([user[left], labels.user[more]]),
        np.concatenate([item[left], labels.item[more]]),
        np.where(by_person, 1.0, found).astype(np.float32),
        by_person,
    )


def _weights(p_noisy: FloatArray, said: GradeArray, preset: str) -> FloatArray:
    """Weight of each train edge if it is kept, ``(E,)``."""
    if preset == "paper":
        return np.ones(len(said), np.float32)
    weight = np.maximum(1.0 - p_noisy, LEAST_WEIGHT)
    return np.where((said >= 0) & (said < len(OF_TRAIN)), 1.0, weight).astype(np.float32)


def _judged(train: Interactions, judgements: Judgements, which: BoolArray) -> BoolArray:
    """Whether a train interaction is one of some judged pairs, ``(E,)``."""
    rows = judgements.observed & which
    keys = judgements.user[rows] * np.int64(train.n_items) + judgements.item[rows]
    return among(train.key(), keys)


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
        np.full(n, MODEL, np.int8),
        "none",
    )


def _rescue(
    train: Interactions, dropped: BoolArray, condemned: BoolArray, p_noisy: FloatArray
) -> BoolArray:
    """Least noisy condemned edge of every user, then item, that would be left with none, ``(E,)``.

    What a person dropped is no choice here.
    """
    rescued = np.zeros(len(train), np.bool_)
    for node, n_nodes in ((train.user, train.n_users), (train.item, train.n_items)):
        kept = np.bincount(node[~dropped | rescued], minlength=n_nodes)
        lonely = (kept[node] == 0) & condemned
        rescued[_first_of_each(node, np.flatnonzero(lonely), p_noisy)] = True
    return rescued


def _last_resort(train: Interactions, dropped: BoolArray, new: _Added) -> BoolArray:
    """One dropped edge of every user, then item, that has none at all, added ones included."""
    rescued = np.zeros(len(train), np.bool_)
    sides = ((train.user, new.user, train.n_users), (train.item, new.item, train.n_items))
    for node, added, n_nodes in sides:
        kept = np.bincount(np.concatenate([node[~dropped | rescued], added]), minlength=n_nodes)
        lonely = np.flatnonzero((kept[node] == 0) & dropped)
        rescued[_first_of_each(node, lonely, np.zeros(len(train)))] = True
    return rescued


def _first_of_each(node: IntArray, rows: IntArray, value: np.ndarray) -> IntArray:
    """Of some rows that with the lowest value of each node, the first of equals."""
    rows = rows[np.lexsort((rows, value[rows], node[rows]))]
    _, first = np.unique(node[rows], return_index=True)
    return np.asarray(rows[first])
