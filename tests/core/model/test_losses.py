"""Losses against values worked by hand and against plain formulas."""

import math

import pytest
import torch

from core.model.losses import alignment_loss, bpr_loss, pairwise_loss, weight_decay, weight_decay_at


def randn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_pairwise_loss_by_hand():
    loss = pairwise_loss(torch.tensor([0.0, math.log(3.0)]), torch.tensor([0.0, 0.0]))
    assert loss.tolist() == pytest.approx([math.log(2), math.log(4 / 3)])


def test_pairwise_loss_falls_as_the_positive_rises_and_never_overflows():
    loss = pairwise_loss(torch.tensor([-1000.0, -1.0, 1.0, 1000.0]), torch.zeros(4))
    assert loss.tolist() == pytest.approx([1000.0, 1.313262, 0.313262, 0.0])


def test_bpr_loss_is_the_mean():
    positive, negative = torch.tensor([0.0, math.log(3.0)]), torch.zeros(2)
    expected = (math.log(2) + math.log(4 / 3)) / 2
    assert bpr_loss(positive, negative).item() == pytest.approx(expected)


def test_bpr_loss_weights_are_normalised():
    positive, negative = torch.tensor([0.0, math.log(3.0)]), torch.zeros(2)
    weight = torch.tensor([3.0, 1.0])
    expected = (3 * math.log(2) + math.log(4 / 3)) / 4
    assert bpr_loss(positive, negative, weight).item() == pytest.approx(expected)
    assert bpr_loss(positive, negative, 10 * weight).item() == pytest.approx(expected)
    assert bpr_loss(positive, negative, torch.zeros(2)).item() == 0.0


def test_bpr_loss_refuses_scores_that_would_broadcast():
    with pytest.raises(ValueError, match="scores"):
        bpr_loss(torch.zeros(3), torch.zeros(3, 1))


def test_weight_decay_by_hand():
    user, item = torch.tensor([[1.0, 2.0], [0.0, 1.0]]), torch.tensor([[3.0, 0.0], [0.0, 0.0]])
    assert weight_decay(user, item).item() == pytest.approx((6 + 9) / 2 / 2)


@pytest.mark.parametrize("n_nodes", [4, 40], ids=["fewer nodes than rows", "more"])
def test_weight_decay_of_rows_of_a_table_is_that_of_the_rows(n_nodes):
    source = torch.Generator().manual_seed(0)
    ours = torch.randn(n_nodes, 3, generator=source, dtype=torch.float64, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    rows = torch.tensor([0, 3, 3, 1]), torch.tensor([3, 2, 3, 3])
    found, expected = weight_decay_at(ours, *rows), weight_decay(*(theirs[one] for one in rows))
    torch.testing.assert_close(found, expected)
    (7 * found).backward()
    (7 * expected).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


Z_USER = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
Z_ITEM = torch.tensor([[3.0, 0.0], [0.0, 1.0], [1.0, 0.0]])


def test_alignment_loss_by_hand():
    loss = alignment_loss(Z_USER, Z_ITEM, torch.tensor([0, 1]), torch.tensor([0, 1]), 0.5)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-6)


def test_alignment_loss_leaves_other_positives_out_of_the_denominator():
    user, item = torch.tensor([0, 0, 1]), torch.tensor([0, 2, 1])
    mask = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    e = math.exp
    # User 0 likes items 0 and 2 (cosine 1 both); item 1 (cosine 0) is the one negative.
    expected = (2 * math.log(1 + e(-1)) + math.log((e(1) + 2) / e(1))) / 3
    loss = alignment_loss(Z_USER, Z_ITEM, user, item, 1.0, mask)
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    unmasked = alignment_loss(Z_USER, Z_ITEM, user, item, 1.0)
    assert unmasked.item() == pytest.approx(
        (2 * math.log(2 + e(-1)) + math.log((e(1) + 2) / e(1))) / 3, rel=1e-6
    )


def test_alignment_loss_does_not_count_a_repeated_item_as_a_negative():
    user, item = torch.tensor([0, 1]), torch.tensor([0, 0])
    assert alignment_loss(Z_USER, Z_ITEM, user, item, 0.2).item() == pytest.approx(0.0, abs=1e-6)


def test_alignment_loss_gradients_are_finite_where_everything_is_masked():
    z_user = Z_USER.clone().requires_grad_()
    user, item = torch.tensor([0, 1]), torch.tensor([0, 1])
    mask = torch.ones(2, 2, dtype=torch.bool)
    loss = alignment_loss(z_user, Z_ITEM, user, item, 0.01, mask)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert bool(torch.isfinite(z_user.grad).all())


def test_alignment_loss_refuses_a_mask_of_another_batch():
    with pytest.raises(ValueError, match="mask"):
        alignment_loss(Z_USER, Z_ITEM, torch.tensor([0]), torch.tensor([0]), 0.2,
                       torch.ones(2, 2, dtype=torch.bool))  # fmt: skip
