"""InfoNCE of two views: by hand, against the definition, and its own gradient."""

import gc
import math

import pytest
import torch

from core.model import info_nce as module
from core.model.info_nce import info_nce


def randn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def plain_info_nce(left, right, temperature, weight):
    """The definition with exp, log and sum, in float64."""
    left, right = left.double(), right.double()
    left = left / left.norm(dim=1, keepdim=True)
    right = right / right.norm(dim=1, keepdim=True)
    similarity = torch.exp(left @ right.T / temperature)
    forth = -torch.log(similarity.diagonal() / similarity.sum(dim=1))
    back = -torch.log(similarity.diagonal() / similarity.sum(dim=0))
    return (weight.double() * (forth + back) / 2).sum() / weight.double().sum()


def test_info_nce_by_hand():
    left = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    right = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    # Cosines [[1, 1], [0, 0]]; forth log 2 twice; back log(1 + 1/e) and log(1 + e).
    expected = (2 * math.log(2) + math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 4
    assert info_nce(left, right, 1.0).item() == pytest.approx(expected, rel=1e-6)


def test_info_nce_matches_the_definition_with_weights():
    left, right, weight = randn(9, 4), randn(9, 4, seed=1), randn(9, seed=2).abs()
    torch.testing.assert_close(
        info_nce(left, right, 0.2).double(), plain_info_nce(left, right, 0.2, torch.ones(9))
    )
    torch.testing.assert_close(
        info_nce(left, right, 0.2, weight).double(), plain_info_nce(left, right, 0.2, weight)
    )


@pytest.mark.parametrize("block_size", [1, 3, 7, 8])
def test_info_nce_in_blocks_is_the_same_with_its_gradients(block_size):
    weight = randn(7, seed=2).abs()
    results = []
    for size in (100, block_size):
        left, right = randn(7, 4).requires_grad_(), randn(7, 4, seed=1).requires_grad_()
        loss = info_nce(left, right, 0.1, weight, size)
        loss.backward()
        results.append((loss.detach(), left.grad, right.grad))
    for whole, blocked in zip(*results, strict=True):
        torch.testing.assert_close(blocked, whole)


def test_info_nce_gradients_pass_the_numerical_check():
    left = randn(5, 3, dtype=torch.float64).requires_grad_()
    right = randn(5, 3, seed=1, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, 0.2), (left, right))
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, 0.2, None, 2), (left, right))


def test_info_nce_is_stable_at_a_low_temperature():
    view = torch.eye(3)
    left = torch.cat([view, -view]).requires_grad_()
    opposite = info_nce(left, torch.cat([-view, view]), 0.01)  # every positive at cosine -1
    opposite.backward()
    assert opposite.item() == pytest.approx(200.0, rel=1e-5)
    assert bool(torch.isfinite(left.grad).all())
    assert info_nce(view, view, 0.01).item() == pytest.approx(0.0, abs=1e-6)


def test_info_nce_ignores_length_and_prefers_agreement():
    left, right = randn(6, 4), randn(6, 4, seed=1)
    assert info_nce(10 * left, right, 0.2).item() == pytest.approx(
        info_nce(left, right, 0.2).item(), rel=1e-5
    )
    assert info_nce(left, left, 0.2) < info_nce(left, right, 0.2)


def test_info_nce_of_one_row_or_none_is_zero():
    assert info_nce(randn(1, 4), randn(1, 4, seed=1), 0.2).item() == pytest.approx(0.0, abs=1e-6)
    assert info_nce(torch.zeros(0, 4), torch.zeros(0, 4), 0.2).item() == 0.0


def test_info_nce_refuses_unusable_arguments():
    with pytest.raises(ValueError, match="views"):
        info_nce(randn(2, 3), randn(3, 3), 0.2)
    with pytest.raises(ValueError, match="temperature"):
        info_nce(randn(2, 3), randn(2, 3), 0.0)
    with pytest.raises(ValueError, match="block_size"):
        info_nce(randn(2, 3), randn(2, 3), 0.2, None, 0)
    with pytest.raises(ValueError, match="float16"):
        info_nce(randn(2, 3).half(), randn(2, 3).half(), 0.2)
    with pytest.raises(ValueError, match="float16"):
        info_nce(randn(2, 3), randn(2, 3), 0.2, product=torch.float16)


@pytest.mark.parametrize("temperature", [0.2, 0.003])
def test_weights_are_constants(temperature):
    weight, left = torch.ones(4, requires_grad=True), randn(4, 3).requires_grad_()
    info_nce(left, randn(4, 3, seed=1), temperature, weight).backward()
    assert weight.grad is None
    assert left.grad is not None


def test_gradients_are_those_of_the_definition():
    left, right, weight = randn(40, 8), randn(40, 8, seed=1), randn(40, seed=2).abs()
    found = [left.clone().requires_grad_(), right.clone().requires_grad_()]
    info_nce(*found, 0.2, weight, 16).backward()
    exact = [left.double().requires_grad_(), right.double().requires_grad_()]
    plain_info_nce(*exact, 0.2, weight).backward()
    for mine, reference in zip(found, exact, strict=True):
        torch.testing.assert_close(mine.grad.double(), reference.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("block_size", [4, 512])
def test_one_direction_contrasts_with_the_rows_of_the_other_view_alone(block_size):
    found = [randn(6, 4).requires_grad_(), randn(6, 4, seed=1).requires_grad_()]
    exact = [view.detach().clone().requires_grad_() for view in found]
    left, right = (torch.nn.functional.normalize(view) for view in exact)
    expected = torch.nn.functional.cross_entropy(left @ right.T / 0.3, torch.arange(6))
    loss = info_nce(*found, 0.3, block_size=block_size, forth=1.0)
    torch.testing.assert_close(loss, expected)
    (3 * loss).backward()
    (3 * expected).backward()
    for mine, reference in zip(found, exact, strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-4, atol=1e-6)


def test_blocks_that_are_computed_anew_give_the_same_gradients(monkeypatch):
    results = []
    for kept in (module.KEPT, 0):
        monkeypatch.setattr(module, "KEPT", kept)
        left, right = randn(9, 4).requires_grad_(), randn(9, 4, seed=1).requires_grad_()
        info_nce(left, right, 0.2, None, 4).backward()
        results.append((left.grad, right.grad))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("forth", [0.5, 1.0])
@pytest.mark.parametrize("block_size", [None, 100])
@pytest.mark.parametrize("n", [0, 1, 128, 300, 513])
@pytest.mark.parametrize("kept", [module.KEPT, 0])
def test_products_in_bfloat16_are_near_and_sums_stay_wide(n, block_size, forth, kept, monkeypatch):
    monkeypatch.setattr(module, "KEPT", kept)
    left, weight = randn(n, 16), randn(n, seed=2).abs()
    right = left + 0.3 * randn(n, 16, seed=1)
    found = []
    for product in (None, torch.bfloat16):
        views = [left.clone().requires_grad_(), right.clone().requires_grad_()]
        loss = info_nce(*views, 0.2, weight, block_size, product, forth)
        loss.backward()
        found.append((loss.item(), torch.cat([view.grad for view in views])))
    (expected, slope), (near, rounded) = found
    assert near == pytest.approx(expected, rel=1e-3, abs=0.02 if n < 2 else 0)
    if n > 1:  # a single row has no gradient to compare with
        assert 0 < float((rounded - slope).norm() / slope.norm()) < 1e-2


def test_rounded_products_have_few_shapes_however_many_nodes_a_batch_has(monkeypatch):
    """For every shape that it has not met oneDNN compiles code, and keeps it."""
    shapes = set()
    multiply = torch.mm

    def seen(left, right, **more):
        shapes.add((*left.shape, *right.shape))
        return multiply(left, right, **more)

    monkeypatch.setattr(torch, "mm", seen)
    for n in range(520, 560, 3):
        views = [randn(n, 8).requires_grad_(), randn(n, 8, seed=1).requires_grad_()]
        info_nce(*views, 0.2, product=torch.bfloat16).backward()
    assert 0 < len(shapes) <= 6  # a whole block and a last one, three products each


@pytest.mark.parametrize("temperature", [1.0, 0.03, 0.02, 0.005, 0.003, 0.001])
def test_every_way_of_summing_gives_the_same(temperature):
    left, right = randn(9, 4), randn(9, 4, seed=1)
    expected = module._by_log_sums(left.double(), right.double(), temperature, None, 0.5).item()
    assert info_nce(left, right, temperature).item() == pytest.approx(expected, rel=1e-5)
    assert info_nce(left, right, temperature).dtype == torch.float32


def tables():
    """Every tensor that something holds on to."""
    return [found for found in gc.get_objects() if type(found) is torch.Tensor]


@pytest.mark.parametrize("forth", [0.5, 1.0])
def test_no_table_of_all_pairs_waits_for_the_backward_pass(forth):
    """Of several contrasts in one step, each would keep one."""
    left, right = randn(40, 3).requires_grad_(), randn(40, 3, seed=1).requires_grad_()
    before = {id(table) for table in tables()}
    loss = info_nce(left, right, 0.2, forth=forth)
    sizes = [table.numel() for table in tables() if id(table) not in before]
    assert loss.requires_grad
    assert max(sizes, default=0) < 40 * 40
    with torch.no_grad():
        assert info_nce(left, right, 0.2, forth=forth).item() == loss.item()
