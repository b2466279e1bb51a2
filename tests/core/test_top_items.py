"""The best items of each user against a sort of all of them, over several tiles."""

import numpy as np
import pytest
import torch

from core import score_tiles
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
    places, best = (np.concatenate(one) for one in zip(*blocks, strict=True))
    np.testing.assert_array_equal(np.sort(places), np.arange(len(user)))
    return best[np.argsort(places)]


@pytest.mark.parametrize("rounded", [True, False])
@pytest.mark.parametrize("n_items", [1, 63, 64, 65, 128, 300, 1_000])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize(("tile", "at_once"), [(1_024, 2**24), (512, 3_000), (5_120, 1)])
def test_they_are_those_of_a_sort(monkeypatch, rounded, n_items, ties, tile, at_once):
    monkeypatch.setattr(module, "_rounding_pays", lambda *_: rounded)
    monkeypatch.setattr(score_tiles, "TILE", tile)
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


@pytest.mark.parametrize("rounded", [True, False])
def test_nobody_and_nothing_are_served(monkeypatch, rounded):
    monkeypatch.setattr(module, "_rounding_pays", lambda *_: rounded)
    none = np.zeros(0, dtype=np.int64)
    vectors = np.zeros((3, 2), dtype=np.float32)
    blocks = top_items(torch.from_numpy(vectors), torch.from_numpy(vectors), none, none, 5)
    assert sum(len(place) for place, _ in blocks) == 0
    monkeypatch.setattr(module, "_rounding_pays", lambda *_: False)  # of nothing it never is
    empty = found(vectors, vectors[:0], np.arange(3), none, 5)
    assert empty.shape == (3, 0)


def in_groups(n_users, n_items, source):
    """Vectors as trained ones are: groups, and lengths that differ."""
    taste = source.standard_normal((8, 16))
    near = [taste[source.integers(8, size=n)] for n in (n_users, n_items)]
    user_rep, item_rep = (one + source.standard_normal(one.shape) for one in near)
    length = source.lognormal(0.0, 0.5, (n_items, 1))
    return user_rep.astype(np.float32), (item_rep * length).astype(np.float32)


@pytest.fixture
def counted(monkeypatch):
    """Users who are scored in float32, where scores are rounded first."""
    monkeypatch.setattr(module, "_rounding_pays", lambda *_: True)
    users, rank = [], module._Exact.__call__

    def counting(self, user, masked, k):
        users.extend(user.tolist())
        return rank(self, user, masked, k)

    monkeypatch.setattr(module._Exact, "__call__", counting)
    return users


@pytest.mark.parametrize(("spare", "fewest", "most"), [(12, 0, 20), (1, 1, 190)])
def test_rounded_scores_only_propose(monkeypatch, counted, spare, fewest, most):
    monkeypatch.setattr(module, "SPARE", spare)
    source = np.random.default_rng(3)
    user_rep, item_rep = in_groups(200, 6_000, source)
    masked = np.flatnonzero(source.random(200 * 6_000) < 0.01)
    user = np.arange(200)
    got = found(user_rep, item_rep, user, masked, 20)
    score = user_rep.astype(np.float64) @ item_rep.T.astype(np.float64)
    np.testing.assert_array_equal(got, expected(score, user, masked, 20))
    rounded = [torch.from_numpy(one).bfloat16().float().numpy() for one in (user_rep, item_rep)]
    by_rounded = expected(rounded[0] @ rounded[1].T, user, masked, 20)
    assert (by_rounded != got).any(axis=1).mean() > 0.3  # rounding alone would be wrong
    assert fewest <= len(counted) <= most  # those without a proof are scored again


def test_what_rounding_cannot_tell_apart_is_scored_in_full(counted):
    user_rep = np.ones((3, 4), dtype=np.float32)
    item_rep = np.full((500, 4), 1.0, dtype=np.float32)
    item_rep[:, 0] += np.arange(500, dtype=np.float32) * 1e-6  # all round to 1
    none = np.zeros(0, dtype=np.int64)
    got = found(user_rep, item_rep, np.arange(3), none, 10)
    np.testing.assert_array_equal(got[0], np.arange(499, 489, -1))
    assert counted == [0, 1, 2]


def test_scores_below_zero_are_scored_in_full(counted):
    user_rep = -np.ones((1, 2), dtype=np.float32)
    item_rep = np.repeat(np.arange(1, 301, dtype=np.float32)[:, None], 2, axis=1)
    none = np.zeros(0, dtype=np.int64)
    np.testing.assert_array_equal(found(user_rep, item_rep, np.arange(1), none, 5)[0], np.arange(5))
    assert counted == [0]


def test_a_proposal_that_fails_is_not_tried_again(monkeypatch, counted):
    monkeypatch.setattr(module, "SCORES_AT_ONCE", 512)  # a block for each user
    item_rep = np.ones((300, 2), dtype=np.float32)
    tried, fill = [], score_tiles.ScoreTiles.fill

    def counting(self, *cells):
        tried.append(self.padded.dtype)
        fill(self, *cells)

    monkeypatch.setattr(score_tiles.ScoreTiles, "fill", counting)
    none = np.zeros(0, dtype=np.int64)
    found(np.ones((3, 2), dtype=np.float32), item_rep, np.arange(3), none, 5)
    assert tried == [torch.bfloat16, *[torch.float32] * 3]
    assert counted == [0, 1, 2]


LURE = 1.0 + 2.0**-8  # 1.0039: rounds to 1
PROOF = {
    "users are rounded": ([LURE, 1, 1], [0, 0, 1], [0, 0, 1.25], [128, -127, 0]),
    "items are rounded": ([128, -127, 1], [0, 0, 1], [0, 0, 1.25], [LURE, 1, 0]),
    "scores are rounded": ([1, 1], [1, 2.0**-9], [1, 2.0**-9], [1, 7 * 2.0**-11]),
    "squares are too small": (
        [LURE * 2.0**-80, 2.0**-80, 2.0**-80, 2.0**-80],
        [0, 0, 0, 1],
        [0, 0, 1.01, 0],
        [LURE, 0.0038, 0, 0],
    ),
    "scores lose digits": ([LURE * 2.0**-110, 2.0**-110], [0, 1], [0, 1.001], [1, 0]),
}
"""A user, most items, the first item, and the one at BEST, which is best; rounded it is not."""
BEST = 2_500


@pytest.mark.parametrize("why", PROOF)
def test_no_part_of_the_bound_is_missing(counted, why):
    user, most, first, best = (np.array(one, dtype=np.float32) for one in PROOF[why])
    item_rep = np.tile(most, (5_000, 1))
    item_rep[0], item_rep[BEST] = first, best
    score = item_rep.astype(np.float64) @ user.astype(np.float64)
    assert score.argmax() == BEST
    none = np.zeros(0, dtype=np.int64)
    assert found(user[None], item_rep, np.arange(1), none, 1).tolist() == [[BEST]]
    assert counted == [0]


def test_the_bound_leaves_room_for_the_sums():
    size = 512
    own, items = torch.ones(1, size), torch.ones(256, size)  # nothing to round
    rank = module._Rounded(module._Exact(own, items, 256, 1))
    value = torch.tensor([float(size)], dtype=torch.float64)
    room = rank._at_most(own, value) - value * (1 + 2.0**-7)
    assert float(room) >= 3 * size * 2.0**-24 * size


@pytest.mark.parametrize("n_items", [600, 5_000])
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float64])
def test_vectors_of_other_types_are_ranked_as_they_are(n_items, kind):
    source = torch.Generator().manual_seed(0)
    user = torch.rand(4, 8, generator=source).to(kind)
    item = -torch.rand(n_items, 8, generator=source).to(kind)  # every score is below 0
    none = np.zeros(0, dtype=np.int64)
    ((_, best),) = top_items(user, item, np.arange(4), none, 5)
    wanted = (item @ user.T).T.sort(dim=1, descending=True, stable=True).indices[:, :5]
    np.testing.assert_array_equal(best, wanted.numpy())


@pytest.mark.parametrize(
    ("able", "n_items", "k", "kind", "pays"),
    [
        (True, 4_096, 20, torch.float32, True),
        (False, 4_096, 20, torch.float32, False),
        (True, 4_095, 20, torch.float32, False),
        (True, 4_096, 200, torch.float32, False),
        (True, 4_096, 20, torch.float64, False),
        (True, 4_096, 20, torch.bfloat16, False),
    ],
)
def test_when_scores_are_rounded(monkeypatch, able, n_items, k, kind, pays):
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda _: able)
    assert module._rounding_pays(torch.zeros(n_items, 1, dtype=kind), k) == pays
