from __future__ import annotations

import numpy as np
import pytest

from sample_data.config import ExposureConfig
from sample_data.exposure import CURIOUS, show_lists
from sample_data.users import MINORITY, N_CORE


def test_every_user_gets_exactly_the_planned_number_of_interactions(sample):
    world = sample.world
    assert np.bincount(world.genuine.user).tolist() == world.users.activity.tolist()


def test_no_film_is_chosen_twice_by_a_user(sample):
    genuine = sample.world.genuine
    assert len(np.unique(genuine.user * 480 + genuine.item)) == len(genuine.user)


def test_minority_is_the_largest_number_below_a_tenth_of_each_history(sample):
    genuine, activity = sample.world.genuine, sample.world.users.activity
    minority = np.bincount(genuine.user[genuine.mood == MINORITY], minlength=len(activity))
    assert minority.min() >= 2
    assert (minority < 0.1 * activity).all()
    assert (minority + 1 >= 0.1 * activity).all()  # one more would be a tenth or above


def test_films_explained_best_by_the_minority_taste_are_minority_and_no_others(sample):
    genuine, users = sample.world.genuine, sample.world.users
    explained = users.dominant[genuine.user, genuine.item] == MINORITY
    assert (explained == (genuine.mood == MINORITY)).all()


def test_curiosity_is_rare_and_leads_out_of_the_core_niches(sample):
    world, genuine = sample.world, sample.world.genuine
    curious = genuine.mood == CURIOUS
    low, high = world.config.users.broad_share
    assert (low, high) == (0.03, 0.06)
    assert low < curious.mean() < high
    core = world.users.taste[genuine.user, :N_CORE]
    in_core = (core == world.catalogue.niche[genuine.item][:, None]).any(axis=1)
    assert not in_core[curious].any()
    assert 0.6 < in_core.mean() < 0.85  # most, not all, is explained by niche


def test_nothing_is_chosen_below_the_open_level(sample):
    genuine, users = sample.world.genuine, sample.world.users
    assert (users.utility[genuine.user, genuine.item] > users.open_level[genuine.user]).all()


def test_many_liked_films_stay_unseen(sample):
    users, genuine = sample.world.users, sample.world.genuine
    liked = users.utility > users.liked_level[:, None]
    missed = liked.copy()
    missed[genuine.user, genuine.item] = False
    assert missed.sum() > 0.3 * liked.sum()


def test_popularity_is_like_a_power_law(sample):
    count = np.sort(np.bincount(sample.world.genuine.item, minlength=480))[::-1]
    assert count[:48].sum() >= 0.30 * count.sum()
    assert count[-96:].sum() < 0.10 * count.sum()
    middle = slice(4, 300)
    slope = np.polyfit(np.log(1.0 + np.arange(480))[middle], np.log(count)[middle], 1)[0]
    assert -1.2 < slope < -0.4


def test_clicks_fall_with_position(sample):
    by_position = np.bincount(sample.world.genuine.position, minlength=21)
    assert by_position[0] == 0
    assert len(by_position) == 21
    assert by_position[1] > by_position[2] > by_position[5] > by_position[20] > 0


def test_times_are_sorted_within_a_user_and_after_the_start(sample):
    genuine = sample.world.genuine
    same_user = genuine.user[1:] == genuine.user[:-1]
    assert (np.diff(genuine.timestamp)[same_user] >= 0).all()
    assert genuine.timestamp.min() >= sample.world.config.exposure.start


def test_users_who_cannot_be_served_are_an_error(sample):
    world = sample.world
    with pytest.raises(ValueError, match="too few films"):
        show_lists(
            world.catalogue,
            world.factors,
            world.users,
            ExposureConfig(max_lists=2),
            np.random.default_rng(0),
        )
