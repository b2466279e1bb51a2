from __future__ import annotations

import numpy as np
import pytest

from sample_data.catalogue import read_catalogue
from sample_data.config import PlantConfig
from sample_data.plant import NOISE_KINDS, nearness, plant, share_out

HEADER = "item_id,title,year,director,genres,keywords,description,niche\n"


@pytest.fixture(scope="module")
def noise(sample):
    """User, item, position and time of the planted interactions by kind."""
    kind, clicks = np.array(sample.kind), sample.clicks
    return {
        name: (
            clicks.user[kind == name],
            clicks.item[kind == name],
            clicks.position[kind == name],
            clicks.timestamp[kind == name],
        )
        for name in NOISE_KINDS
    }


def test_counts_are_shared_out_by_chance_and_history_with_equal_quarters():
    n_train = np.repeat([16, 32, 80], 400)
    counts = share_out(n_train, PlantConfig(rate=0.2), np.random.default_rng(0))
    assert counts.sum(axis=0).tolist() == [3200] * 4  # a quarter of the history in all
    per_user = counts.sum(axis=1).reshape(3, 400)
    np.testing.assert_allclose(per_user.mean(axis=1), [4, 8, 20], rtol=0.1)
    np.testing.assert_allclose(per_user.var(axis=1), [4, 8, 20], rtol=0.25)  # nearly Poisson


def test_no_rate_plants_nothing():
    counts = share_out(np.array([16, 32]), PlantConfig(rate=0.0), np.random.default_rng(0))
    assert counts.sum() == 0


def test_noise_is_a_fifth_of_train_in_equal_quarters(sample, noise):
    total = sum(len(user) for user, *_ in noise.values())
    assert 0.18 < total / (sample.split == 0).sum() < 0.22
    for user, *_ in noise.values():
        assert abs(len(user) - total / 4) < 0.1 * total / 4
    per_user = sum(np.bincount(user, minlength=600) for user, *_ in noise.values())
    assert np.corrcoef(per_user, sample.world.train.sum(axis=1))[0, 1] > 0.4


def test_no_planted_pair_is_genuine_and_none_is_planted_twice(sample, noise):
    genuine = sample.world.genuine
    planted = np.concatenate([user * 480 + item for user, item, *_ in noise.values()])
    assert len(np.unique(planted)) == len(planted)
    assert not np.isin(planted, genuine.user * 480 + genuine.item).any()


def test_nothing_planted_is_wanted(sample, noise):
    users = sample.world.users
    for user, item, *_ in noise.values():
        assert (users.utility[user, item] < users.open_level[user]).all()


def test_lookalikes_share_attributes_with_a_train_film_but_miss_audience_and_niches(sample, noise):
    user, item, *_ = noise["lookalike"]
    world = sample.world
    assert (world.users.audience_fit[user, item] <= -0.3).all()
    catalogue = world.catalogue
    assert not (world.users.taste[user] == catalogue.niche[item][:, None]).any()
    for who, what in zip(user, item, strict=True):
        history = np.flatnonzero(world.train[who])
        shared = (
            (catalogue.keyword[history] & catalogue.keyword[what]).sum(axis=1)
            + (catalogue.director[history] & catalogue.director[what]).sum(axis=1)
            + (catalogue.niche[history] == catalogue.niche[what])
            + (catalogue.genre[history] & catalogue.genre[what]).any(axis=1)
        )
        assert shared.max() >= 2


def test_co_clicks_are_reached_in_two_steps_but_are_foreign(sample, noise):
    user, item, *_ = noise["co-click"]
    world = sample.world
    for who, what in zip(user, item, strict=True):
        companions = world.train[:, world.train[who]].any(axis=1)
        companions[who] = False
        assert world.train[companions, what].any()
    users = world.users
    assert (users.utility[user, item] < np.median(users.utility, axis=1)[user]).all()
    own = (users.taste[user] == world.catalogue.niche[item][:, None]).any(axis=1)
    assert not own.any()


def test_co_clicks_are_better_connected_than_misclicks(sample, noise):
    count = sample.world.train.sum(axis=0)
    assert count[noise["co-click"][1]].mean() > 1.3 * count[noise["uniform"][1]].mean()


def test_position_noise_is_popular_and_near_the_top(sample, noise):
    popularity = sample.world.factors.popularity
    _, item, position, _ = noise["position"]
    assert popularity[item].mean() > 2 * popularity[noise["uniform"][1]].mean()
    assert np.median(position) <= 4
    assert position.max() <= 20


def test_misclicks_are_anywhere_on_the_list_and_hit_any_film(noise):
    _, item, position, _ = noise["uniform"]
    assert 9 < position.mean() < 12
    assert (position.min(), position.max()) == (1, 20)
    assert len(np.unique(item)) > 300


def test_noise_happens_during_visits_of_the_user(sample, noise):
    genuine = sample.world.genuine
    for user, _, _, time in noise.values():
        for who, when in zip(user[:50], time[:50], strict=True):
            visits = genuine.timestamp[genuine.user == who]
            assert np.abs(visits - when).min() < 900


def test_nearness_counts_shared_attributes(tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(
        HEADER
        + "a,A,1999,X,Drama|War,night|sea,text,west\n"
        + "b,B,1984,X,Drama,sea|night,text,west\n"
        + "c,C,1984,Y,Comedy,dogs,text,east\n",
        encoding="utf-8",
    )
    near = nearness(read_catalogue(path))
    # Two keywords, the director, the niche, and one of two genres.
    np.testing.assert_allclose(near, [[0, 4.5, 0], [4.5, 0, 0], [0, 0, 0]])


def test_too_much_noise_is_an_error(sample):
    world = sample.world
    everything = np.full_like(world.users.utility, 100.0)
    users = world.users.__class__(**{**vars(world.users), "utility": everything})
    with pytest.raises(ValueError, match="too few films"):
        plant(world.__class__(**{**vars(world), "users": users}), np.random.default_rng(0))
