from __future__ import annotations

import numpy as np

from sample_data.users import MINORITY, N_CORE, NO_TASTE


def test_every_user_has_one_to_three_core_tastes_and_one_minority_taste(sample):
    taste = sample.world.users.taste
    n_core = (taste[:, :N_CORE] != NO_TASTE).sum(axis=1)
    assert set(n_core.tolist()) == {1, 2, 3}
    assert (taste[:, MINORITY] != NO_TASTE).all()
    for row in taste:
        used = row[row != NO_TASTE]
        assert len(set(used.tolist())) == len(used)


def test_minority_taste_is_far_from_the_core_tastes(sample):
    centre, taste = sample.world.factors.centre, sample.world.users.taste
    similarity = centre @ centre.T
    used = taste[:, :N_CORE] != NO_TASTE
    nearness = np.where(used, similarity[taste[:, :N_CORE], taste[:, [MINORITY]]], -1).max(axis=1)
    assert nearness.max() < 0.12
    assert nearness.mean() < 0.0


def test_core_tastes_attract_related_niches(sample):
    centre, taste = sample.world.factors.centre, sample.world.users.taste
    similarity = centre @ centre.T
    two = taste[taste[:, 1] != NO_TASTE]
    off_diagonal = similarity[~np.eye(len(centre), dtype=bool)]
    assert similarity[two[:, 0], two[:, 1]].mean() > off_diagonal.mean() + 0.02


def test_activity_is_skewed_and_bounded(sample):
    activity = sample.world.users.activity
    assert activity.min() == 24
    assert activity.max() <= 90
    assert activity.mean() > np.median(activity) + 2


def test_planned_minority_is_at_least_two_and_below_a_tenth(sample):
    users = sample.world.users
    assert users.n_minority.min() == 2
    assert (users.n_minority < 0.1 * users.activity).all()


def test_utility_rises_with_audience_fit_within_the_tastes(sample):
    users = sample.world.users
    close = users.affinity.max(axis=1) > 0.6
    slope = np.polyfit(users.audience_fit[close], users.utility[close], 1)[0]
    gain = sample.world.config.users.audience_gain
    assert gain == 3.0
    assert 0.9 * gain < slope < 1.1 * gain


def test_levels_leave_the_stated_number_of_films_above(sample):
    users, config = sample.world.users, sample.world.config.users
    counted = users.dominant != MINORITY
    for level, factor in (
        (users.liked_level, config.liked_factor),
        (users.open_level, config.open_factor),
    ):
        above = ((users.utility > level[:, None]) & counted).sum(axis=1)
        stated = np.minimum(np.rint(factor * users.activity), np.floor(0.75 * counted.sum(axis=1)))
        assert above.tolist() == stated.astype(int).tolist()
    assert (users.open_level < users.liked_level).all()


def test_unused_taste_slots_explain_no_film(sample):
    users = sample.world.users
    unused = users.taste == NO_TASTE
    assert (users.affinity[unused] == -1.0).all()
    assert not np.take_along_axis(unused, users.dominant, axis=1).any()
