import math

import pytest
import torch

from core.baselines.contrast import contrast, nodes_of, one_way
from core.model.representations import Representations

UNIT = torch.eye(2)
SAME = torch.tensor([[1.0, 0.0], [3.0, 0.0]])


def test_orthogonal_nodes_that_agree_cost_what_the_formula_says():
    """Logits (2, 0) and (0, 2): log(e^2 + 1) - 2 each."""
    assert one_way(UNIT, UNIT, 0.5).item() == pytest.approx(math.log1p(math.exp(-2)), rel=1e-5)


def test_it_asks_which_row_of_the_second_view_belongs_to_the_first_and_not_the_reverse():
    forth = 2 * math.log(2) / 2  # either row sees two equal logits
    back = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert one_way(UNIT, SAME, 0.5).item() == pytest.approx(forth, rel=1e-5)
    assert one_way(SAME, UNIT, 0.5).item() == pytest.approx(back, rel=1e-5)


def test_a_tiny_temperature_does_not_overflow():
    assert one_way(SAME, UNIT, 1e-3).item() == pytest.approx(500, rel=1e-4)


def test_no_rows_cost_nothing():
    assert one_way(torch.zeros(0, 2), torch.zeros(0, 2), 0.2).item() == 0.0


def test_users_and_items_are_added_and_repeats_leave_the_batch():
    users, items = nodes_of(torch.tensor([1, 0, 1]), torch.tensor([2, 2, 2]))
    assert users.tolist() == [0, 1]
    assert items.tolist() == [2]
    left = Representations(UNIT, torch.randn(3, 2, generator=torch.Generator().manual_seed(0)))
    found = contrast(left, left, users, items, 0.5)
    assert found.item() == pytest.approx(math.log1p(math.exp(-2)), rel=1e-5)  # one item: 0
