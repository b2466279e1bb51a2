"""Users: activity, tastes, audience, and the utility of every film for every user.

Shape letters: U users, I films, T = 4 taste slots (3 core, 1 minority), D latent size, N niches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types import BoolArray, IntArray
from sample_data.catalogue import Catalogue
from sample_data.config import UserConfig
from sample_data.latent import ItemFactors, RealArray, niche_audience, unit

N_CORE = 3
"""Most core tastes of a user."""
MINORITY = N_CORE
"""Slot of the minority taste; slots 0 to 2 are core tastes."""
NO_TASTE = -1


@dataclass(frozen=True)
class UserModel:
    """The simulated truth about U users."""

    activity: IntArray
    """Genuine interactions, ``(U,)``."""
    n_minority: IntArray
    """Genuine interactions out of the minority taste, ``(U,)``: under 10 % of the activity."""
    n_broad: IntArray
    """Genuine interactions out of curiosity, ``(U,)``; fewer where too few films qualify."""
    taste: IntArray
    """Niche at the centre of each taste, ``(U, T)``; ``NO_TASTE`` = slot not used."""
    taste_share: RealArray
    """Share of each core taste in a user's core interactions, ``(U, N_CORE)``."""
    affinity: RealArray
    """Agreement of each film with each taste, cosine, ``(U, T, I)``; -1 = slot not used."""
    audience_fit: RealArray
    """Agreement of user and film about the audience, ``(U, I)``; negative = made for others."""
    utility: RealArray
    """How much a user wants a film, ``(U, I)``."""
    liked_level: RealArray
    """Utility from which a user likes a film, ``(U,)``."""
    open_level: RealArray
    """Utility below which a user never chooses a film knowingly, ``(U,)``."""

    @property
    def dominant(self) -> IntArray:
        """Taste slot that explains a film best, ``(U, I)``."""
        return np.asarray(self.affinity.argmax(axis=1), dtype=np.int64)


def draw_users(
    catalogue: Catalogue, factors: ItemFactors, config: UserConfig, rng: np.random.Generator
) -> UserModel:
    """Draw users with 1 to 3 core tastes and one minority taste each.

    Args:
        catalogue: The films.
        factors: Their latent factors.
        config: Size and shape of the population.
        rng: Source of every draw.

    Returns:
        Users and their utilities.
    """
    activity = _draw_activity(config, rng)
    taste = _draw_tastes(activity, factors, config, rng)
    affinity = _draw_affinity(taste, catalogue, factors, config, rng)
    audience = _draw_audience(taste, niche_audience(factors, catalogue), rng)
    audience_fit = audience @ factors.audience.T  # (U, 2) @ (2, I)
    utility = (
        config.taste_gain * affinity.max(axis=1)
        + config.audience_gain * audience_fit
        + config.appeal_gain * factors.appeal
        + rng.normal(scale=config.whim, size=audience_fit.shape)
    )
    # Films of the minority taste do not count: they cannot fill the rest of a history.
    counted = affinity.argmax(axis=1) != MINORITY
    # Largest count that is still below a tenth of the history.
    most_minority = (activity - 1) // 10
    broad_share = rng.uniform(*config.broad_share, len(activity))
    share = rng.exponential(size=(len(activity), N_CORE)) + 0.3
    share[taste[:, :N_CORE] == NO_TASTE] = 0.0
    return UserModel(
        activity=activity,
        n_minority=most_minority,
        n_broad=np.rint(activity * broad_share).astype(np.int64),
        taste=taste,
        taste_share=share / share.sum(axis=1, keepdims=True),
        affinity=affinity,
        audience_fit=audience_fit,
        utility=utility,
        liked_level=_level(utility, counted, config.liked_factor, activity),
        open_level=_level(utility, counted, config.open_factor, activity),
    )


def _draw_activity(config: UserConfig, rng: np.random.Generator) -> IntArray:
    """Skewed number of genuine interactions per user, ``(U,)``."""
    excess = rng.lognormal(np.log(config.median_excess), config.excess_spread, config.n_users)
    activity = config.min_activity + np.floor(excess).astype(np.int64)
    return np.minimum(activity, config.max_activity)


def _draw_tastes(
    activity: IntArray, factors: ItemFactors, config: UserConfig, rng: np.random.Generator
) -> IntArray:
    """Niches of the core tastes (related) and of the minority taste (foreign), ``(U, T)``."""
    n_users, n_niches = len(activity), len(factors.centre)
    similarity = factors.centre @ factors.centre.T  # (N, N)
    n_core = np.rint(activity / config.activity_per_taste + rng.normal(scale=0.5, size=n_users))
    n_core = np.clip(n_core, 1, N_CORE).astype(np.int64)
    taste = np.full((n_users, N_CORE + 1), NO_TASTE, dtype=np.int64)
    taken = np.zeros((n_users, n_niches), dtype=np.bool_)
    nearness = np.zeros((n_users, n_niches))  # to the nearest core taste so far
    for slot in range(N_CORE):
        wanted = np.log(factors.niche_popularity) + config.relatedness * nearness
        niche = _choose(np.where(taken, -np.inf, wanted), rng)
        rows = np.flatnonzero(slot < n_core)
        taste[rows, slot] = niche[rows]
        taken[rows, niche[rows]] = True
        nearer = similarity[niche[rows]]
        nearness[rows] = nearer if slot == 0 else np.maximum(nearness[rows], nearer)
    foreign = nearness < np.median(nearness, axis=1, keepdims=True)
    taste[:, MINORITY] = _choose(np.where(foreign, np.log(factors.niche_popularity), -np.inf), rng)
    return taste


def _choose(logits: RealArray, rng: np.random.Generator) -> IntArray:
    """Draw one column per row with probability proportional to exp(logits)."""
    return np.asarray((logits + rng.gumbel(size=logits.shape)).argmax(axis=1), dtype=np.int64)


def _draw_affinity(
    taste: IntArray,
    catalogue: Catalogue,
    factors: ItemFactors,
    config: UserConfig,
    rng: np.random.Generator,
) -> RealArray:
    """Cosine of every film with each user's own version of each taste, ``(U, T, I)``."""
    slots = taste.ravel()  # (U * T,)
    member: BoolArray = catalogue.niche == slots[:, None]
    lottery = np.where(member, rng.random(member.shape), -1.0)
    anchors = np.argsort(-lottery, axis=1, kind="stable")[:, : config.anchors]
    # Anchor films bring keywords, directors and decades into the taste, not the niche alone.
    own = unit(factors.vector[anchors].mean(axis=1)) + 0.5 * factors.centre[slots]
    affinity = unit(own) @ factors.vector.T
    affinity[slots == NO_TASTE] = -1.0
    return affinity.reshape(*taste.shape, len(catalogue))


def _draw_audience(
    taste: IntArray, audience_of_niche: RealArray, rng: np.random.Generator
) -> RealArray:
    """What audience a user belongs to: leans to that of the core tastes, ``(U, 2)``."""
    core = taste[:, :N_CORE]
    used = (core != NO_TASTE)[..., None]
    lean = (audience_of_niche[core] * used).sum(axis=1) / used.sum(axis=1)
    audience = 0.6 * lean + rng.normal(scale=0.8, size=lean.shape)
    # Nobody is without an opinion, nobody is all opinion.
    length = np.linalg.norm(audience, axis=1, keepdims=True)
    return np.asarray(audience * np.clip(length, 1.0, 1.4) / length, dtype=np.float64)


def _level(utility: RealArray, counted: BoolArray, factor: float, activity: IntArray) -> RealArray:
    """Utility above which a user has ``factor`` films per interaction, ``(U,)``.

    Only counted films matter, and never more than three quarters of them are above.
    """
    place = np.minimum(np.rint(factor * activity), 0.75 * counted.sum(axis=1)).astype(np.int64)
    descending = -np.sort(np.where(counted, -utility, np.inf), axis=1)  # (U, I)
    return np.asarray(descending[np.arange(len(utility)), place], dtype=np.float64)
