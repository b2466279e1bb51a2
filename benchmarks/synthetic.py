"""Invented interactions for measuring how fast pages are: shaped like a run, found by nobody.

Shape letters: U users, I items, E train interactions. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

N_GROUPS: Final = 24
NOISE: Final = ("uniform", "position", "co-click", "lookalike")
HARD: Final = ("minority", "tail")
KINDS: Final = ("", *NOISE, *HARD)
NOISE_SHARE: Final = 0.14
HARD_SHARE: Final = 0.09
JUDGED_SHARE: Final = 0.2
VERDICTS: Final = ("clean", "hard", "noisy")
THRESHOLD: Final = 0.5


@dataclass(frozen=True)
class World:
    """Who met what, and what is known about it."""

    user_group: Ints
    """``(U,)``, 0..23."""
    item_group: Ints
    """``(I,)``."""
    user: Ints
    """``(E,)``, sorted by user and item."""
    item: Ints
    kind: Ints
    """Place in :data:`KINDS`, ``(E,)``; 0 = neither noise nor hard."""
    signals: dict[str, Floats]
    """Columns of ``interactions.parquet`` that are numbers, ``(E,)`` each."""
    grades: NDArray[np.int8]
    """User-centric and item-centric grade, ``(E, 2)``; -1 = not asked."""
    low_scored: NDArray[np.bool_]
    verdict: Ints
    """Place in :data:`VERDICTS`, ``(E,)``."""

    @property
    def noise(self) -> NDArray[np.bool_]:
        """Planted noise, ``(E,)``."""
        return (self.kind > 0) & (self.kind <= len(NOISE))

    @property
    def hard(self) -> NDArray[np.bool_]:
        """Planted hard, ``(E,)``."""
        return self.kind > len(NOISE)


def make_world(n_interactions: int, n_users: int, n_items: int, rng: np.random.Generator) -> World:
    """Draw a world whose items and users follow a power law.

    Raises:
        ValueError: If more than half of all pairs would be interactions.
    """
    if n_interactions > n_users * n_items // 2:
        raise ValueError("more than half of all pairs would be interactions: name more nodes")
    sizes = np.arange(1, N_GROUPS + 1, dtype=float) ** -0.6
    item_group = rng.choice(N_GROUPS, n_items, p=sizes / sizes.sum())
    user_group = rng.choice(N_GROUPS, n_users, p=sizes / sizes.sum())
    pairs = _pairs(n_interactions, user_group, item_group, rng)
    user, item = np.divmod(pairs, n_items)
    kind = _kinds(user_group[user] == item_group[item], rng)
    grades = _grades(kind, rng)
    signals = _signals(kind, grades, rng)
    low_scored = signals["score"] < np.quantile(signals["score"], 0.2)
    verdict = np.where(signals["p_noisy"] >= THRESHOLD, 2, 0)
    verdict[(verdict == 0) & low_scored & (grades >= 1).all(axis=1)] = 1
    return World(user_group, item_group, user, item, kind, signals, grades, low_scored, verdict)


def _pairs(n: int, user_group: Ints, item_group: Ints, rng: np.random.Generator) -> Ints:
    """Draw ``n`` different pairs ``user * I + item``, sorted: mostly within the user's group."""
    n_items = len(item_group)
    activity = _power_law(len(user_group), 0.6, rng)
    popularity = _power_law(n_items, 0.9, rng)
    members = [np.flatnonzero(item_group == group) for group in range(N_GROUPS)]
    found = np.empty(0, np.int64)
    while len(found) < n:
        user = rng.choice(len(user_group), int((n - len(found)) * 1.3) + 100, p=activity)
        item = rng.choice(n_items, len(user), p=popularity)
        stays = rng.random(len(user)) < 0.75
        for group, within in enumerate(members):
            rows = np.flatnonzero(stays & (user_group[user] == group))
            if len(within):
                odds = popularity[within] / popularity[within].sum()
                item[rows] = rng.choice(within, len(rows), p=odds)
        found = np.unique(np.concatenate([found, user * n_items + item]))
    return np.sort(rng.choice(found, n, replace=False))


def _power_law(n: int, exponent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Odds of ``n`` things, in random order, that fall with a power of their place."""
    odds = rng.permutation((np.arange(n) + 5.0) ** -exponent)
    return odds / odds.sum()


def _kinds(at_home: NDArray[np.bool_], rng: np.random.Generator) -> Ints:
    """Plant noise and hard ones, both mostly outside the user's group."""
    odds = np.where(at_home, 0.35, 2.5)
    odds /= odds.mean()
    drawn = rng.random(len(at_home)) / odds
    noise = rng.integers(1, 1 + len(NOISE), len(at_home))
    hard = rng.integers(1 + len(NOISE), len(KINDS), len(at_home))
    return np.select([drawn < NOISE_SHARE, drawn < NOISE_SHARE + HARD_SHARE], [noise, hard], 0)


def _grades(kind: Ints, rng: np.random.Generator) -> NDArray[np.int8]:
    noise = (kind > 0) & (kind <= len(NOISE))
    centre = np.where(noise, 0.6, np.where(kind > 0, 1.6, 1.5))
    drawn = np.rint(centre[:, None] + rng.normal(0, 0.7, (len(kind), 2))).clip(0, 2)
    drawn[rng.random(len(kind)) >= JUDGED_SHARE] = -1
    return drawn.astype(np.int8)


def _signals(kind: Ints, grades: NDArray[np.int8], rng: np.random.Generator) -> dict[str, Floats]:
    """Draw signals: loss cannot tell noise from hard ones, language can, a little."""
    n = len(kind)
    noise, hard = (kind > 0) & (kind <= len(NOISE)), kind > len(NOISE)
    misfit = rng.normal(0, 1, n) + 1.7 * noise + 1.5 * hard
    foreign = rng.normal(0, 1, n) + 1.5 * noise + 0.3 * hard
    asked = grades[:, 0] >= 0
    logical = np.where(asked, grades.mean(axis=1), np.nan)
    language = np.clip(0.8 * (foreign - 0.9), -3, 3)
    said = np.where(asked, 1.6 * (1 - np.nan_to_num(logical, nan=1.0)), 0.0)
    behaviour = np.clip(0.8 * (misfit - 1.0), -3, 3)
    loss = np.logaddexp(0, 0.9 * misfit - 1.2)
    columns = {
        "loss": loss,
        "loss_mean": loss * rng.uniform(0.95, 1.3, n),
        "loss_variability": rng.gamma(2, 0.06, n),
        "score": 1 / (1 + np.exp(1.3 * misfit - 2.2)),
        "semantic": np.tanh(0.35 - 0.25 * foreign),
        "semantic_among_users": 1 / (1 + np.exp(foreign)),
        "text_among_users": 1 / (1 + np.exp(foreign + rng.normal(0, 1, n))),
        "logical": logical,
        "from_language": language,
        "from_behaviour": behaviour,
        "from_grades": said,
        "p_noisy": 1 / (1 + np.exp(1.8 - language - behaviour - said)),
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}
