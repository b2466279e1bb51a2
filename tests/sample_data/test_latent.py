from __future__ import annotations

import numpy as np
import pytest

from sample_data.catalogue import read_catalogue
from sample_data.config import LatentConfig
from sample_data.latent import FAMILY, MAINSTREAM, draw_item_factors, niche_audience


def draw(seed: int = 3, **settings: float):
    return draw_item_factors(
        read_catalogue(), LatentConfig(**settings), np.random.default_rng(seed)
    )


def test_vectors_are_unit_length_and_finite():
    factors = draw()
    assert factors.vector.shape == (480, 192)
    np.testing.assert_allclose(np.linalg.norm(factors.vector, axis=1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(factors.centre, axis=1), 1.0)


def test_films_of_a_niche_are_more_alike_than_others():
    factors, catalogue = draw(), read_catalogue()
    cosine = factors.vector @ factors.vector.T
    same = catalogue.niche[:, None] == catalogue.niche
    off_diagonal = ~np.eye(len(catalogue), dtype=bool)
    assert cosine[same & off_diagonal].mean() > 0.4
    assert abs(cosine[~same].mean()) < 0.05


def test_niches_with_common_genres_are_related():
    factors, catalogue = draw(), read_catalogue()
    number = {name: index for index, name in enumerate(catalogue.niches)}
    similarity = factors.centre @ factors.centre.T
    space, hard, period = (number[n] for n in ("space-opera", "hard-sf", "period-romance"))
    assert similarity[space, hard] > similarity[space, period] + 0.05


@pytest.mark.parametrize("part", ["niche", "genre", "keyword", "director", "decade"])
def test_each_attribute_alone_makes_films_that_share_it_alike(part):
    nothing = dict.fromkeys(("niche", "genre", "keyword", "director", "decade", "own"), 0.0)
    vector = draw(**{**nothing, part: 1.0, "own": 0.2}).vector
    catalogue = read_catalogue()
    member = {
        "niche": np.eye(24, dtype=bool)[catalogue.niche],
        "decade": np.eye(catalogue.decade.max() + 1, dtype=bool)[catalogue.decade],
    }.get(part)
    member = getattr(catalogue, part) if member is None else member
    shared = (member.astype(int) @ member.T.astype(int)) > 0
    np.fill_diagonal(shared, False)
    apart = ~shared & ~np.eye(len(catalogue), dtype=bool)
    cosine = vector @ vector.T
    assert cosine[shared].mean() > cosine[apart].mean() + 0.1


def test_popularity_is_a_power_law_that_sums_to_one():
    popularity = np.sort(draw(popularity_exponent=0.5).popularity)[::-1]
    assert popularity.sum() == pytest.approx(1.0)
    assert popularity[0] / popularity[3] == pytest.approx(2.0)  # 4 ** 0.5
    assert popularity[0] / popularity[99] == pytest.approx(10.0)  # 100 ** 0.5


def test_popularity_is_almost_independent_of_niche_and_audience():
    factors, catalogue = draw(), read_catalogue()
    share = np.bincount(catalogue.niche, weights=factors.appeal) / 20
    assert np.abs(share).max() < 1.2
    assert 0.0 < np.corrcoef(factors.appeal, factors.audience[:, MAINSTREAM])[0, 1] < 0.5


def test_family_films_are_for_families_and_horror_is_not():
    catalogue = read_catalogue()
    audience = niche_audience(draw(), catalogue)[:, FAMILY]
    number = {name: index for index, name in enumerate(catalogue.niches)}
    assert audience[number["family-animation"]] > 0.3
    assert audience[number["slasher-survival"]] < -0.3


def test_audience_differs_within_every_niche():
    catalogue = read_catalogue()

    def spread(**settings: float) -> np.ndarray:
        audience = draw(**settings).audience
        return np.array([audience[catalogue.niche == k].std(axis=0) for k in range(24)])

    assert spread().min() > 0.2
    assert spread().mean() > 0.4
    assert spread().mean() > spread(audience_own=0.0).mean()  # a part of each film's own
