"""Planted noise: the right amount, in the right places, of the right kind."""

import numpy as np
import pytest

from core.data.noise import KINDS, plant
from core.errors import DataError
from core.types import Interactions, Items

N_USERS, N_ITEMS, HALF = 60, 80, 40


def two_worlds():
    """Two halves that never meet in behaviour: users below 30 use items below 40.

    Content runs across: items of even number are all ``even``. Users like six even items and
    one odd item of their half, so an odd item is near in behaviour and foreign in content, and an
    even item of the other half is near in content and has another audience.
    """
    rng = np.random.default_rng(7)
    user, item = [], []
    for number in range(N_USERS):
        base = 0 if number < N_USERS // 2 else HALF
        even = base + 2 * rng.choice(HALF // 2, size=6, replace=False)
        odd = base + 2 * rng.choice(HALF // 2, size=1) + 1
        item += sorted([*even, *odd])
        user += [number] * 7
    train = Interactions(np.array(user), np.array(item), N_USERS, N_ITEMS)
    taste = tuple((("even",), ("odd",))[number % 2] for number in range(N_ITEMS))
    names = tuple(f"i{number:02d}" for number in range(N_ITEMS))
    return train, Items(names, ("",) * N_ITEMS, ("",) * N_ITEMS, {"taste": taste})


def planted(kind, rate=0.2, seed=0, excluded=None, data=None):
    train, items = data or two_worlds()
    return train, *plant(train, items, kind, rate, np.random.default_rng(seed), excluded)


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
def test_the_rate_is_a_share_of_the_noised_train_set(kind):
    _, noised, truth = planted(kind, rate=0.2)
    assert len(truth) == 105  # 420 genuine rows; 105 of 525 is a fifth
    assert len(noised) == 525
    assert len(truth) == len(truth.kind) == len(truth.user)


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
def test_only_unobserved_pairs_are_planted_and_each_once(kind):
    forbidden = np.arange(0, N_USERS * N_ITEMS, 3)
    train, noised, truth = planted(kind, excluded=forbidden)
    key = truth.user * N_ITEMS + truth.item
    assert len(np.unique(key)) == len(key)
    assert not np.isin(key, train.key()).any()
    assert not np.isin(key, forbidden).any()
    assert sorted(np.concatenate([train.key(), key])) == noised.key().tolist()


@pytest.mark.parametrize("kind", [*KINDS, "mixed"])
def test_the_place_of_a_row_says_nothing_and_the_seed_everything(kind):
    _, noised, truth = planted(kind, seed=5)
    assert (np.diff(noised.key()) > 0).all()  # sorted by user and item alone
    _, again, truth_again = planted(kind, seed=5)
    assert (again.key() == noised.key()).all()
    assert truth_again.kind == truth.kind
    assert not np.array_equal(planted(kind, seed=6)[1].key(), noised.key())


def test_mixed_is_a_quarter_of_each_kind():
    _, _, truth = planted("mixed", rate=0.2)
    counts = [truth.kind.count(kind) for kind in KINDS]
    assert sum(counts) == 105
    assert max(counts) - min(counts) <= 1


def skewed():
    """One user with 300 rows, others with 5; item 0 popular with all the others."""
    rng = np.random.default_rng(1)
    user, item = [0] * 300, list(range(100, 400))
    for number in range(1, 201):
        user += [number] * 5
        item += [0, *sorted(rng.choice(np.arange(500, 1000), size=4, replace=False))]
    none = ("",) * 2000
    return (
        Interactions(np.array(user), np.array(item), 401, 2000),
        Items(tuple(map(str, range(2000))), none, none),
    )


def test_noise_is_spread_by_the_activity_of_users():
    train, _, truth = planted("uniform", rate=0.5, data=skewed())
    share = np.mean(truth.user == 0)
    assert share == pytest.approx(300 / len(train), abs=0.04)
    assert truth.user.max() <= 200  # users without train rows get none


def test_uniform_noise_does_not_care_for_popularity():
    train, _, truth = planted("uniform", rate=0.5, data=skewed())
    unpopular = np.bincount(train.item, minlength=2000)[truth.item] == 0
    assert unpopular.mean() == pytest.approx(
        np.mean(np.bincount(train.item, minlength=2000) == 0), abs=0.05
    )


def test_position_noise_follows_popularity():
    # Items 0 (used by 60 of 200 users), 1 (20 users) and further ones with one user each.
    user = np.concatenate([np.arange(60), np.arange(100, 120), np.arange(200)])
    item = np.concatenate([np.zeros(60), np.ones(20), np.arange(2, 202)]).astype(np.int64)
    order = np.lexsort((item, user))
    train = Interactions(user[order], item[order], 200, 202)
    none = ("",) * 202
    items = Items(tuple(map(str, range(202))), none, none)
    count = sum(
        np.bincount(
            plant(train, items, "position", 0.4, np.random.default_rng(n))[1].item, minlength=202
        )
        for n in range(10)
    )
    # Drawn as 60 : 20 : 1, thinned by the users who have the item already (by activity, 120 of
    # 280 rows are theirs for item 0 and 40 for item 1): 60 * 160 : 20 * 240 : 1 * 280 or so.
    assert count[0] / count[1] == pytest.approx(2.0, abs=0.4)
    assert count[1] / count[2:].mean() == pytest.approx(17, abs=5)


def test_co_click_noise_is_near_in_behaviour_and_foreign_in_content():
    _, _, truth = planted("co-click")
    same_half = (truth.user < N_USERS // 2) == (truth.item < HALF)
    assert same_half.all()
    odd = truth.item % 2 == 1  # a neighbour at random would be odd in one case of seven
    assert odd.mean() > 0.6


def test_lookalike_noise_is_near_in_content_and_has_another_audience():
    _, _, truth = planted("lookalike")
    other_half = (truth.user < N_USERS // 2) != (truth.item < HALF)
    assert other_half.mean() > 0.9  # an item at random would be so in half of the cases
    assert (truth.item % 2 == 0).mean() > 0.7  # as six of seven items of each history


def test_lookalike_noise_without_any_text_is_refused():
    train, items = two_worlds()
    bare = Items(items.id, items.title, items.text)
    with pytest.raises(DataError, match="needs titles, texts or attributes"):
        planted("lookalike", data=(train, bare))
    assert len(planted("co-click", data=(train, bare))[2]) == 105


def test_too_few_free_pairs_are_told():
    user, item = np.divmod(np.arange(16), 4)
    full = Interactions(user[:15], item[:15], 4, 4)
    items = Items(tuple("abcd"), ("",) * 4, ("",) * 4)
    with pytest.raises(DataError, match=r"Only 1 of 15 uniform pairs.*Lower the rate"):
        planted("uniform", rate=0.5, data=(full, items))


def test_a_rate_of_zero_changes_nothing():
    train, noised, truth = planted("mixed", rate=0.0)
    assert len(truth) == 0
    assert (noised.key() == train.key()).all()


def test_unknown_kinds_and_rates_are_programming_mistakes():
    with pytest.raises(ValueError, match="known are uniform"):
        planted("burst")
    with pytest.raises(ValueError, match="rate"):
        planted("uniform", rate=1.0)
