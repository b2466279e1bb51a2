import math

import numpy as np
import pytest
import torch

from core.model.representations import Representations
from core.parallel.group import Group
from core.train import recorder
from core.train.recorder import LossRecorder


def softplus(x):
    return math.log1p(math.exp(x))


FOUND = Representations(
    torch.tensor([[1.0, 0.0], [0.0, 2.0]]),
    torch.tensor([[3.0, 0.0], [1.0, 1.0], [0.0, -1.0]]),
)
"""Scores: user 0 gives 3, 1, 0 to the items; user 1 gives 0, 2, -2."""


def made(**options):
    negatives = torch.tensor([[1, 2], [0, 0], [2, 1]])
    return LossRecorder(np.array([0, 1, 1]), np.array([0, 1, 2]), negatives, **options)


def test_the_loss_is_the_mean_softplus_over_the_negatives():
    expected = [
        (softplus(1 - 3) + softplus(0 - 3)) / 2,
        softplus(0 - 2),
        (softplus(-2 - -2) + softplus(2 - -2)) / 2,
    ]
    assert made().losses(FOUND).tolist() == pytest.approx(expected, rel=1e-6)


def random_case(n_pairs=40):
    """Vectors of 9 users and 7 items, and a recorder of pairs with 3 negatives each."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    found = Representations(
        torch.randn(9, 4, generator=generator), torch.randn(7, 4, generator=generator)
    )
    user, item = rng.integers(0, 9, n_pairs), rng.integers(0, 7, n_pairs)
    negatives = torch.from_numpy(rng.integers(0, 7, (n_pairs, 3)))
    return found, LossRecorder(user, item, negatives)


@pytest.mark.parametrize("block", [1, 6, 44, 1000])
def test_blocks_do_not_change_the_losses(monkeypatch, block):
    """Of gathered vectors, some with pairs left over; but for rounding, which sums together set."""
    monkeypatch.setattr(recorder, "CHEAPER", 0)
    found, one = random_case(500)
    whole = one.losses(found)
    monkeypatch.setattr(recorder, "BLOCK", block)
    torch.testing.assert_close(one.losses(found), whole)


class Apart(Group):
    """One of several processes, before their losses are put together."""

    def combined(self, value):
        return value


@pytest.mark.parametrize("cheaper", [0, 10**9], ids=["gathered vectors", "whole rows"])
def test_processes_share_the_pairs_without_doing_any_twice(monkeypatch, cheaper):
    monkeypatch.setattr(recorder, "CHEAPER", cheaper)
    found, one = random_case()
    parts = [one.losses(found, Apart(number, 3)) for number in range(3)]
    torch.testing.assert_close(torch.stack(parts).sum(dim=0), one.losses(found))


def test_every_kth_epoch_is_kept():
    assert [epoch for epoch in range(1, 10) if made(keep_every=3).due(epoch)] == [3, 6, 9]
    assert [epoch for epoch in range(1, 4) if made().due(epoch)] == [1, 2, 3]


def test_no_pairs_give_no_losses():
    nobody = np.zeros(0, np.int64)
    empty = LossRecorder(nobody, nobody, torch.zeros((0, 4), dtype=torch.long))
    assert empty.n_pairs == 0
    assert empty.losses(FOUND).shape == (0,)


def test_losses_carry_no_gradient():
    user = torch.ones(2, 2, requires_grad=True)
    assert not made().losses(Representations(user, FOUND.item)).requires_grad


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_whole_rows_and_gathered_vectors_give_the_same_losses(monkeypatch, at_once):
    found, one = random_case()
    monkeypatch.setattr(recorder, "SCORES_AT_ONCE", at_once)
    losses = []
    for cheaper in (0, 10**9):
        monkeypatch.setattr(recorder, "CHEAPER", cheaper)
        losses.append(one.losses(found))
    torch.testing.assert_close(losses[0], losses[1])
