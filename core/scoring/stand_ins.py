"""Stand-ins: unobserved pairs that show what noise looks like to every signal.

Nobody tells the engine which interactions are noise. Pairs that were never observed are foreign
to their users almost always, and every out-of-fold signal treats them just like a held-out
interaction [D]. Half of them have uniform items (misclicks), half have items by popularity
(position bias); users come by activity.

Shape letters: E train interactions, S stand-ins, P = E + S pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.keys import among
from core.types import BoolArray, IntArray, Interactions


@dataclass(frozen=True)
class Pairs:
    """The E train interactions, then S stand-ins; all ``(P,)``."""

    user: IntArray
    item: IntArray
    fold: IntArray
    """The fold whose models have seen neither this pair nor its like."""
    left_out: IntArray
    """An item that the user has and that no signal may use: an interaction's own item, and for a
    stand-in that of the interaction it stands beside. Both then have one item less to show."""
    n_observed: int
    """E."""

    def __len__(self) -> int:
        return len(self.user)

    @property
    def observed(self) -> BoolArray:
        """Whether a pair is a train interaction, ``(P,)``."""
        return np.arange(len(self)) < self.n_observed


def with_stand_ins(
    train: Interactions, fold: IntArray, n_each: int, rng: np.random.Generator
) -> Pairs:
    """Put stand-ins beside the train interactions.

    Args:
        train: The E interactions.
        fold: Fold of each, ``(E,)``.
        n_each: Stand-ins drawn per interaction; draws that hit an observed pair or each other
            are left out, so there may be fewer.
        rng: Every draw.
    """
    n_draws = n_each * len(train)
    beside = rng.permutation(np.repeat(np.arange(len(train)), n_each))
    user = train.user[beside]
    uniform = rng.integers(0, train.n_items, n_draws)
    popular = train.item[rng.integers(0, len(train), n_draws)]
    item = np.where(rng.random(n_draws) < 0.5, uniform, popular)
    key, first = np.unique(user * np.int64(train.n_items) + item, return_index=True)
    first = np.sort(first[~among(key, train.key())])
    return Pairs(
        np.concatenate([train.user, user[first]]),
        np.concatenate([train.item, item[first]]),
        # The fold of the row it stands beside: as much history is held out for both.
        np.concatenate([fold, fold[beside[first]]]),
        np.concatenate([train.item, train.item[beside[first]]]),
        len(train),
    )
