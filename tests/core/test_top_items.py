"""The best items of each user against a sort of all of them, over several tiles."""

import numpy as np
import pytest
import torch

from core import top_items as module
from core.top_items import top_items


def expected(score, user, masked, k):
    """Best items by a stable sort of every row; -1 where only masked ones are left."""
    n_items, found = score.shape[1], []
    for row in user:
        one = score[row].astype(np.float64).copy()
        own = masked[masked // n_items == row] % n_items
        one[own] = -np.inf
        order = np.argsort(-one, kind="stable")[:k]
        found.append(np.where(np.isinf(one[order]), -1, order))
    return np.array(found)


def found(user_rep, item_rep, user, masked, k):
    blocks = top_items(torch.from_numpy(user_rep), torch.from_numpy(item_rep), user, masked, k)
    return np.concatenate([top for _, top in blocks])


@pytest.mark.parametrize("n_items", [1, 63, 64, 65, 128, 300, 1_000])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize(("tile", "at_once"), [(128, 2**24), (64, 3_000), (1_280, 1)])
def test_they_are_those_of_a_sort(monkeypatch, n_items, ties, tile, at_once):
    monkeypatch.setattr(module, "TILE", tile)
    monkeypatch.setattr(module, "SCORES_AT_ONCE", at_once)
    source = np.random.default_rng(n_items)
    draw = (
        (lambda n: source.integers(-2, 3, (n, 3)).astype(np.float32))
        if ties
        else (lambda n: source.standard_normal((n, 3)).astype(np.float32))
    )
    user_rep, item_rep = draw(12), draw(n_items)
    masked = np.flatnonzero(source.random(12 * n_items) < 0.3)
    masked = np.union1d(masked, 4 * n_items + np.arange(n_items))  # user 4 has every item
    user = np.array([0, 2, 3, 4, 7, 11])
    score = user_rep @ item_rep.T
    for k in (1, 5, 20):
        got = found(user_rep, item_rep, user, masked, k)
        wanted = expected(score, user, masked, min(k, n_items))
        if ties:  # products of small whole numbers are exact
            np.testing.assert_array_equal(got, wanted)
        else:
            same = np.take_along_axis(score[user], got.clip(0), 1)
            best = np.take_along_axis(score[user], wanted.clip(0), 1)
            np.testing.assert_array_equal(got < 0, wanted < 0)
            np.testing.assert_allclose(same[got >= 0], best[got >= 0], rtol=1e-5)


def test_nobody_and_nothing_are_served():
    none = np.zeros(0, dtype=np.int64)
    vectors = np.zeros((3, 2), dtype=np.float32)
    assert (
        list(top_items(torch.from_numpy(vectors), torch.from_numpy(vectors), none, none, 5)) == []
    )
    empty = found(vectors, vectors[:0], np.arange(3), none, 5)
    assert empty.shape == (3, 0)
