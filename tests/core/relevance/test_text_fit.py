from dataclasses import replace

import numpy as np
import pytest

from core.metrics import auc
from core.relevance.text_fit import centred, text_fit
from core.scoring.stand_ins import Pairs, with_stand_ins
from tests.worlds import pairs, tastes

S = np.float32(np.sqrt(0.5))
TEXT = np.float32([[1, 0], [0, 1], [S, S], [-1, 0]])
TRAIN = pairs([0, 0, 1], [0, 1, 2], 3, 4)
"""User 1 has one item, user 2 none."""


def fit(user, item, n_observed=3, text=TEXT, train=TRAIN, seed=0):
    user, item = np.array(user), np.array(item)
    given = Pairs(user, item, np.zeros(len(user), np.int64), n_observed)
    return text_fit(text, train, given, 100, np.random.default_rng(seed))


def test_centring_takes_the_common_part_away():
    found = centred(np.float32([[3, 1], [3, -1], [5, 0], [1, 0]]))
    np.testing.assert_allclose(found, [[0, 1], [0, -1], [1, 0], [-1, 0]], atol=1e-6)


def test_texts_that_are_all_alike_say_nothing():
    rng = np.random.default_rng(0)
    row = rng.normal(size=384).astype(np.float32)
    assert not centred(np.tile(row / np.linalg.norm(row), (57, 1))).any()
    assert not centred(np.zeros((4, 8), np.float32)).any()


def test_cosines_are_as_worked_by_hand():
    # (0, 0) without itself: user 0 is item 1, cosine 0; (0, 1) likewise. A stand-in (0, 2) is
    # compared with both items: their mean is item 2. (0, 3): -S.
    found = fit([0, 0, 1, 0, 0], [0, 1, 2, 2, 3])
    assert found.cosine[:2].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert found.cosine[3:].tolist() == pytest.approx([1, -S], abs=1e-6)


def test_places_are_as_worked_by_hand():
    # User 0 has items 0 and 1 and the vector of item 2. (0, 2): stranger 3 is lower. (0, 3):
    # stranger 2 is higher.
    found = fit([0, 0, 1, 0, 0], [0, 1, 2, 2, 3]).place.among_items
    assert found[3:].tolist() == [1.0, 0.0]


def test_a_train_interaction_is_measured_as_if_it_were_not_in_train():
    """Moved out of train, the pair has the same cosine and the same place among users."""
    data, _ = tastes(20, 24)
    rng = np.random.default_rng(1)
    text = centred(rng.normal(size=(24, 6)).astype(np.float32))
    train, row = data.train, 17
    fold = np.zeros(len(train), np.int64)
    inside = text_fit(text, train, Pairs(train.user, train.item, fold, len(train)), 99, rng)
    rest = train.select(np.arange(len(train)) != row)
    given = replace(
        Pairs(rest.user, rest.item, fold[1:], len(rest)),
        user=np.append(rest.user, train.user[row]),
        item=np.append(rest.item, train.item[row]),
        fold=fold,
    )
    outside = text_fit(text, rest, given, 99, rng)
    assert outside.cosine[-1] == pytest.approx(inside.cosine[row], abs=1e-6)
    assert outside.place.among_users[-1] == pytest.approx(inside.place.among_users[row], abs=1e-6)


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
    found = fit([0, 0, 1, 2], [0, 1, 2, 3], text=np.zeros((4, 5), np.float32))
    assert not found.cosine.any()
    assert set(found.place.among_items) == set(found.place.among_users) == {0.5}
