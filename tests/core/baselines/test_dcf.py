import math

import pytest
import torch

from core.baselines.dcf import DCF, DCFConfig, damped, lower_bound
from core.graph.adjacency import normalized_graph
from tests.worlds import pairs

TRAIN = pairs([0, 0, 1, 1], [0, 1, 2, 3], 2, 6)
NEVER = torch.full((4,), -30.0)
"""Scores of negatives whose cross-entropy is 0."""


def objective(step=1, epochs=10, **options):
    made = DCF(
        TRAIN, normalized_graph(TRAIN), 0.0, DCFConfig(ramp_steps=1, **options), epochs=epochs
    )
    made.step = step
    return made


def seeded():
    return torch.Generator().manual_seed(0)


def softplus(x):
    return math.log1p(math.exp(x))


def test_damping_is_as_worked_by_hand():
    assert damped(torch.tensor([0.0, 2.0])).tolist() == pytest.approx([0.0, math.log(5.0)])


def test_the_lower_bound_is_as_worked_by_hand():
    """lambda 1/2, one loss seen: spread 1 + log(2) / 2 = 1.3466; n = 0: 1.3466, n = 1: 0.4489."""
    mean, seen = torch.ones(2), torch.ones(2)
    found = lower_bound(mean, seen, torch.tensor([0.0, 1.0]), 0.5)
    assert found.tolist() == pytest.approx([0.0, 1 - 0.5 * (1 + math.log(2) / 2) / 1.5])
    assert lower_bound(mean, seen, torch.zeros(2), 0.0).tolist() == [1.0, 1.0]
    # two losses seen, lambda 1/2, n = 2: spread 2 + log(4) / 8
    later = lower_bound(mean[:1], torch.tensor([2.0]), torch.tensor([2.0]), 0.5)
    assert later.item() == pytest.approx(1 - 0.5 * (2 + math.log(4) / 8) / 2.5)


def test_the_history_follows_the_interaction_and_not_the_place_in_the_batch():
    made = objective(confidence=0.0, drop_share=0.0)
    first, second = torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, 1.0, 0.0])
    made.rank(first, NEVER, torch.arange(4))
    made.rank(second, NEVER, torch.tensor([3, 2, 1, 0]))  # shuffled: the same scores again
    expected = [math.log(1 + x + x * x / 2) for x in map(softplus, [0, -1, -2, -3])]
    assert made.history["mean"].tolist() == pytest.approx(expected)
    assert made.history["bound"].tolist() == pytest.approx(expected)
    assert made.history["seen"].tolist() == [2, 2, 2, 2]


def test_who_was_bad_over_time_is_dropped_rather_than_who_is_bad_now():
    """One of eight entries goes. Row 0 was bad twice; row 1 is a little worse just now."""
    made = objective(confidence=0.0, drop_share=0.125, relabel_share=0.0)
    for _ in range(2):
        made.rank(torch.tensor([-4.0, 5.0, 5.0, 5.0]), NEVER, torch.arange(4))
    score = torch.tensor([-1.0, -1.5, 5.0, 5.0], requires_grad=True)
    made.rank(score, NEVER, torch.arange(4)).backward()
    assert (score.grad == 0).tolist() == [True, False, False, False]
    assert made.history["kept"].tolist() == [0, 3, 3, 3]


def test_the_worst_of_the_dropped_are_trained_as_negatives():
    """Two of eight entries go (eps 1/4), half of them are relabelled: row 0 alone."""
    made = objective(confidence=0.0, drop_share=0.25, relabel_share=0.5)
    score = torch.tensor([-3.0, -1.0, 2.0, 4.0], requires_grad=True)
    loss = made.rank(score, NEVER, torch.arange(4))
    # kept: rows 2 and 3 and four negatives at 0; relabelled: row 0 with target 0
    assert loss.item() == pytest.approx((softplus(-2) + softplus(-4) + softplus(-3)) / 7, rel=1e-5)
    loss.backward()
    assert (score.grad.sign()).tolist() == [1, 0, -1, -1]


def test_lambda_falls_to_zero_and_the_history_begins_anew_with_each_window():
    made = objective(confidence=0.4, drop_share=0.0, window=2, epochs=5)
    model = torch.nn.Module()
    seen, confidence = [], []
    for epoch in range(1, 6):
        made.begin_epoch(epoch, model, seeded())
        confidence.append(made.confidence)
        made.rank(torch.zeros(4), NEVER, torch.arange(4))
        seen.append(made.history["seen"][0].item())
    assert confidence == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0])
    assert seen == [1, 2, 1, 2, 1]
