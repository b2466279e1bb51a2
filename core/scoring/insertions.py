"""Stand-ins put among the interactions: what a model that has seen a pair still makes of it.

Out of fold, a hard interaction looks much like a noisy one: without it, nothing may speak for it.
A model that has seen both fits the hard one, which has something to hold on to, sooner than the
noisy one. Such a fit cannot be compared with that of pairs the model has not seen; so some
stand-ins are inserted into a train set, and both sides are fitted alike [D]. A twentieth is few
enough to leave the model what it is.

Shape letters: E train interactions, P pairs, K trainings, S inserted stand-ins of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scoring.stand_ins import Pairs
from core.types import FloatArray, IntArray, Interactions

SHARE = 0.05
"""Inserted stand-ins as a share of the interactions [D]."""


@dataclass(frozen=True)
class Insertions:
    """Scores by models that have seen the pairs."""

    row: IntArray
    """Rows of the inserted stand-ins among all pairs, ``(K, S)``."""
    score: FloatArray
    """Of the train interactions, ``(K, E)``."""
    stand_in_score: FloatArray
    """Of the inserted stand-ins, ``(K, S)``."""


def choose_rows(pairs: Pairs, n_trainings: int, rng: np.random.Generator) -> IntArray:
    """Rows of stand-ins to insert, none in two trainings, ``(K, S)``."""
    n_stand_ins = len(pairs) - pairs.n_observed
    size = min(max(round(SHARE * pairs.n_observed), 1), n_stand_ins // max(n_trainings, 1))
    drawn = rng.permutation(n_stand_ins)[: n_trainings * size] + pairs.n_observed
    return np.sort(drawn.reshape(n_trainings, size), axis=1).astype(np.int64)


def with_inserted(train: Interactions, pairs: Pairs, row: IntArray) -> Interactions:
    """The train set with some stand-ins in it, sorted by user and item."""
    user = np.concatenate([train.user, pairs.user[row]])
    item = np.concatenate([train.item, pairs.item[row]])
    order = np.lexsort((item, user))
    return Interactions(user[order], item[order], train.n_users, train.n_items)
