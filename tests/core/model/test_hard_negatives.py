"""The pool of hard negatives and the choice by lowest semantic relevance."""

import numpy as np
import pytest
import torch

from core.model import hard_negatives
from core.model.hard_negatives import HardNegativePool
from core.model.sampling import Observed
from core.types import Interactions

N_USERS, N_ITEMS, SIZE = 6, 100, 8


def interactions(pairs, n_users=N_USERS, n_items=N_ITEMS):
    user, item = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Interactions(user, item, n_users, n_items)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


OBSERVED = interactions(
    [(user, item) for user in range(N_USERS) for item in range(95 + user % 3, N_ITEMS)]
)


def item_number_scores():
    """Vectors whose score is the item number, for every user."""
    return torch.ones(N_USERS, 1), torch.arange(N_ITEMS, dtype=torch.float32)[:, None]


def make_pool(seed=0, **kwargs) -> HardNegativePool:
    return HardNegativePool(N_USERS, N_ITEMS, SIZE, Observed(OBSERVED), generator(seed), **kwargs)


def assert_distinct(pool):
    for row in pool.item:
        assert len(set(row.tolist())) == len(row)


def test_a_new_pool_is_random_distinct_and_unobserved():
    pool = make_pool()
    assert pool.item.shape == (N_USERS, SIZE)
    assert_distinct(pool)
    assert not Observed(OBSERVED).contains(torch.arange(N_USERS)[:, None], pool.item).any()
    assert not torch.equal(pool.item, make_pool(1).item)
    assert torch.equal(pool.item, make_pool().item)
    assert 20 < pool.item.double().mean() < 75  # not the lowest or highest numbers


def test_refresh_keeps_the_best_of_the_old_and_fresh_items():
    pool, before = make_pool(), make_pool().item
    pool.refresh(*item_number_scores())
    assert_distinct(pool)
    assert (pool.item.diff(dim=1) < 0).all()  # best first
    # No better item of the old pool is lost: sorted, every place is at least as good.
    assert (pool.item >= before.sort(dim=1, descending=True).values).all()
    assert (pool.item.sum(dim=1) > before.sum(dim=1)).all()


def test_repeated_refreshes_reach_the_best_unobserved_items():
    pool = make_pool()
    for _ in range(150):
        pool.refresh(*item_number_scores())
    expected = [[94 + user % 3 - place for place in range(SIZE)] for user in range(N_USERS)]
    assert pool.item.tolist() == expected


def test_each_user_is_scored_with_the_own_vector(monkeypatch):
    monkeypatch.setattr(hard_negatives, "USERS_AT_ONCE", 4)  # uneven blocks
    sign = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, 1.0])[:, None]
    pool = make_pool()
    for _ in range(150):
        pool.refresh(sign, torch.arange(N_ITEMS, dtype=torch.float32)[:, None])
    assert pool.item[1].tolist() == list(range(SIZE))
    assert pool.item[4].tolist() == list(range(SIZE))
    assert pool.item[5].tolist() == [96 - place for place in range(SIZE)]


def test_excluded_pairs_never_enter_the_pool():
    excluded = interactions([(user, item) for user in range(N_USERS) for item in range(90, 95)])
    pool = make_pool(excluded=excluded)
    seen = [pool.item]
    for _ in range(100):
        pool.refresh(*item_number_scores())
        seen.append(pool.item)
    assert not Observed(excluded).contains(torch.arange(N_USERS)[:, None], torch.cat(seen, 1)).any()
    assert pool.item[0].tolist() == list(range(89, 89 - SIZE, -1))


def test_a_small_catalogue_is_searched_whole():
    data = interactions([(0, 9), (1, 0)], 2, 10)
    pool = HardNegativePool(2, 10, 64, Observed(data), generator())
    assert pool.size == 10
    pool.refresh(torch.ones(2, 1), torch.arange(10.0)[:, None])
    assert pool.item[0].tolist() == [8, 7, 6, 5, 4, 3, 2, 1, 0, 8]  # repeats fill the row
    assert pool.item[1].tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 9]


def test_a_dense_user_of_a_large_catalogue_gets_the_few_free_items():
    pairs = [(0, item) for item in range(N_ITEMS) if item not in {3, 50}]
    pool = HardNegativePool(2, N_ITEMS, SIZE, Observed(interactions(pairs, 2)), generator())
    pool.refresh(torch.ones(2, 1), torch.arange(float(N_ITEMS))[:, None])
    assert pool.item[0].tolist() == [50, 3] * 4
    assert len(set(pool.item[1].tolist())) == SIZE


@pytest.mark.parametrize("n_items", [10, N_ITEMS])
def test_a_user_with_every_item_does_not_stop_the_others(n_items):
    pairs = [(0, item) for item in range(n_items)]
    pool = HardNegativePool(
        2, n_items, SIZE, Observed(interactions(pairs, 2, n_items)), generator()
    )
    pool.refresh(torch.ones(2, 1), torch.arange(float(n_items))[:, None])
    assert pool.item.shape == (2, SIZE)
    assert int(pool.item.min()) >= 0


def relevance(user, item):
    """Lowest for item number 40, and users see nothing else; shapes (B, 1) and (B, n)."""
    assert user.shape[1] == 1
    return (item - 40).abs().double() + 0 * user


def test_all_candidates_give_the_item_of_lowest_relevance_in_the_pool():
    pool = make_pool()
    users = torch.tensor([3, 0, 3, 5])
    drawn = pool.draw(users, SIZE, relevance, generator())
    row = pool.item[users]
    expected = row[torch.arange(4), (row - 40).abs().argmin(dim=1)]
    assert torch.equal(drawn, expected)
    assert torch.equal(pool.draw(users, 10 * SIZE, relevance, generator()), expected)


def test_one_candidate_is_a_uniform_draw_whatever_the_relevance():
    pool = make_pool()
    users = torch.full((16000,), 2)
    drawn = pool.draw(users, 1, relevance, generator())
    share = torch.stack([(drawn == item).double().mean() for item in pool.item[2]])
    torch.testing.assert_close(share, torch.full_like(share, 1 / SIZE), atol=0.015, rtol=0)


def test_a_few_candidates_take_the_lowest_of_a_random_subset_without_repeats():
    pool = make_pool()
    users = torch.full((30000,), 1)
    drawn = pool.draw(users, 3, relevance, generator())
    by_relevance = pool.item[1][(pool.item[1] - 40).abs().argsort()]
    share = torch.stack([(drawn == item).double().mean() for item in by_relevance])
    # Lowest of 3 out of 8 without repeats: C(7 - r, 2) / C(8, 3) for the r-th lowest.
    expected = torch.tensor([21, 15, 10, 6, 3, 1, 0, 0], dtype=torch.float64) / 56
    torch.testing.assert_close(share, expected, atol=0.012, rtol=0)


def test_embeddings_are_compared_by_cosine():
    pool = HardNegativePool(1, 4, 4, Observed(interactions([], 1, 4)), generator())
    z_user = torch.tensor([[1.0, 0.0]])
    z_item = torch.tensor([[-1.0, 5.0], [-0.1, 0.1], [3.0, 0.0], [0.0, 1.0]])
    drawn = pool.draw(torch.tensor([0]), 4, (z_user, z_item), generator())
    assert drawn.tolist() == [1]  # cosine -0.71; item 0 has the lower dot product


def test_draws_follow_the_generator_and_leave_the_pool_alone():
    pool, users = make_pool(), torch.arange(N_USERS).repeat(20)
    before = pool.item.clone()
    first = pool.draw(users, 2, relevance, generator(1))
    assert torch.equal(first, pool.draw(users, 2, relevance, generator(1)))
    assert not torch.equal(first, pool.draw(users, 2, relevance, generator(2)))
    assert torch.equal(pool.item, before)


def test_unusable_arguments_are_refused():
    with pytest.raises(ValueError, match="size"):
        HardNegativePool(N_USERS, N_ITEMS, 0, Observed(OBSERVED), generator())
    with pytest.raises(ValueError, match="observed"):
        HardNegativePool(N_USERS, N_ITEMS + 1, SIZE, Observed(OBSERVED), generator())
    with pytest.raises(ValueError, match="n_candidates"):
        make_pool().draw(torch.tensor([0]), 0, relevance, generator())


@pytest.mark.parametrize(("n_items", "size"), [(50, 8), (50, 25), (50, 80), (3, 8)])
def test_skipping_the_first_pool_draws_as_often_as_making_one(n_items, size, monkeypatch):
    """In blocks that do not divide the numbers to draw."""
    monkeypatch.setattr(hard_negatives, "DRAWN_AT_ONCE", 37)
    observed = Observed(Interactions(np.array([0]), np.array([1]), 6, n_items))
    made, skipped = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    HardNegativePool(6, n_items, size, observed, made)
    hard_negatives.skip_first_pool(6, n_items, size, skipped)
    assert torch.equal(made.get_state(), skipped.get_state())
