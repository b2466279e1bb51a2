"""Which pairs the judge is asked about, and the history it sees beside each.

Source: LLMHNI (arXiv:2511.07295): low-scored observed and high-scored unobserved pairs [2]; shares
and the control pairs are ours [D]. The target is never part of its own history, and every history
is one item short of what the user has, whatever the pair: else controls would have more to show.

Shape letters: U users, E train interactions, P pairs, H history length.
"""

from __future__ import annotations

import numpy as np

from core.config import JudgeConfig
from core.judge import JudgePairs
from core.keys import distinct
from core.scoring.stand_ins import Pairs
from core.types import BoolArray, Embeddings, FloatArray, IntArray, Interactions

USERS_AT_ONCE = 512
"""Users ranked in one block."""


def low_scored(train: Interactions, score: FloatArray, share: float) -> BoolArray:
    """Mark the lowest-scored share of each user's interactions, at least one, ``(E,)``.

    Args:
        train: The E interactions.
        score: Out-of-fold score of each, higher = fits better, ``(E,)``.
        share: Share of each user's interactions, rounded up.
    """
    order = np.lexsort((score, train.user))
    size = np.bincount(train.user, minlength=train.n_users)
    first = np.cumsum(size) - size
    rank = np.empty(len(train), np.int64)
    rank[order] = np.arange(len(train)) - first[train.user[order]]
    wanted = np.maximum(1, np.ceil(share * size - 1e-9))
    return np.asarray(rank < wanted[train.user])


def top_unobserved(found: Embeddings, train: Interactions, n_each: int) -> IntArray:
    """Find the highest-scored unobserved items of each user, ``(n, 2)`` of user and item."""
    pairs = []
    n_each = min(n_each, train.n_items)
    for start in range(0, train.n_users if n_each else 0, USERS_AT_ONCE):
        stop = min(start + USERS_AT_ONCE, train.n_users)
        score = found.user[start:stop] @ found.item.T  # (b, I)
        here = (train.user >= start) & (train.user < stop)
        score[train.user[here] - start, train.item[here]] = -np.inf
        best = np.argsort(-score, axis=1, kind="stable")[:, :n_each]
        row, place = np.nonzero(np.isfinite(np.take_along_axis(score, best, axis=1)))
        pairs.append(np.stack([start + row, best[row, place]], axis=1))
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def choose_candidates(
    train: Interactions,
    low: BoolArray,
    found: Embeddings,
    held_out: Embeddings,
    pairs: Pairs,
    config: JudgeConfig,
    rng: np.random.Generator,
) -> JudgePairs:
    """Put together what is judged: low-scored observed, high-scored unobserved, controls.

    Args:
        train: The E train interactions.
        low: Which of them are low-scored, ``(E,)``.
        found: The pre-trained backbone's vectors.
        held_out: Vectors of the backbone of each fold, ``(F, U, D)`` and ``(F, I, D)``.
        pairs: Train interactions and stand-ins; controls are drawn from the stand-ins, whose
            other signals are known.
        config: Numbers per user.
        rng: Draws the controls.
    """
    asked = low | config.judges_all
    observed = np.stack([train.user[asked], train.item[asked]], axis=1)
    unobserved = top_unobserved(found, train, config.unobserved)
    n_stand_ins = len(pairs) - pairs.n_observed
    wanted = n_stand_ins if config.judges_all else config.controls * train.n_users
    n_controls = min(wanted, n_stand_ins)
    drawn = pairs.n_observed + np.sort(rng.permutation(n_stand_ins)[:n_controls])
    control = np.stack([pairs.user[drawn], pairs.item[drawn]], axis=1)
    user, item = np.concatenate([observed, unobserved, control]).T
    kind = np.repeat([0, 1, 2], [len(observed), len(unobserved), len(control)])
    # Whoever is judged has one item less to show than the user has: an interaction its own item,
    # a control that of the interaction it stands beside, any other pair one by chance.
    by_chance = drawn_item(train, unobserved[:, 0], rng)
    left_out = np.concatenate([observed[:, 1], by_chance, pairs.left_out[drawn]])
    fold = np.concatenate(
        [pairs.fold[: pairs.n_observed][asked], np.full(len(unobserved), -1), pairs.fold[drawn]]
    )
    history = np.empty((len(user), config.history_items), np.int64)
    for number in distinct(fold):
        # A backbone that has seen the pair would rank the items next to it first.
        of = found if number < 0 else Embeddings(held_out.user[number], held_out.item[number])
        rows = np.flatnonzero(fold == number)
        history[rows] = best_history(train, of, user[rows], left_out[rows], config.history_items)
    return JudgePairs(user, item, kind == 0, kind == 2, history)


def drawn_item(train: Interactions, user: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw one train item of each user, ``(n,)``; -1 where there is none."""
    order = np.argsort(train.user, kind="stable")
    size = np.bincount(train.user, minlength=train.n_users)
    first = np.cumsum(size) - size
    place = (rng.random(len(user)) * size[user]).astype(np.int64)
    row = order[np.minimum(first[user] + place, max(len(train) - 1, 0))]
    return np.where(size[user] > 0, train.item[row], -1)


def best_history(
    train: Interactions, found: Embeddings, user: IntArray, left_out: IntArray, length: int
) -> IntArray:
    """List the user's train items that score highest but one, ``(P, H)``.

    Rows end with -1 where a user has fewer.

    Args:
        train: The interactions.
        found: Vectors that score them.
        user: Whose items, ``(P,)``.
        left_out: Item that is not listed, ``(P,)``.
        length: H.
    """
    score = np.einsum("ed,ed->e", found.user[train.user], found.item[train.item])
    order = np.lexsort((-score, train.user))
    size = np.bincount(train.user, minlength=train.n_users)
    first = np.cumsum(size) - size
    place = np.arange(length + 1)
    there = place < size[user][:, None]  # (P, H + 1)
    row = np.minimum(first[user][:, None] + place, max(len(train) - 1, 0))
    listed = np.where(there, train.item[order[row]], -1)
    # One more than needed, then one moves out and the rest closes up.
    listed[listed == left_out[:, None]] = -1
    closed = np.argsort(listed == -1, axis=1, kind="stable")
    return np.take_along_axis(listed, closed, axis=1)[:, :length]
