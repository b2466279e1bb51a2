import math

import pytest
import torch

from core.baselines.truncated import TCE, PairwiseTCE, TruncatedConfig, drop_share, n_kept
from core.config import BackboneConfig
from core.graph.adjacency import normalized_graph
from core.model.lightgcn import LightGCN
from tests.worlds import pairs

TRAIN = pairs([0, 0, 1], [0, 1, 2], 2, 4)
LOG2 = math.log(2.0)


def objective(kind, share, step=1):
    made = kind(
        TRAIN, normalized_graph(TRAIN), 0.0, TruncatedConfig(drop_share=share, ramp_steps=1)
    )
    made.step = step
    return made


def softplus(x):
    return math.log1p(math.exp(x))


def test_the_share_grows_evenly_and_reaches_its_end_without_a_jump():
    settings = TruncatedConfig(drop_share=0.2, ramp_steps=4)
    shares = [drop_share(step, settings) for step in (0, 1, 2, 3, 4, 5, 99)]
    assert shares == pytest.approx([0.0, 0.05, 0.1, 0.15, 0.2, 0.2, 0.2])


def test_a_share_of_ten_entries_is_whole_and_one_entry_always_stays():
    assert [n_kept(10, share) for share in (0.0, 0.4, 0.9, 0.95)] == [10, 6, 1, 1]


def test_pointwise_leaves_out_the_positive_of_the_largest_cross_entropy():
    """Four entries, a quarter is left out: positives at 0 and 3, negatives at 0 and -2."""
    positive, negative = torch.tensor([0.0, 3.0]), torch.tensor([0.0, -2.0])
    found = objective(TCE, 0.25).rank(positive, negative, torch.arange(2))
    assert found.item() == pytest.approx((softplus(-3) + LOG2 + softplus(-2)) / 3)


def test_a_negative_of_large_loss_stays():
    positive, negative = torch.tensor([0.0, 3.0]), torch.tensor([9.0, -2.0])
    found = objective(TCE, 0.25).rank(positive, negative, torch.arange(2))
    assert found.item() == pytest.approx((softplus(-3) + softplus(9) + softplus(-2)) / 3)


def test_pointwise_leaves_out_twice_the_share_of_the_positives_and_no_negative():
    positive = torch.linspace(-1, 1, 10, requires_grad=True)
    negative = torch.linspace(-1, 1, 10, requires_grad=True)
    objective(TCE, 0.2).rank(positive, negative, torch.arange(10)).backward()
    assert (positive.grad == 0).tolist() == [True] * 4 + [False] * 6
    assert bool((negative.grad != 0).all())


def test_pairwise_leaves_out_the_pair_of_the_largest_bpr_loss():
    """Margins 1, -1, 2, 0; a quarter of four pairs is one."""
    positive, negative = torch.tensor([1.0, 0.0, 5.0, 2.0]), torch.tensor([0.0, 1.0, 3.0, 2.0])
    found = objective(PairwiseTCE, 0.25).rank(positive, negative, torch.arange(4))
    assert found.item() == pytest.approx((softplus(-1) + softplus(-2) + LOG2) / 3)


def test_the_ramp_counts_batches_and_goes_on_after_a_checkpoint():
    model = LightGCN(2, 4, BackboneConfig(embedding_size=2, n_layers=0), torch.Generator())
    made = objective(TCE, 0.25, step=0)
    made.begin_epoch(1, model, torch.Generator())
    for _ in range(3):
        made.loss(model, torch.arange(2))
    again = objective(TCE, 0.25, step=0)
    again.restore(made.state())
    assert (made.step, again.step) == (3, 3)


def test_decay_and_scores_are_those_of_bpr():
    """User (1, 2), positive (3, 0), negative (0, 1): scores 3 and 2, squared norms 5, 9, 1."""
    model = LightGCN(1, 2, BackboneConfig(embedding_size=2, n_layers=0), torch.Generator())
    model.embedding.data = torch.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    train = pairs([0], [0], 1, 2)
    made = TCE(train, normalized_graph(train), 0.1, TruncatedConfig())
    made.begin_epoch(1, model, torch.Generator())
    terms = made.loss(model, torch.tensor([0]))
    assert terms["rec"].item() == pytest.approx((softplus(-3) + softplus(2)) / 2)
    assert terms["decay"].item() == pytest.approx(0.1 * 0.5 * 15)


@pytest.mark.parametrize("kind", [TCE, PairwiseTCE])
def test_the_first_batch_is_whole(kind):
    positive, negative = torch.tensor([-9.0, 1.0]), torch.tensor([0.0, 0.0])
    assert objective(kind, 0.5, step=0).rank(positive, negative, torch.arange(2)).item() > 2.0
    assert objective(kind, 0.5, step=1).rank(positive, negative, torch.arange(2)).item() < 2.0
