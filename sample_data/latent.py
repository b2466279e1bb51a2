"""Latent item factors: what a film is about, whom it is for, how popular it is.

Everything is seeded chance tied to attributes of the catalogue. No text encoder and no
similarity that a detector computes: the truth must not come from what is to be measured.
Shape letters: I films, D latent size, N niches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.types import BoolArray
from sample_data.catalogue import Catalogue
from sample_data.config import LatentConfig

RealArray: TypeAlias = NDArray[np.float64]

FAMILY, MAINSTREAM = 0, 1
"""Columns of the audience factors: family (+) or mature (-), mainstream (+) or arthouse (-)."""

GENRE_AUDIENCE: dict[str, tuple[float, float]] = {
    "action": (0.0, 0.6),
    "adventure": (0.5, 0.4),
    "animation": (0.6, 0.1),
    "comedy": (0.4, 0.3),
    "crime": (-0.6, 0.0),
    "documentary": (0.0, -0.7),
    "drama": (-0.1, -0.4),
    "family": (1.2, 0.4),
    "fantasy": (0.4, 0.2),
    "horror": (-0.9, 0.0),
    "music": (0.5, 0.1),
    "noir": (-0.4, -0.4),
    "sport": (0.4, 0.3),
    "thriller": (-0.5, 0.3),
    "war": (-0.5, -0.1),
}
"""What a genre suggests about the audience of a film; genres not listed suggest nothing."""


@dataclass(frozen=True)
class ItemFactors:
    """Latent factors of the I films."""

    vector: RealArray
    """What a film is about, unit length, ``(I, D)``."""
    centre: RealArray
    """Unit mean of each niche, ``(N, D)``."""
    audience: RealArray
    """Whom a film is for, ``(I, 2)``: columns ``FAMILY`` and ``MAINSTREAM``."""
    popularity: RealArray
    """Share of attention of a film, power law, ``(I,)``, sums to 1."""
    appeal: RealArray
    """Log popularity with mean 0 and deviation 1, ``(I,)``."""
    niche_popularity: RealArray
    """Share of tastes of a niche, power law, ``(N,)``, sums to 1."""


def unit(vectors: RealArray) -> RealArray:
    """Scale vectors ``(..., D)`` to length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / length, dtype=np.float64)


def draw_item_factors(
    catalogue: Catalogue, config: LatentConfig, rng: np.random.Generator
) -> ItemFactors:
    """Draw the factors of all films.

    Args:
        catalogue: The films.
        config: Weight of each attribute.
        rng: Source of every draw.

    Returns:
        Factors in the order of the catalogue.
    """
    vector = _draw_vectors(catalogue, config, rng)
    audience = _draw_audience(catalogue, config, rng)
    popularity = _draw_popularity(audience[:, MAINSTREAM], config, rng)
    log_popularity = np.log(popularity)
    niche_rank = 1.0 + rng.permutation(len(catalogue.niches))
    niche_popularity = niche_rank**-config.niche_exponent
    return ItemFactors(
        vector=vector,
        centre=unit(_niche_means(vector, catalogue)),
        audience=audience,
        popularity=popularity,
        appeal=(log_popularity - log_popularity.mean()) / log_popularity.std(),
        niche_popularity=niche_popularity / niche_popularity.sum(),
    )


def niche_audience(factors: ItemFactors, catalogue: Catalogue) -> RealArray:
    """Mean audience of the films of each niche, ``(N, 2)``."""
    return _niche_means(factors.audience, catalogue)


def _niche_means(values: RealArray, catalogue: Catalogue) -> RealArray:
    """Mean of ``(I, K)`` per niche, ``(N, K)``."""
    member = np.eye(len(catalogue.niches))[:, catalogue.niche]  # (N, I)
    return np.asarray((member @ values) / member.sum(axis=1, keepdims=True), dtype=np.float64)


def _draw_vectors(
    catalogue: Catalogue, config: LatentConfig, rng: np.random.Generator
) -> RealArray:
    """Weighted sum of one random vector per attribute value, centred, unit length, ``(I, D)``."""
    niche = np.eye(len(catalogue.niches), dtype=np.bool_)[catalogue.niche]
    decade = np.eye(catalogue.decade.max() + 1, dtype=np.bool_)[catalogue.decade]
    parts: list[tuple[float, BoolArray]] = [
        (config.niche, niche),
        (config.genre, catalogue.genre),
        (config.keyword, catalogue.keyword),
        (config.director, catalogue.director),
        (config.decade, decade),
        (config.own, np.eye(len(catalogue), dtype=np.bool_)),
    ]
    total = np.zeros((len(catalogue), config.size))
    for weight, member in parts:
        values = rng.normal(scale=config.size**-0.5, size=(member.shape[1], config.size))
        # By the root of the count: a film with many keywords is not about more than others.
        total += weight * (member @ values) / np.sqrt(member.sum(axis=1, keepdims=True))
    # Centred: what half of all films share (drama) makes no two of them alike.
    return unit(total - total.mean(axis=0))


def _draw_audience(
    catalogue: Catalogue, config: LatentConfig, rng: np.random.Generator
) -> RealArray:
    """Audience from genres, age and director, and the film's own part, ``(I, 2)``."""
    table = np.array([GENRE_AUDIENCE.get(name, (0.0, 0.0)) for name in catalogue.genres])
    by_genre = (catalogue.genre @ table) / catalogue.genre.sum(axis=1, keepdims=True)
    taste_of_director = rng.normal(scale=0.4, size=(catalogue.director.shape[1], 2))
    by_director = catalogue.director @ taste_of_director
    by_director /= np.sqrt(catalogue.director.sum(axis=1, keepdims=True))
    age = 0.5 - catalogue.decade / catalogue.decade.max()  # the older, the more arthouse
    audience = by_genre + by_director
    audience[:, MAINSTREAM] -= 0.8 * age
    own = rng.normal(scale=config.audience_own, size=audience.shape)
    return np.asarray(audience + own, dtype=np.float64)


def _draw_popularity(
    mainstream: RealArray, config: LatentConfig, rng: np.random.Generator
) -> RealArray:
    """Power law by rank; mainstream films rank somewhat higher, the rest is chance, ``(I,)``."""
    order = np.argsort(-(rng.normal(size=len(mainstream)) + 0.4 * mainstream), kind="stable")
    rank = np.empty(len(order))
    rank[order] = 1.0 + np.arange(len(order))
    popularity = rank**-config.popularity_exponent
    return np.asarray(popularity / popularity.sum(), dtype=np.float64)
