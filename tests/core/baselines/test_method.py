import math

import numpy as np
import pytest
import torch

from core.baselines.method import plain_loss
from core.model.ngcf import NGCF
from core.types import Embeddings
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

TRAIN = pairs([0, 1], [0, 1], 2, 2)


def test_the_plain_loss_is_that_of_the_only_unobserved_item():
    """User 0: item 0 scores 2, item 1 scores 1; user 1: item 1 scores 0, item 0 scores 3."""
    found = Embeddings(
        np.array([[1, 0], [0, 1]], np.float32), np.array([[2, 3], [1, 0]], np.float32)
    )
    loss = plain_loss(inputs_of(TRAIN), found)
    expected = [math.log1p(math.exp(1 - 2)), math.log1p(math.exp(3 - 0))]
    assert loss == pytest.approx(expected, rel=1e-5)


def test_each_use_of_the_seed_has_draws_of_its_own():
    inputs = inputs_of(TRAIN)
    one, same, other = (torch.rand(1, generator=inputs.generator(use)) for use in (0, 0, 1))
    assert one == same != other
    assert one != torch.rand(1, generator=inputs_of(TRAIN, seed=9).generator())


def test_a_method_may_ask_for_another_backbone():
    inputs = inputs_of(TRAIN)
    assert isinstance(inputs.make_backbone(inputs.generator(), "ngcf"), NGCF)
    assert not isinstance(inputs.make_backbone(inputs.generator()), NGCF)
