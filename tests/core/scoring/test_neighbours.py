from dataclasses import replace

import numpy as np
import pytest

from core.scoring.neighbours import SHRINK, neighbours
from core.scoring.stand_ins import Pairs, with_stand_ins
from core.separation import auc
from tests.worlds import pairs, tastes

TRAIN = pairs([0, 0, 0, 1, 1, 2, 2], [0, 1, 2, 0, 1, 0, 3], 3, 4)
"""Items 0, 1, 2, 3 have 3, 2, 1, 1 users."""


def measured(train, stand_ins=()):
    """Train interactions, then stand-ins of user, item and the item that is left out."""
    user, item, left_out = np.array(stand_ins, dtype=np.int64).reshape(-1, 3).T
    given = Pairs(
        np.concatenate([train.user, user]),
        np.concatenate([train.item, item]),
        np.zeros(len(train) + len(user), np.int64),
        np.concatenate([train.item, left_out]),
        len(train),
    )
    return neighbours(train, given, 100, np.random.default_rng(0))


def cosine(together, left, right):
    return together / np.sqrt((left + SHRINK) * (right + SHRINK))


def test_similarity_is_as_worked_by_hand():
    found = measured(TRAIN, [(1, 2, 0), (2, 1, 3)])
    # (0, 0) without itself: item 0 has 2 users; user 1 has it with item 1, nobody with item 2.
    assert found.similarity[0] == pytest.approx(cosine(1, 2, 2) / np.sqrt(2), abs=1e-5)
    # (0, 1): 1 user is left, user 1, who has item 0 too.
    assert found.similarity[1] == pytest.approx(cosine(1, 1, 3) / np.sqrt(2), abs=1e-5)
    # (0, 2) and (2, 3): nobody else has the item.
    assert found.similarity[[2, 6]].tolist() == [0, 0]
    # Stand-in (1, 2) without item 0: user 0 has item 2 with item 1, the other one of user 1.
    assert found.similarity[7] == pytest.approx(cosine(1, 1, 2), abs=1e-5)
    # Stand-in (2, 1) without item 3: items 0 and 1 meet twice.
    assert found.similarity[8] == pytest.approx(cosine(2, 2, 3), abs=1e-5)


def test_a_stand_in_is_measured_as_if_it_were_the_interaction_it_stands_beside():
    """Put into train in its place, it has the same similarity and stands alike among users."""
    train = tastes(30, 24)[0].train
    for row in (0, 11, 100):
        user = train.user[row]
        other = next(k for k in range(24) if k not in train.item[train.user == user])
        beside = measured(train, [(user, other, train.item[row])])
        item = train.item.copy()
        item[row] = other
        inside = measured(replace(train, item=item))
        assert beside.similarity[-1] == pytest.approx(inside.similarity[row], abs=2e-5)
        places = (beside.place.among_users[-1], inside.place.among_users[row])
        assert places[0] == pytest.approx(places[1], abs=0.05)


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
    found = measured(train)
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
