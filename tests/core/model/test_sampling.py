"""Observed pairs and draws around them."""

import numpy as np
import pytest
import torch

from core.model import sampling
from core.model.sampling import Observed, sample_uniform_negatives
from core.types import Interactions


def interactions(pairs, n_users, n_items):
    user, item = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Interactions(user, item, n_users, n_items)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_interactions(n_users=40, n_items=60, share=0.3, seed=0):
    user, item = np.nonzero(np.random.default_rng(seed).random((n_users, n_items)) < share)
    return Interactions(user, item, n_users, n_items)


@pytest.fixture(params=["table", "search"])
def both_ways(request, monkeypatch):
    """Membership and unobserved items by table and by binary search."""
    if request.param == "search":
        monkeypatch.setattr(sampling, "TABLE_LIMIT", 0)


@pytest.mark.usefixtures("both_ways")
def test_contains_knows_exactly_the_observed_pairs():
    data = random_interactions()
    truth = torch.zeros(40, 60, dtype=torch.bool)
    truth[data.user, data.item] = True
    observed = Observed(data)
    assert torch.equal(observed.contains(torch.arange(40)[:, None], torch.arange(60)), truth)
    assert torch.equal(observed.count, truth.sum(dim=1))


@pytest.mark.usefixtures("both_ways")
def test_nothing_is_observed_in_an_empty_set():
    observed = Observed(interactions([], 2, 3))
    assert not observed.contains(torch.arange(2)[:, None], torch.arange(3)).any()
    items = sample_uniform_negatives(torch.zeros(300, dtype=torch.int64), observed, 3, generator())
    assert set(items.tolist()) == {0, 1, 2}


def test_sets_are_joined_and_repeats_count_once():
    first = interactions([(0, 1), (0, 1), (1, 2)], 2, 3)
    joined = Observed(first, interactions([(0, 1), (1, 0)], 2, 3))
    assert joined.key.tolist() == [1, 3, 5]
    assert joined.count.tolist() == [1, 2]
    later = Observed(first).including(interactions([(0, 1), (1, 0)], 2, 3))
    assert later.key.tolist() == [1, 3, 5]


def test_sets_over_other_catalogues_are_refused():
    with pytest.raises(ValueError, match="same users and items"):
        Observed(interactions([], 2, 3), interactions([], 2, 4))
    with pytest.raises(ValueError, match="n_items"):
        sample_uniform_negatives(torch.tensor([0]), Observed(interactions([], 2, 3)), 4,
                                 generator())  # fmt: skip


@pytest.mark.usefixtures("both_ways")
def test_unobserved_items_are_counted_around_the_gaps():
    observed = Observed(interactions([(0, 0), (0, 2), (0, 3), (2, 5)], 3, 6))
    user = torch.tensor([0, 0, 0, 1, 1, 2, 2])
    rank = torch.tensor([0, 1, 2, 0, 5, 0, 4])
    assert observed.unobserved(user, rank).tolist() == [1, 4, 5, 0, 5, 0, 4]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_negative_is_never_observed(share):
    observed = Observed(random_interactions(share=share))
    users = torch.arange(40).repeat_interleave(200)
    users = users[observed.count[users] < 60]
    items = sample_uniform_negatives(users, observed, 60, generator())
    assert items.shape == users.shape
    assert 0 <= int(items.min()) <= int(items.max()) < 60
    assert not observed.contains(users, items).any()


def test_draws_are_uniform_over_the_unobserved_items():
    observed = Observed(interactions([(1, 0), (1, 3), (1, 4)], 2, 7))
    users = torch.ones(100, 400, dtype=torch.int64)
    items = sample_uniform_negatives(users, observed, 7, generator())
    assert items.shape == (100, 400)
    share = torch.bincount(items.flatten(), minlength=7) / items.numel()
    expected = torch.tensor([0.0, 0.25, 0.25, 0.0, 0.0, 0.25, 0.25])
    torch.testing.assert_close(share, expected, atol=0.01, rtol=0)


def test_a_user_with_all_items_but_one_gets_that_one():
    pairs = [(0, item) for item in range(1000) if item != 617]
    observed = Observed(interactions(pairs, 1, 1000))
    items = sample_uniform_negatives(torch.zeros(50, dtype=torch.int64), observed, 1000,
                                     generator())  # fmt: skip
    assert set(items.tolist()) == {617}


def test_a_user_with_every_item_gets_any_item():
    observed = Observed(interactions([(0, 0), (0, 1), (0, 2), (1, 2)], 2, 3))
    users = torch.tensor([0, 1]).repeat(300)
    items = sample_uniform_negatives(users, observed, 3, generator())
    assert set(items[users == 0].tolist()) == {0, 1, 2}
    assert set(items[users == 1].tolist()) == {0, 1}


def test_draws_follow_the_generator():
    observed, users = Observed(random_interactions()), torch.arange(40)
    first = sample_uniform_negatives(users, observed, 60, generator(3))
    assert torch.equal(first, sample_uniform_negatives(users, observed, 60, generator(3)))
    assert not torch.equal(first, sample_uniform_negatives(users, observed, 60, generator(4)))


def test_a_table_draws_what_a_search_draws(monkeypatch):
    data = random_interactions()
    user = torch.arange(40)[:, None].expand(-1, 50)
    by_table = sample_uniform_negatives(user, Observed(data), 60, generator())
    monkeypatch.setattr(sampling, "FREE_LIMIT", 0)
    by_search = sample_uniform_negatives(user, Observed(data), 60, generator())
    assert torch.equal(by_table, by_search)
    assert by_table.dtype == by_search.dtype == torch.int64
