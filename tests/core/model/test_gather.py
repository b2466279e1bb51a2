"""Lookups with one gradient table, and a cut without a copy."""

import torch

from core.model.gather import gather_rows, split_rows


def test_gradients_of_lookups_add_up_where_rows_repeat():
    table = torch.arange(8.0).reshape(4, 2).requires_grad_()
    first, second = gather_rows(table, torch.tensor([0, 0, 3]), torch.tensor([3]))
    assert first.tolist() == [[0.0, 1.0], [0.0, 1.0], [6.0, 7.0]]
    (first.sum() + 10 * second.sum()).backward()
    assert table.grad.tolist() == [[2.0, 2.0], [0.0, 0.0], [0.0, 0.0], [11.0, 11.0]]


def test_a_lookup_that_no_loss_uses_gets_no_gradient():
    table = torch.ones(3, 2).requires_grad_()
    first, _ = gather_rows(table, torch.tensor([1]), torch.tensor([2]))
    first.sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


def test_gradients_pass_the_numerical_check():
    table = torch.randn(5, 3, dtype=torch.float64).requires_grad_()
    rows = torch.tensor([0, 4, 0]), torch.tensor([2])

    def found(one):
        left, right = split_rows(one, 2)
        return (*gather_rows(one, *rows), left.square(), right.sin())

    assert torch.autograd.gradcheck(found, (table,))


def test_a_cut_of_which_one_side_is_used_leaves_the_other_without_gradient():
    table = torch.ones(3, 2).requires_grad_()
    first, rest = split_rows(table, 1)
    assert first.shape == (1, 2)
    assert rest.shape == (2, 2)
    rest.sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
