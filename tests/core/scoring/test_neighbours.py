import numpy as np
import pytest

from core.metrics import auc
from core.scoring.neighbours import SHRINK, neighbours
from core.scoring.stand_ins import Pairs, with_stand_ins
from tests.worlds import pairs, tastes

TRAIN = pairs([0, 0, 0, 1, 1, 2, 2], [0, 1, 2, 0, 1, 0, 3], 3, 4)
"""Items 0, 1, 2, 3 have 3, 2, 1, 1 users."""


def measured(train, user, item, n_observed):
    user, item = np.array(user), np.array(item)
    given = Pairs(user, item, np.zeros(len(user), np.int64), n_observed)
    return neighbours(train, given, 100, np.random.default_rng(0))


def cosine(together, left, right):
    return together / np.sqrt((left + SHRINK) * (right + SHRINK))


def test_similarity_is_as_worked_by_hand():
    stand_ins = ([1, 2], [2, 1])
    found = measured(TRAIN, [*TRAIN.user, *stand_ins[0]], [*TRAIN.item, *stand_ins[1]], 7)
    # (0, 0) without itself: item 0 has 2 users; user 1 has it with item 1, nobody with item 2.
    assert found.similarity[0] == pytest.approx(cosine(1, 2, 2) / np.sqrt(2), abs=1e-5)
    # (0, 1): 1 user is left, user 1, who has item 0 too.
    assert found.similarity[1] == pytest.approx(cosine(1, 1, 3) / np.sqrt(2), abs=1e-5)
    # (0, 2) and (2, 3): nobody else has the item.
    assert found.similarity[[2, 6]].tolist() == [0, 0]
    # Stand-in (1, 2): user 0 has item 2 with items 0 and 1, both of user 1.
    expected = (cosine(1, 1, 3) + cosine(1, 1, 2)) / np.sqrt(2)
    assert found.similarity[7] == pytest.approx(expected, abs=1e-5)
    # Stand-in (2, 1): items 0 and 1 meet twice, items 3 and 1 never.
    assert found.similarity[8] == pytest.approx(cosine(2, 2, 3) / np.sqrt(2), abs=1e-5)


def test_an_interaction_is_measured_as_an_unobserved_pair_of_a_train_set_without_it():
    data, _ = tastes(30, 24)
    train = data.train
    inside = measured(train, train.user, train.item, len(train)).similarity
    for row in (0, 11, 100):
        rest = train.select(np.arange(len(train)) != row)
        outside = measured(rest, train.user[[row]], train.item[[row]], 0).similarity
        assert inside[row] == pytest.approx(outside[0], abs=2e-5)


def test_nothing_in_common_is_exactly_zero_observed_or_not():
    """Rounding errors in place of zeros would tell interactions from stand-ins."""
    rng = np.random.default_rng(0)
    user, item = np.repeat(np.arange(100), 7), rng.permutation(700)
    train = pairs(user, item, 100, 701)  # nobody shares an item
    given = with_stand_ins(train, np.zeros(700, np.int64), 2, rng)
    found = neighbours(train, given, 100, rng)
    assert set(found.similarity[given.observed].tolist()) == {0.0}


def test_planted_misclicks_have_fewer_companions():
    data, noise = tastes(60, 64)
    train = data.train
    found = measured(train, train.user, train.item, len(train))
    for signal in (found.similarity, *found.place):
        assert signal.shape == (len(train),)
        assert auc(-signal, noise) > 0.9


def test_blocks_do_not_change_the_result(monkeypatch):
    data, _ = tastes(30, 24)
    given = with_stand_ins(
        data.train, np.zeros(len(data.train), np.int64), 1, np.random.default_rng(0)
    )
    whole = neighbours(data.train, given, 50, np.random.default_rng(1))
    monkeypatch.setattr("core.scoring.neighbours.BLOCK", 17)
    again = neighbours(data.train, given, 50, np.random.default_rng(1))
    np.testing.assert_array_equal(again.similarity, whole.similarity)
