import numpy as np
import pytest
from scipy import sparse

from core import strangers
from core.incidence import interaction_matrix
from core.strangers import places
from tests.worlds import pairs

USER = np.float32([[1], [2], [-1]])
ITEM = np.float32([[1], [2], [2], [3]])
"""Scores: user 0 gives 1 2 2 3, user 1 gives 2 4 4 6, user 2 gives -1 -2 -2 -3."""
KNOWN = interaction_matrix(pairs([0, 1, 1, 2, 2, 2, 2], [0, 1, 2, 0, 1, 2, 3], 3, 4))


def placed(user, item, n_references=10, value=None, seed=0):
    user, item = np.array(user), np.array(item)
    if value is None:
        value = (USER[user] * ITEM[item]).sum(axis=1)
    rng = np.random.default_rng(seed)
    return places(np.float32(value), user, item, USER, ITEM, KNOWN, n_references, rng)


def test_places_among_items_are_as_worked_by_hand():
    found = placed([0, 0, 1, 0], [1, 3, 1, 0]).among_items
    # (0, 1): strangers 2 (equal) and 3 (higher); (0, 3): both are lower;
    # (1, 1): strangers 0 (lower) and 3 (higher), item 2 is known;
    # (0, 0): known itself, strangers 1, 2, 3 are all higher.
    assert found.tolist() == [0.25, 1.0, 0.5, 0.0]
    assert found.dtype == np.float32


def test_places_among_users_are_as_worked_by_hand():
    found = placed([0, 1, 0, 2], [3, 3, 0, 3]).among_users
    # Item 3: user 2 is known; for user 0 the stranger is user 1 (higher) and the other way
    # round; item 0: users 0 and 2 are known, so user 1 is the only stranger; user 2 stands
    # below users 0 and 1.
    assert found.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_without_strangers_the_place_is_in_the_middle():
    assert placed([2], [1]).among_items.tolist() == [0.5]  # user 2 has every item
    everybody = interaction_matrix(pairs([0, 1, 2], [0, 0, 0], 3, 4))
    found = places(
        np.float32([5]), *np.array([[0], [0]]), USER, ITEM, everybody, 10, np.random.default_rng(0)
    )
    assert found.among_users.tolist() == [0.5]


def test_only_the_value_given_counts_for_the_pair_itself():
    assert placed([0], [1], value=[99]).among_items.tolist() == [1.0]
    assert placed([0], [1], value=[-99]).among_items.tolist() == [0.0]
    assert placed([0], [1], value=[2.5]).among_items.tolist() == [0.5]


def test_a_pair_is_no_stranger_to_itself_known_or_not():
    """Item 3 is the best of user 0: were it its own stranger, it would tie with itself."""
    assert placed([0], [3]).among_items.tolist() == [1.0]


def test_blocks_do_not_change_places(monkeypatch):
    user, item = np.divmod(np.arange(12), 4)
    whole = placed(user, item)
    monkeypatch.setattr(strangers, "BLOCK", 5)
    for left, right in zip(placed(user, item), whole, strict=True):
        np.testing.assert_array_equal(left, right)


def test_few_references_are_drawn_once_for_all_pairs():
    """One reference: whatever it is, all pairs of a user that it is lower than stand at 1."""
    for seed in range(8):
        found = placed([0] * 3, [1] * 3, n_references=1, seed=seed)
        assert len(set(found.among_items.tolist())) == 1
        assert found.among_items[0] in (0.0, 0.5)  # item 3, item 2, or no stranger at all


def test_scores_that_differ_by_rounding_alone_are_ties():
    rng = np.random.default_rng(0)
    text = rng.normal(size=300).astype(np.float32)
    text /= np.linalg.norm(text)
    user, item = np.tile(text, (5, 1)), np.tile(text, (7, 1))
    number = np.zeros(1, np.int64)
    nothing = interaction_matrix(pairs([], [], 5, 7))
    for nudge in (-1e-6, 0.0, 1e-6):
        value = np.float32([1 + nudge])
        found = places(value, number, number, user, item, nothing, 10, rng)
        assert (found.among_items[0], found.among_users[0]) == (0.5, 0.5)


def test_places_of_random_pairs_agree_with_counting_one_by_one():
    rng = np.random.default_rng(3)
    n_users, n_items = 9, 14
    user_vector = rng.normal(size=(n_users, 3)).astype(np.float32)
    item_vector = rng.normal(size=(n_items, 3)).astype(np.float32)
    score = user_vector @ item_vector.T
    known = rng.random(score.shape) < 0.3
    user, item = np.divmod(np.arange(n_users * n_items), n_items)
    matrix = interaction_matrix(pairs(*np.nonzero(known), n_users, n_items))
    found = places(score[user, item], user, item, user_vector, item_vector, matrix, 99, rng)
    for row, (u, i) in enumerate(zip(user, item, strict=True)):
        items = [score[u, j] < score[u, i] for j in range(n_items) if j != i and not known[u, j]]
        users = [score[v, i] < score[u, i] for v in range(n_users) if v != u and not known[v, i]]
        assert found.among_items[row] == pytest.approx(np.mean(items) if items else 0.5)
        assert found.among_users[row] == pytest.approx(np.mean(users) if users else 0.5)


@pytest.mark.parametrize("share", [0.01, 0.5], ids=["hardly filled", "filled"])
def test_sparse_vectors_give_the_places_of_dense_ones(monkeypatch, share):
    rng = np.random.default_rng(0)
    user_vector, item_vector = (
        np.where(rng.random((n, 200)) < share, rng.normal(size=(n, 200)), 0.0) for n in (30, 40)
    )
    user, item = rng.integers(30, size=90), rng.integers(40, size=90)
    known = interaction_matrix(pairs(user[:50], item[:50], 30, 40))
    value = np.einsum("pd,pd->p", user_vector[user], item_vector[item])

    def found(one, other):
        rng = np.random.default_rng(1)
        return places(value, user, item, one, other, known, 20, rng)

    dense = found(user_vector, item_vector)
    tables = sparse.csr_array(user_vector), sparse.csr_array(item_vector)
    for limit in (strangers.DENSE, 0):  # small enough to be made dense, and kept sparse
        monkeypatch.setattr(strangers, "DENSE", limit)
        for left, right in zip(dense, found(*tables), strict=True):
            np.testing.assert_array_equal(left, right)
    assert 0.1 < dense.among_items.mean() < 0.9
