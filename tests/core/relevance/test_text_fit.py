from dataclasses import replace

import numpy as np
import pytest

from core.relevance.text_fit import centred, text_fit
from core.scoring.stand_ins import Pairs, with_stand_ins
from core.separation import auc
from tests.worlds import pairs, tastes

S = np.float32(np.sqrt(0.5))
TEXT = np.float32([[1, 0], [0, 1], [S, S], [-1, 0]])
TRAIN = pairs([0, 0, 1], [0, 1, 2], 3, 4)
"""User 1 has one item, user 2 none."""


def fit(stand_ins=(), text=TEXT, train=TRAIN):
    """Train interactions, then stand-ins of user, item and the item that is left out."""
    user, item, left_out = np.array(stand_ins, dtype=np.int64).reshape(-1, 3).T
    given = Pairs(
        np.concatenate([train.user, user]),
        np.concatenate([train.item, item]),
        np.zeros(len(train) + len(user), np.int64),
        np.concatenate([train.item, left_out]),
        len(train),
    )
    return text_fit(text, train, given, 100, np.random.default_rng(0))


def test_centring_takes_the_common_part_away():
    found = centred(np.float32([[3, 1], [3, -1], [5, 0], [1, 0]]))
    np.testing.assert_allclose(found, [[0, 1], [0, -1], [1, 0], [-1, 0]], atol=1e-6)


def test_texts_that_are_all_alike_say_nothing():
    rng = np.random.default_rng(0)
    row = rng.normal(size=384).astype(np.float32)
    assert not centred(np.tile(row / np.linalg.norm(row), (57, 1))).any()
    assert not centred(np.zeros((4, 8), np.float32)).any()


def test_cosines_are_as_worked_by_hand():
    # (0, 0) without itself: user 0 is item 1, cosine 0; (0, 1) likewise. Stand-in (0, 2) without
    # item 0: item 1 and item 2 are 45 degrees apart. (0, 3) without item 1: opposite item 0.
    found = fit([(0, 2, 0), (0, 3, 1)])
    assert found.cosine[:2].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert found.cosine[3:].tolist() == pytest.approx([S, -1], abs=1e-6)


def test_places_are_as_worked_by_hand():
    # Strangers of user 0 are items 2 and 3. (0, 0), user = item 1: item 2 is higher, item 3 ties.
    # (0, 1), user = item 0: item 2 is higher, item 3 lower. The stand-ins: see above.
    found = fit([(0, 2, 0), (0, 3, 1)]).place.among_items
    assert found[:2].tolist() == [0.25, 0.5]
    assert found[3:].tolist() == [1.0, 0.0]


def test_a_stand_in_is_measured_as_if_it_were_the_interaction_it_stands_beside():
    """Put into train in its place, it has the same cosine and the same place among users."""
    train = tastes(20, 24)[0].train
    text = centred(np.random.default_rng(1).normal(size=(24, 6)).astype(np.float32))
    for row in (0, 17, 60):
        user = train.user[row]
        other = next(k for k in range(24) if k not in train.item[train.user == user])
        beside = fit([(user, other, train.item[row])], text, train)
        item = train.item.copy()
        item[row] = other
        inside = fit((), text, replace(train, item=item))
        assert beside.cosine[-1] == pytest.approx(inside.cosine[row], abs=1e-6)
        places = (beside.place.among_users[-1], inside.place.among_users[row])
        assert places[0] == pytest.approx(places[1], abs=1e-6)


def test_texts_without_meaning_do_not_tell_interactions_from_stand_ins():
    areas = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        data, _ = tastes(60, 200, n_noise=0, seed=seed)
        text = centred(rng.normal(size=(200, 32)).astype(np.float32))
        given = with_stand_ins(data.train, np.zeros(len(data.train), np.int64), 2, rng)
        found = text_fit(text, data.train, given, 1000, rng)
        signals = (found.cosine, *found.place)
        areas.append([auc(signal, given.observed) for signal in signals])
    assert np.mean(areas, axis=0) == pytest.approx([0.5] * 3, abs=0.02)


def test_texts_with_meaning_tell_planted_misclicks():
    data, noise = tastes(40, 32)
    rng = np.random.default_rng(0)
    text = rng.normal(size=(32, 8)).astype(np.float32)
    text[:, :4] += 4 * np.eye(4)[np.arange(32) % 4]
    given = with_stand_ins(data.train, np.zeros(len(data.train), np.int64), 2, rng)
    found = text_fit(centred(text), data.train, given, 1000, rng)
    for signal in (found.cosine, *found.place):
        assert auc(-signal[given.observed], noise) > 0.9


def test_no_texts_put_every_pair_in_the_middle():
    found = fit([(0, 3, 0)], np.zeros((4, 5), np.float32))
    assert not found.cosine.any()
    assert set(found.place.among_items) == set(found.place.among_users) == {0.5}
