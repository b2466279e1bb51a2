"""Plant noise with known positions in a train set, for measuring.

Kinds: ``uniform`` (misclicks), ``position`` (by popularity: what is shown on top gets clicked),
``co-click`` (near in behaviour, foreign in content: what came along with something liked) and
``lookalike`` (near in content, wrong audience: a misleading cover). ``mixed`` is a quarter of each.

Shape letters: E train rows, Q planted rows, C candidates per row, H history items compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.data.content import (
    Matrix,
    Neighbours,
    audience_matrix,
    content_matrix,
    jaccard,
    neighbours,
    walk,
)
from core.errors import DataError
from core.keys import among
from core.types import BoolArray, IntArray, Interactions, Items

KINDS: Final = ("uniform", "position", "co-click", "lookalike")
N_CANDIDATES: Final = 12
"""Neighbours in behaviour from which a co-click is chosen."""
N_SIMILAR: Final = 32
"""Neighbours in content from which a lookalike is chosen ..."""
N_NEAREST: Final = 6
"""... of which only the nearest count."""
N_HISTORY: Final = 6
ROUNDS: Final = 60
"""Attempts to replace drawn pairs that were taken."""
ROUNDS_PER_USER: Final = 15
"""Attempts after which another user is drawn."""


@dataclass(frozen=True)
class PlantedTruth:
    """The planted pairs by number, sorted by user and item, with their kind; all ``(Q,)``."""

    user: IntArray
    item: IntArray
    kind: tuple[str, ...]

    def __len__(self) -> int:
        """Return Q."""
        return len(self.user)


@dataclass(frozen=True)
class _World:
    """What the proposals draw from."""

    train: Interactions
    rng: np.random.Generator
    items_of_user: Neighbours
    content: Matrix
    audience: Matrix
    taken: IntArray
    """Sorted keys of pairs that must not be planted."""

    def is_taken(self, user: IntArray, item: IntArray) -> BoolArray:
        key = user * np.int64(self.train.n_items) + item
        place = np.searchsorted(self.taken, key).clip(max=len(self.taken) - 1)
        taken: BoolArray = (self.taken[place] == key) | (item < 0)
        return taken


def plant(
    train: Interactions,
    items: Items,
    kind: str,
    rate: float,
    rng: np.random.Generator,
    excluded: IntArray | None = None,
) -> tuple[Interactions, PlantedTruth]:
    """Add pairs that nobody interacted with, spread over users by their activity.

    Args:
        train: Genuine train interactions, E rows.
        items: Their items; titles, texts and attributes matter for ``co-click`` and
            ``lookalike``.
        kind: One of :data:`KINDS`, or ``mixed``.
        rate: Planted rows as a share of the noised train set, 0 to below 1.
        rng: Source of all draws.
        excluded: Keys (``user * n_items + item``) of further pairs that must not be planted:
            validation, test, and pairs known to be disliked.

    Returns:
        The noised train set, E + Q rows sorted by user and item, so that the place of a row says
        nothing; and what was planted.

    Raises:
        DataError: If there are too few free pairs, or ``lookalike`` has no item texts to go by.
        ValueError: If ``kind`` or ``rate`` is not among the possible ones.
    """
    if kind not in (*KINDS, "mixed"):
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(KINDS)} and mixed")
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"rate is {rate}, need 0 <= rate < 1")
    n_planted = round(rate / (1.0 - rate) * len(train))
    world = _world(train, items, rng, excluded)
    user, item, kinds = _plant_kinds(world, kind, n_planted)
    order = np.lexsort((item, user))
    truth = PlantedTruth(user[order], item[order], tuple(kinds[order].tolist()))
    return _merge(train, truth), truth


def _world(
    train: Interactions, items: Items, rng: np.random.Generator, excluded: IntArray | None
) -> _World:
    further = np.empty(0, dtype=np.int64) if excluded is None else excluded
    audience = audience_matrix(train, rng)
    order = np.lexsort((train.item, train.user))
    start = np.searchsorted(train.user[order], np.arange(train.n_users + 1))
    reach = np.arange(len(train) + 1, dtype=np.float64)
    return _World(
        train=train,
        rng=rng,
        items_of_user=Neighbours(start, train.item[order], reach),
        content=content_matrix(items),
        audience=audience,
        taken=np.sort(np.concatenate([train.key(), further])),
    )


def _plant_kinds(
    world: _World, kind: str, n_planted: int
) -> tuple[IntArray, IntArray, NDArray[np.str_]]:
    """Users, items and kinds of the planted pairs, each ``(Q,)``, kind after kind."""
    wanted = KINDS if kind == "mixed" else (kind,)
    sizes = [len(part) for part in np.array_split(np.arange(n_planted), len(wanted))]
    planted = np.empty(0, dtype=np.int64)
    names: list[str] = []
    for name, size in zip(wanted, sizes, strict=True):
        planted = np.concatenate([planted, _draw(world, name, size, planted)])
        names += [name] * size
    n_items = world.train.n_items
    return planted // n_items, planted % n_items, np.array(names, dtype=np.str_)


def _draw(world: _World, kind: str, size: int, planted: IntArray) -> IntArray:
    """Keys of ``size`` new pairs of one kind; a pair that is taken is drawn again."""
    propose = _PROPOSALS[kind]
    if kind == "lookalike" and world.content.nnz == 0:
        raise DataError(
            "Lookalike noise needs titles, texts or attributes of the items. Add an item file, "
            "or plant uniform, position or co-click noise."
        )
    n_items = np.int64(world.train.n_items)
    found = np.empty(0, dtype=np.int64)
    user = _draw_users(world, size)
    for attempt in range(1, ROUNDS + 1):
        item = propose(world, user)
        key = user * n_items + item
        fresh = ~world.is_taken(user, item) & ~among(key, planted) & ~among(key, found)
        fresh[fresh] = _first_of_each(key[fresh])
        found = np.concatenate([found, key[fresh]])
        user = user[~fresh]
        if len(user) == 0:
            return found
        if attempt % ROUNDS_PER_USER == 0:  # these users may have nothing left to plant
            user = _draw_users(world, len(user))
    raise DataError(
        f"Only {len(found)} of {size} {kind} pairs could be planted: the data is too small or too "
        "dense. Lower the rate of planted noise, or plant uniform noise."
    )


def _draw_users(world: _World, size: int) -> IntArray:
    """Users in proportion to their train rows."""
    return world.train.user[world.rng.integers(len(world.train), size=size)]


def _first_of_each(key: IntArray) -> BoolArray:
    first = np.zeros(len(key), dtype=bool)
    first[np.unique(key, return_index=True)[1]] = True
    return first


def _propose_uniform(world: _World, user: IntArray) -> IntArray:
    return world.rng.integers(world.train.n_items, size=len(user))


def _propose_by_position(world: _World, user: IntArray) -> IntArray:
    return world.train.item[world.rng.integers(len(world.train), size=len(user))]


def _propose_co_click(world: _World, user: IntArray) -> IntArray:
    """Of a few items that users of the user's items also used, the most foreign in content."""
    anchor = world.items_of_user.draw(np.repeat(user[:, None], N_CANDIDATES, axis=1), world.rng)
    candidate = walk(neighbours(world.audience), world.items_of_user, anchor, world.rng)  # (Q, C)
    return _least(world, world.content, user, candidate)


def _propose_lookalike(world: _World, user: IntArray) -> IntArray:
    """Near in content to one of the user's items, and of these the one with the least audience."""
    anchor = world.items_of_user.draw(user, world.rng)
    anchors = np.repeat(anchor[:, None], N_SIMILAR, axis=1)
    n_with_token = np.bincount(world.content.indices, minlength=world.content.shape[1])
    # Rare tokens say more; a token of one item alone leads nowhere.
    weight = np.where(n_with_token > 1, 1.0 / np.sqrt(np.maximum(n_with_token, 1)), 0.0)
    # By popularity, or the least audience would just mean the least known item.
    popularity = np.bincount(world.train.item, minlength=world.train.n_items).astype(np.float64)
    to_token, to_item = neighbours(world.content, weight), neighbours(world.content.T, popularity)
    candidate = walk(to_token, to_item, anchors, world.rng)  # (Q, C)
    taken = world.is_taken(np.repeat(user[:, None], N_SIMILAR, axis=1), candidate)
    near = jaccard(world.content, anchors.ravel(), candidate.clip(0).ravel())
    near = np.where(taken, -1.0, near.reshape(candidate.shape))
    best = np.argsort(-near, axis=1, kind="stable")[:, :N_NEAREST]
    return _least(world, world.audience, user, np.take_along_axis(candidate, best, axis=1))


def _least(world: _World, matrix: Matrix, user: IntArray, candidate: IntArray) -> IntArray:
    """Of each row of candidates the free one that overlaps least with the user's items, or -1.

    The overlap is the mean Jaccard of the candidate with H items drawn from the user's.
    """
    shape = (*candidate.shape, N_HISTORY)
    users = np.broadcast_to(user[:, None], candidate.shape)
    history = world.items_of_user.draw(np.repeat(user[:, None], N_HISTORY, axis=1), world.rng)
    left = np.broadcast_to(candidate.clip(0)[:, :, None], shape).ravel()
    right = np.broadcast_to(history[:, None, :], shape).ravel()
    overlap = jaccard(matrix, left, right).reshape(shape).mean(axis=2)  # (Q, C)
    overlap = np.where(world.is_taken(users, candidate), np.inf, overlap)
    # Ties are common (no overlap at all): decide them at random, not by order.
    best = np.lexsort((world.rng.random(overlap.shape), overlap), axis=1)[:, 0]
    row = np.arange(len(user))
    return np.where(np.isfinite(overlap[row, best]), candidate[row, best], -1)


_PROPOSALS: Final[dict[str, Callable[[_World, IntArray], IntArray]]] = {
    "uniform": _propose_uniform,
    "position": _propose_by_position,
    "co-click": _propose_co_click,
    "lookalike": _propose_lookalike,
}


def _merge(train: Interactions, truth: PlantedTruth) -> Interactions:
    user = np.concatenate([train.user, truth.user])
    item = np.concatenate([train.item, truth.item])
    order = np.lexsort((item, user))
    return Interactions(user[order], item[order], train.n_users, train.n_items)
