import numpy as np
import pytest

from core.scoring.stand_ins import Pairs, with_stand_ins
from tests.worlds import pairs, tastes


def made(train, n_each=2, seed=0, n_folds=3):
    fold = np.arange(len(train)) % n_folds
    return with_stand_ins(train, fold, n_each, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def train():
    return tastes(60, 64)[0].train


def test_train_interactions_come_first_and_unchanged(train):
    found = made(train)
    n = len(train)
    np.testing.assert_array_equal(found.user[:n], train.user)
    np.testing.assert_array_equal(found.item[:n], train.item)
    np.testing.assert_array_equal(found.fold[:n], np.arange(n) % 3)
    assert found.n_observed == n
    assert found.observed.tolist() == [True] * n + [False] * (len(found) - n)


def test_stand_ins_are_never_observed_and_never_twice(train):
    for seed in range(20):
        found = made(train, seed=seed)
        key = found.user * train.n_items + found.item
        assert len(np.unique(key)) == len(key)
        assert len(found) > 2 * len(train)


def test_a_stand_in_is_held_out_like_an_interaction_of_its_user(train):
    """Its fold and the item that is left out are those of one interaction of the same user."""
    found = made(train)
    n = len(train)
    np.testing.assert_array_equal(found.left_out[:n], train.item)
    fold_of = dict(zip(zip(train.user, train.item, strict=True), np.arange(n) % 3, strict=True))
    for user, left_out, fold in zip(
        found.user[n:], found.left_out[n:], found.fold[n:], strict=True
    ):
        assert fold_of[(user, left_out)] == fold
    assert len(np.unique(found.left_out[n:])) > 30


def test_users_come_by_activity_and_half_the_items_by_popularity():
    """User 0 has 90 % of the interactions; 90 % are with items 0..99, of 10,000."""
    rng = np.random.default_rng(0)
    user = np.where(rng.random(2000) < 0.9, 0, rng.integers(1, 2000, 2000))
    item = np.where(rng.random(2000) < 0.9, rng.integers(0, 100, 2000), 9999)
    found = made(pairs(user, item, 2000, 10_000), n_each=2)
    of_user, of_item = found.user[2000:], found.item[2000:]
    uniform = (of_item >= 100) & (of_item < 9999)
    # Half of 4000 draws; user 0 draws some items twice, the others hardly any.
    assert (uniform & (of_user != 0)).sum() == pytest.approx(2000 * 0.1, rel=0.2)
    assert (of_user[uniform] == 0).mean() == pytest.approx(0.9, abs=0.03)
    popular = of_item[(of_user != 0) & ~uniform]
    assert (popular < 100).mean() == pytest.approx(0.9, abs=0.06)
    assert len(popular) == pytest.approx(2000 * 0.1, rel=0.2)


def test_the_same_seed_gives_the_same_stand_ins(train):
    one, two, other = made(train), made(train), made(train, seed=1)
    np.testing.assert_array_equal(one.item, two.item)
    np.testing.assert_array_equal(one.fold, two.fold)
    assert not np.array_equal(one.item[: len(other.item)], other.item[: len(one.item)])


def test_a_user_with_every_item_has_no_stand_ins():
    train = pairs([0, 0, 0, 1], [0, 1, 2, 0], 2, 3)
    found = made(train, n_each=20)
    assert set(found.user[4:].tolist()) == {1}
    assert set(found.item[4:].tolist()) == {1, 2}


def test_everybody_has_everything_leaves_no_stand_ins():
    found = made(pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 2))
    assert len(found) == found.n_observed == 4


def test_length_counts_observed_and_stand_ins():
    number = np.zeros(5, np.int64)
    assert len(Pairs(number, number, number, number, 2)) == 5
