import math

import pytest
import torch

from core.baselines.reweighted import RCE, PairwiseRCE, ReweightedConfig, weights
from core.graph.adjacency import normalized_graph
from tests.worlds import pairs

TRAIN = pairs([0, 0, 1], [0, 1, 2], 2, 4)
ROWS = torch.arange(1)


def objective(kind, alpha):
    return kind(TRAIN, normalized_graph(TRAIN), 0.0, ReweightedConfig(alpha=alpha))


def test_pointwise_weighs_each_class_by_its_own_confidence():
    """Positive at 0: y = 1/2, CE = log 2. Negative at log 3: 1 - y = 1/4, CE = log 4. alpha = 2."""
    found = objective(RCE, 2.0).rank(torch.zeros(1), torch.tensor([math.log(3.0)]), ROWS)
    assert found.item() == pytest.approx((math.log(2) / 4 + math.log(4) / 16) / 2)


def test_pairwise_weighs_a_badly_fitted_pair_less():
    """Margins log 3 and -log 3: sigmoid 3/4 and 1/4, alpha = 1."""
    margin = math.log(3.0)
    found = objective(PairwiseRCE, 1.0).rank(
        torch.tensor([margin, 0.0]), torch.tensor([0.0, margin]), torch.arange(2)
    )
    assert found.item() == pytest.approx((0.75 * math.log(4 / 3) + 0.25 * math.log(4)) / 2)
    assert weights(torch.tensor([-2.0, 0.0, 2.0]), 0.3).diff().min() > 0


def test_alpha_zero_is_plain_cross_entropy_and_plain_bpr():
    positive, negative = torch.tensor([1.0]), torch.tensor([-0.5])
    plain = (math.log1p(math.exp(-1)) + math.log1p(math.exp(-0.5))) / 2
    assert objective(RCE, 0.0).rank(positive, negative, ROWS).item() == pytest.approx(plain)
    pair = objective(PairwiseRCE, 0.0).rank(positive, negative, ROWS).item()
    assert pair == pytest.approx(math.log1p(math.exp(-1.5)))


def test_no_gradient_flows_into_the_weight():
    """d/ds of w softplus(-s) with w fixed at sigmoid(0) = 1/2: -1/4, not -1/4 + log 2 / 4."""
    score = torch.zeros(1, requires_grad=True)
    objective(PairwiseRCE, 1.0).rank(score, torch.zeros(1), ROWS).backward()
    assert score.grad.item() == pytest.approx(-0.25)


def test_a_hopeless_pair_gets_no_infinite_or_undefined_weight():
    assert weights(torch.tensor([-500.0]), 0.2).item() == pytest.approx(math.exp(-100.0), abs=1e-30)
