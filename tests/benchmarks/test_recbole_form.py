"""RecBole's contrast, worked out by hand."""

import math

import pytest
import torch

from benchmarks.recbole_form import rows_against_all


def test_repeats_count_and_nodes_outside_the_batch_are_in_the_denominator():
    """Cosines of node 0 with the second view are 1, 0, 0; of node 1 they are 0, 0, 1."""
    left = torch.eye(3)
    right = torch.tensor([[2.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    agreeing = math.log(math.exp(2) + 2) - 2
    crossed = math.log(math.exp(2) + 2)
    found = rows_against_all(left, right, torch.tensor([0, 0, 1]), 0.5)
    assert found.item() == pytest.approx((2 * agreeing + crossed) / 3, rel=1e-5)
