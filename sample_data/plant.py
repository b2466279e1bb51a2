"""Noise planted in train: which films each user interacts with but does not want.

Each kind is a matrix of weights ``(U, I)``, 0 where a film is out of the question; films are
drawn by weight without replacement. Every planted film has a utility below ``open_level``.
Shape letters: U users, I films, E genuine train interactions, P planted interactions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from core.types import BoolArray, IntArray
from sample_data.catalogue import Catalogue
from sample_data.config import PlantConfig, SampleConfig
from sample_data.exposure import Clicks
from sample_data.latent import ItemFactors, RealArray
from sample_data.users import UserModel

NOISE_KINDS = ("lookalike", "co-click", "position", "uniform")
"""In the order of planting: the choosiest first."""


@dataclass(frozen=True)
class World:
    """What planting may look at."""

    catalogue: Catalogue
    factors: ItemFactors
    users: UserModel
    genuine: Clicks
    """All genuine interactions."""
    train: BoolArray
    """Genuine train interactions as a matrix, ``(U, I)``."""
    config: SampleConfig


Weights: TypeAlias = Callable[[World, np.random.Generator], tuple[RealArray, IntArray | None]]
"""Weights ``(U, I)`` of a kind, and the shown positions ``(U, I)`` if they follow from it."""


@dataclass(frozen=True)
class Planted:
    """P planted interactions and their kinds."""

    clicks: Clicks
    kind: IntArray
    """Index into ``NOISE_KINDS``, ``(P,)``."""


def plant(world: World, rng: np.random.Generator) -> Planted:
    """Draw noise for every user, a quarter of each kind, in proportion to the train history.

    Args:
        world: Users, films and genuine interactions.
        rng: Source of every draw.

    Returns:
        Planted interactions; no pair is genuine in any split, none is planted twice.

    Raises:
        ValueError: If there are too few films that some user does not want.
    """
    taken = np.zeros(world.train.shape, dtype=np.bool_)
    taken[world.genuine.user, world.genuine.item] = True
    barred = taken | (world.users.utility >= world.users.open_level[:, None])
    counts = share_out(world.train.sum(axis=1), world.config.plant, rng)
    missing = np.zeros(len(counts), dtype=np.int64)
    parts: list[Clicks] = []
    kinds: list[IntArray] = []
    for number, name in enumerate(NOISE_KINDS):
        weights, positions = WEIGHTS[name](world, rng)
        weights = np.where(barred, 0.0, weights)
        # Where a user has too few lookalikes, say, the next kind makes up for them.
        wanted = counts[:, number] + missing
        missing = np.maximum(wanted - (weights > 0).sum(axis=1), 0)
        user, item = _draw_films(weights, wanted - missing, rng)
        barred[user, item] = True
        parts.append(_place(user, item, positions, number, world, rng))
        kinds.append(np.full(len(user), number, dtype=np.int64))
    if missing.any():
        raise ValueError(f"{np.count_nonzero(missing)} users have too few films to plant noise on")
    return Planted(join(parts), np.concatenate(kinds))


def share_out(n_train: IntArray, config: PlantConfig, rng: np.random.Generator) -> IntArray:
    """Planted interactions of each kind for each user.

    Args:
        n_train: Genuine train interactions, ``(U,)``.
        config: Rate of noise.
        rng: Who gets how many: equal shares would make noise easier to tell than it is, for
            whoever is known to have one has fewer left.

    Returns:
        Counts ``(U, 4)``: rows by chance in proportion to the history, columns equal up to one.
    """
    total = round(n_train.sum() * config.rate / (1.0 - config.rate))
    quarters = total // len(NOISE_KINDS) + (np.arange(len(NOISE_KINDS)) < total % len(NOISE_KINDS))
    share = n_train / n_train.sum()
    counts = np.stack([rng.multinomial(quarter, share) for quarter in quarters], axis=1)
    return counts.astype(np.int64)


def uniform_weights(world: World, _: np.random.Generator) -> tuple[RealArray, None]:
    """Misclick: any film, ``(U, I)``."""
    return np.ones(world.train.shape), None


def position_weights(world: World, rng: np.random.Generator) -> tuple[RealArray, IntArray]:
    """Careless click near the top of lists of popular films that ignore taste, ``(U, I)``."""
    n_users, n_items = world.train.shape
    position = np.full((n_users, n_items), n_items, dtype=np.int64)
    for _ in range(world.config.plant.popular_lists):
        order = np.log(world.factors.popularity) + rng.gumbel(size=(n_users, n_items))
        order[world.genuine.user, world.genuine.item] = -np.inf  # nobody is shown these again
        place = np.argsort(np.argsort(-order, axis=1, kind="stable"), axis=1)
        position = np.minimum(position, 1 + place)
    attention = position.astype(np.float64) ** -world.config.plant.position_bias
    return np.where(position <= world.config.exposure.list_length, attention, 0.0), position


def co_click_weights(world: World, _: np.random.Generator) -> tuple[RealArray, None]:
    """Two steps from the user's films over other users, but foreign in content, ``(U, I)``."""
    users, config = world.users, world.config.plant
    seen = world.train.astype(np.float64)
    to_item = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1.0)  # user -> item
    to_user = seen / np.maximum(seen.sum(axis=0, keepdims=True), 1.0)  # item -> user, (U, I)
    walk = (to_item @ to_user.T) @ to_item  # (U, U) @ (U, I)
    low = users.utility < np.quantile(users.utility, config.foreign_share, axis=1, keepdims=True)
    own_niche = (users.taste[:, :, None] == world.catalogue.niche).any(axis=1)
    foreign = users.affinity.max(axis=1) < config.foreign_affinity
    return np.where(low & foreign & ~own_niche, walk, 0.0), None


def lookalike_weights(world: World, _: np.random.Generator) -> tuple[RealArray, None]:
    """Near a film of the user in title attributes, but made for another audience, ``(U, I)``."""
    config = world.config.plant
    near = nearness(world.catalogue)
    nearest = np.stack([near[history].max(axis=0) for history in world.train])  # (U, I)
    # Text-plausible, implausible by behaviour: who watches it are not people like this user.
    own_niche = (world.users.taste[:, :, None] == world.catalogue.niche).any(axis=1)
    wrong = (world.users.audience_fit <= config.wrong_audience) & ~own_niche
    return np.where(wrong & (nearest >= config.min_nearness), nearest**4, 0.0), None


def nearness(catalogue: Catalogue) -> RealArray:
    """Attributes that two films share, ``(I, I)``, diagonal 0.

    1 for each keyword, director and the niche, and up to 1 for the overlap of genres (Jaccard):
    a plain count, unlike the weighted similarities that detectors compute.
    """
    keyword, director, genre = (
        member.astype(np.float64)
        for member in (catalogue.keyword, catalogue.director, catalogue.genre)
    )
    both = genre @ genre.T
    either = genre.sum(axis=1)[:, None] + genre.sum(axis=1) - both
    near = keyword @ keyword.T + director @ director.T + both / either
    near += catalogue.niche[:, None] == catalogue.niche
    np.fill_diagonal(near, 0.0)
    return np.asarray(near, dtype=np.float64)


WEIGHTS: dict[str, Weights] = {
    "lookalike": lookalike_weights,
    "co-click": co_click_weights,
    "position": position_weights,
    "uniform": uniform_weights,
}


def join(parts: list[Clicks]) -> Clicks:
    """Put clicks one after the other."""
    return Clicks(
        user=np.concatenate([part.user for part in parts]),
        item=np.concatenate([part.item for part in parts]),
        timestamp=np.concatenate([part.timestamp for part in parts]),
        position=np.concatenate([part.position for part in parts]),
        mood=np.concatenate([part.mood for part in parts]),
    )


def _draw_films(
    weights: RealArray, counts: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw ``counts`` films per user by weight, without replacement (Gumbel top-k)."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=weights.shape)
    order = np.argsort(-keys, axis=1, kind="stable")
    user, place = np.nonzero(np.arange(weights.shape[1]) < counts[:, None])
    return user.astype(np.int64), order[user, place].astype(np.int64)


def _place(
    user: IntArray,
    item: IntArray,
    positions: IntArray | None,
    kind: int,
    world: World,
    rng: np.random.Generator,
) -> Clicks:
    """Give planted pairs a position and a time within one of the user's visits."""
    genuine = world.genuine
    if positions is not None:
        position = positions[user, item]
    elif NOISE_KINDS[kind] == "uniform":
        position = rng.integers(1, world.config.exposure.list_length + 1, len(user))
    else:  # shown and clicked like anything else
        position = genuine.position[rng.integers(0, len(genuine.user), len(user))]
    first = np.searchsorted(genuine.user, user, side="left")  # genuine is sorted by user
    last = np.searchsorted(genuine.user, user, side="right")
    visit = genuine.timestamp[rng.integers(first, last)]
    time = visit + rng.integers(15, 900, len(user))
    return Clicks(user, item, time, position, np.full(len(user), -1, dtype=np.int64))
