import numpy as np
import pytest

from core.baselines.random_edits import random_additions, random_drop, random_edits
from core.errors import ConfigError
from tests.worlds import pairs, tastes

SMALL = pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 3)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_as_many_edges_as_asked_for_are_dropped_and_added():
    train = tastes()[0].train
    edges, dropped = random_edits(train, 60, 45, rng())
    assert dropped.sum() == 60
    assert len(edges) == len(train) - 60 + 45
    assert np.array_equal(edges.key()[:-45], train.key()[~dropped])
    assert len(np.unique(edges.key())) == len(edges)
    assert not np.isin(edges.key()[-45:], train.key()).any()


def test_who_has_an_edge_keeps_one_while_others_are_left_to_drop():
    for seed in range(20):
        dropped = random_drop(SMALL, 1, rng(seed))
        kept = SMALL.select(~dropped)
        assert set(kept.user) == {0, 1}
        assert set(kept.item) == {0, 1}
    train = tastes()[0].train
    kept = train.select(~random_drop(train, 300, rng()))
    assert set(kept.user) == set(train.user)
    assert set(kept.item) == set(train.item)


def test_every_free_pair_can_be_added_and_no_other():
    free = {2, 5}  # user * 3 + item
    assert set(random_additions(SMALL, 2, rng()).key()) == free
    seen = {int(random_additions(SMALL, 1, rng(seed)).key()[0]) for seed in range(20)}
    assert seen == free


def test_every_edge_can_be_dropped_and_the_seed_decides():
    seen = {int(np.flatnonzero(random_drop(SMALL, 1, rng(seed)))[0]) for seed in range(40)}
    assert seen == {0, 1, 2, 3}
    assert np.array_equal(random_drop(SMALL, 2, rng(5)), random_drop(SMALL, 2, rng(5)))


def test_more_than_there_is_cannot_be_edited():
    with pytest.raises(ConfigError, match="drop fewer"):
        random_drop(SMALL, 5, rng())
    with pytest.raises(ConfigError, match="only 2 are free"):
        random_additions(SMALL, 3, rng())
