"""What both views measure, by hand: three users, four items, two directions of text."""

import numpy as np
import pytest

from core.judge import JudgeContext, JudgePairs
from core.judge.item_view import REFERENCE_USERS, References, _text_of, reference_histories
from core.judge.measure import CO_SHRINK, measures
from core.judge.user_view import _co_occurrence, _text
from core.types import Interactions, Items

TEXT = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=np.float32)


def found(user, item, n_users, n_items=4, text=TEXT):
    ids = tuple(map(str, range(n_items)))
    items = Items(ids, ids, ("",) * n_items)
    train = Interactions(np.array(user), np.array(item), n_users, n_items)
    return measures(JudgeContext(items, train, text))


def pairs(user, item, history=None):
    user, item = np.array(user), np.array(item)
    nothing = np.zeros(len(user), dtype=bool)
    history = np.full((len(user), 1), -1) if history is None else np.array(history)
    return JudgePairs(user, item, nothing, nothing, history)


def test_text_is_compared_with_the_other_items_however_few():
    """User 0 has items 0 and 1, user 1 item 1 alone, user 2 nothing."""
    world = found([0, 0, 1], [0, 1, 1], 3)
    asked = pairs([0, 0, 1, 2], [0, 2, 1, 1])
    own = np.array([1, 0, 1, 0], dtype=np.float32)
    target, others = _text(world, asked, own, np.array([2, 3]))
    # Item 0 held out, item 1 is left: 0.6 to item 0, 0.8 to item 2, -0.6 to item 3.
    assert target[0] == pytest.approx(0.6)
    assert others[0].tolist() == pytest.approx([0.8, -0.6])
    # Nothing held out: the direction of (1.6, 0.8).
    assert target[1] == pytest.approx(0.8 / np.sqrt(3.2))
    # No other item is left, or there never was one: nothing is known.
    assert (target[2:] == 0).all()
    assert (others[2:] == 0).all()


def test_co_occurrence_is_the_mean_cosine_with_the_pair_held_out():
    """Users 0, 1 and 2 have items (0, 1), (0, 1, 2) and (1); item 0 of user 0 is judged."""
    world = found([0, 0, 1, 1, 1, 2], [0, 1, 0, 1, 2, 1], 3)
    own = np.array([1, 0], dtype=np.float32)
    target, others = _co_occurrence(world, pairs([0, 2], [0, 0]), own, np.array([2]))
    # Without the pair one user has both items 0 and 1, one has item 0; item 1 has three.
    assert target[0] == pytest.approx(1 / np.sqrt((1 + CO_SHRINK) * (3 + CO_SHRINK)))
    assert others[0, 0] == pytest.approx(1 / np.sqrt((1 + CO_SHRINK) * (3 + CO_SHRINK)))
    # Nothing to hold out: two users have both, two have item 0.
    assert target[1] == pytest.approx(2 / np.sqrt((2 + CO_SHRINK) * (3 + CO_SHRINK)))


def test_few_judged_users_are_filled_up_to_the_number_of_references():
    n_users = REFERENCE_USERS + 44
    world = found(np.arange(n_users), np.arange(n_users) % 4, n_users)
    made = reference_histories(world, pairs([3, 5, 5], [0, 0, 1], [[3], [1], [1]]))
    assert len(made.user) == len(set(made.user.tolist())) == REFERENCE_USERS
    assert made.user[:2].tolist() == [3, 5]
    assert made.history[:2].tolist() == [[3], [1]]  # of the pairs
    assert (made.history[2:, 0] == made.user[2:] % 4).all()  # of train
    assert made.user.max() == n_users - 1  # evenly from all of them


def test_where_every_user_is_judged_there_is_nobody_to_fill_up_with():
    world = found([0, 1], [0, 1], 3)  # user 2 has nothing and is no reference
    made = reference_histories(world, pairs([1, 0], [2, 2], [[1], [0]]))
    assert made.user.tolist() == [0, 1]
    assert made.history.tolist() == [[0], [1]]


def test_text_of_a_history_skips_what_fills_it_up_and_nothing_else():
    """Item 0 is an item like any other; -1 is none."""
    world = found([0], [0], 2)
    references = References(np.array([0, 1]), np.array([[0, 1], [-1, 0]]))
    fits = _text_of(world, pairs([0, 1, 1], [1, 2, 1]), references)
    assert fits[0].tolist() == pytest.approx([0.8, 0.6])  # (0.6 + 1) / 2 and 0.6 alone
    assert fits[1].tolist() == pytest.approx([0.4, 0.0])  # (0 + 0.8) / 2 and 0 alone
    assert fits[2].tolist() == fits[0].tolist()
