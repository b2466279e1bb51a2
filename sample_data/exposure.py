"""Lists shown to users and what they choose: the genuine interactions.

In every round each user whose history is not complete gets one list: films ordered by taste of
the day, popularity and chance. A film is looked at by position and chosen by utility.
Shape letters: U users, I films, A users active in a round, L list length, G genuine interactions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types import BoolArray, IntArray
from sample_data.catalogue import Catalogue
from sample_data.config import ExposureConfig
from sample_data.latent import ItemFactors, RealArray
from sample_data.users import MINORITY, N_CORE, UserModel

CURIOUS = MINORITY + 1
"""Mood of a list that is browsed out of curiosity; the other moods are taste slots."""
DAY = 86_400


@dataclass(frozen=True)
class Clicks:
    """G interactions, sorted by user, then time."""

    user: IntArray
    item: IntArray
    timestamp: IntArray
    """Unix seconds, ``(G,)``."""
    position: IntArray
    """Place in the shown list, 1-based, ``(G,)``."""
    mood: IntArray
    """Taste slot that the interaction comes from, or ``CURIOUS``, ``(G,)``."""


def show_lists(
    catalogue: Catalogue,
    factors: ItemFactors,
    users: UserModel,
    config: ExposureConfig,
    rng: np.random.Generator,
) -> Clicks:
    """Show lists until every user has the number of interactions of the user model.

    Args:
        catalogue: The films.
        factors: Their popularity.
        users: Tastes, utilities and numbers of interactions.
        config: Lists and attention.
        rng: Source of every draw.

    Returns:
        The genuine interactions.

    Raises:
        ValueError: If some user finds too few films in ``config.max_lists`` lists.
    """
    n_users, n_items = users.utility.shape
    in_core = (users.taste[:, :N_CORE, None] == catalogue.niche).any(axis=1)  # (U, I)
    allowed = _allowed_by_mood(in_core, users)
    left = _quotas(users, allowed)
    seen = np.zeros((n_users, n_items), dtype=np.bool_)
    n_shown = np.zeros((n_users, n_items), dtype=np.int64)
    last_start = config.start + config.spread_days * DAY
    clock = np.asarray(rng.integers(config.start, last_start, n_users), dtype=np.int64)
    rounds: list[IntArray] = []
    for _ in range(config.max_lists):
        active = np.flatnonzero(left.sum(axis=1) > 0)
        if len(active) == 0:
            return _collect(rounds)
        clock[active] += rng.exponential(config.gap_days * DAY, len(active)).astype(np.int64)
        mood = _draw_mood(left[active], users.taste_share[active], rng)
        hidden = seen[active] | ((mood == CURIOUS)[:, None] & in_core[active])
        push = config.popularity_weight * factors.appeal - config.fatigue * n_shown[active]
        push[hidden] = -np.inf
        shown = _rank(users.affinity[active], mood, push, config, rng)
        n_shown[active[:, None], shown] += 1
        chance = _chance(active, mood, shown, users, config)
        chance[~np.take_along_axis(allowed[active, _quota(mood)], shown, axis=1)] = 0.0
        limit = np.minimum(left[active, _quota(mood)], config.clicks_per_list)
        row, place = _click(chance, limit, rng)
        user, item = active[row], shown[row, place]
        seen[user, item] = True
        np.subtract.at(left, (user, _quota(mood)[row]), 1)
        # The further down the list, the later; a film page or two in between.
        time = clock[user] + 45 * (place + 1) + rng.integers(0, 45, len(user))
        rounds.append(np.stack([user, item, time, place + 1, mood[row]], axis=1))
    raise ValueError(f"{(left.sum(axis=1) > 0).sum()} users find too few films they want")


def _quotas(users: UserModel, allowed: BoolArray) -> IntArray:
    """Core, minority and curious interactions of each user, ``(U, 3)``, summing to the activity."""
    # At most half of what there is, so that no user must be shown the whole catalogue first.
    room = (allowed.sum(axis=2) + 1) // 2
    minority = np.minimum(users.n_minority, room[:, 1])
    curious = np.minimum(users.n_broad, room[:, 2])
    return np.stack([users.activity - minority - curious, minority, curious], axis=1)


def _quota(mood: IntArray) -> IntArray:
    """Column of the quota a mood counts against: 0 core, 1 minority, 2 curious."""
    return np.maximum(mood - (N_CORE - 1), 0)


def _allowed_by_mood(in_core: BoolArray, users: UserModel) -> BoolArray:
    """Films a user may choose in a core, minority and curious mood, ``(U, 3, I)``.

    A film that the minority taste explains best always counts as minority; curiosity leads
    out of the niches of the core tastes.
    """
    minority = users.dominant == MINORITY  # (U, I)
    wanted = users.utility > users.open_level[:, None]
    return np.stack([wanted & ~minority, wanted & minority, wanted & ~minority & ~in_core], axis=1)


def _draw_mood(left: IntArray, taste_share: RealArray, rng: np.random.Generator) -> IntArray:
    """Taste slot or ``CURIOUS`` of each list, by what is left of each quota, ``(A,)``."""
    chance = np.concatenate([left[:, :1] * taste_share, left[:, 1:]], axis=1)  # (A, 5)
    edges = chance.cumsum(axis=1) / chance.sum(axis=1, keepdims=True)
    mood = (rng.random((len(left), 1)) >= edges[:, :-1]).sum(axis=1)
    return np.asarray(mood, dtype=np.int64)


def _rank(
    affinity: RealArray,
    mood: IntArray,
    push: RealArray,
    config: ExposureConfig,
    rng: np.random.Generator,
) -> IntArray:
    """Films of each list in shown order, ``(A, L)``: by taste, push and chance, wanted or not."""
    curious = mood == CURIOUS
    core = affinity[:, :N_CORE].max(axis=1)
    of_day = affinity[np.arange(len(mood)), np.minimum(mood, MINORITY)]
    score = np.where(
        curious[:, None], config.curious_taste_weight * core, config.taste_weight * of_day
    )
    score = score + push + rng.gumbel(size=score.shape)
    return np.argsort(-score, axis=1, kind="stable")[:, : config.list_length].astype(np.int64)


def _chance(
    active: IntArray, mood: IntArray, shown: IntArray, users: UserModel, config: ExposureConfig
) -> RealArray:
    """Probability that a shown film is looked at and wanted, ``(A, L)``."""
    looked_at = (1.0 + np.arange(config.list_length)) ** -config.position_bias
    level = np.where(mood == CURIOUS, users.open_level[active], users.liked_level[active])
    gain = users.utility[active[:, None], shown] - level[:, None]
    return np.asarray(looked_at / (1.0 + np.exp(-gain / config.softness)), dtype=np.float64)


def _click(
    chance: RealArray, limit: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Rows and 0-based places of the chosen films, from the top and within the limit ``(A,)``."""
    chosen = rng.random(chance.shape) < chance
    chosen &= chosen.cumsum(axis=1) <= limit[:, None]
    row, place = np.nonzero(chosen)
    return row.astype(np.int64), place.astype(np.int64)


def _collect(rounds: list[IntArray]) -> Clicks:
    """Join the rounds, sorted by user, then time."""
    user, item, time, position, mood = np.concatenate(rounds).T
    order = np.lexsort((item, time, user))
    return Clicks(user[order], item[order], time[order], position[order], mood[order])
