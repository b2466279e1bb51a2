from dataclasses import replace

import numpy as np
import pytest
import torch

from core.baselines.edge_mask import hsic
from core.baselines.llard import LLARD, RELATION, LLaRDSettings, edited
from core.types import Judgements
from tests.baseline_inputs import taste_inputs
from tests.worlds import pairs

TRAIN = pairs([0, 0, 0, 1, 1], [0, 1, 2, 0, 3], 2, 6)
LOW, MID, HIGH = 0, 1, 2


def judged(*rows):
    """Rows of user, item, observed, control, user grade, item grade."""
    user, item, observed, control, by_user, by_item = np.array(rows).T
    reasons = ("",) * len(rows)
    return Judgements(
        user,
        item,
        observed.astype(bool),
        control.astype(bool),
        by_user.astype(np.int8),
        by_item.astype(np.int8),
        reasons,
        reasons,
        "a test",
    )


def test_at_most_one_is_removed_and_one_added_of_each_user():
    found = edited(
        TRAIN,
        judged(
            (0, 1, 1, 0, LOW, LOW),  # removed: the first of two
            (0, 2, 1, 0, LOW, LOW),
            (0, 4, 0, 0, HIGH, HIGH),  # added: the first of two
            (0, 5, 0, 0, HIGH, HIGH),
            (1, 0, 1, 0, LOW, MID),  # stays: the views differ
            (1, 4, 0, 1, HIGH, HIGH),  # a control
            (1, 5, 0, 0, HIGH, MID),  # not added: the views differ
        ),
    )
    assert list(zip(found.user, found.item, strict=True)) == [
        (0, 0),
        (0, 2),
        (1, 0),
        (1, 3),
        (0, 4),
    ]


def test_of_several_the_least_supported_goes_and_the_best_supported_comes():
    rows = judged(
        (0, 0, 1, 0, LOW, LOW),
        (0, 2, 1, 0, LOW, LOW),
        (0, 3, 0, 0, HIGH, HIGH),
        (0, 5, 0, 0, HIGH, HIGH),
    )
    support = np.array([0.4, 0.1, 0.7, 0.9], np.float32)
    found = edited(TRAIN, replace(rows, user_support=support, item_support=support))
    assert set(zip(found.user, found.item, strict=True)) == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 3),
        (0, 5),
    }


def test_without_grades_that_agree_nothing_is_edited():
    found = edited(TRAIN, judged((0, 1, 1, 0, MID, MID), (1, 5, 0, 0, MID, HIGH)))
    assert np.array_equal(found.key(), TRAIN.key())


def built(**options):
    inputs, generator = taste_inputs(), torch.Generator().manual_seed(0)
    plan = LLARD.build(inputs, LLaRDSettings(**options), generator)
    plan.objective.begin_epoch(1, plan.backbone, torch.Generator().manual_seed(1))
    return inputs, plan, torch.arange(50)


def test_alpha_and_beta_scale_their_terms():
    found = {}
    for alpha, beta in ((1.0, 1.0), (2.0, 4.0)):
        _, plan, rows = built(alpha=alpha, beta=beta)
        found[alpha] = {k: v.item() for k, v in plan.objective.loss(plan.backbone, rows).items()}
    assert found[2.0]["rec"] == found[1.0]["rec"]
    assert found[2.0]["language"] == pytest.approx(2 * found[1.0]["language"], rel=1e-5)
    assert found[2.0]["bottleneck"] == pytest.approx(4 * found[1.0]["bottleneck"], rel=1e-5)


def test_the_bottleneck_is_between_masked_and_whole_graph():
    inputs, plan, rows = built(beta=1.0, sigma=0.5)
    generator = torch.Generator().manual_seed(1)
    plan.objective.begin_epoch(1, plan.backbone, generator)
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    encoder = plan.backbone
    masked = encoder.masked(inputs.graph, encoder.mask(inputs.graph, copy))
    whole = encoder.whole(inputs.graph)
    users = torch.unique(plan.objective.user[rows])
    items = torch.unique(plan.objective.item[rows])
    expected = hsic(whole.user[users], masked.user[users], 0.5)
    expected = expected + hsic(whole.item[items], masked.item[items], 0.5)
    terms = plan.objective.loss(encoder, rows)
    assert terms["bottleneck"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_every_part_is_trained():
    _, plan, rows = built()
    torch.stack(list(plan.objective.loss(plan.backbone, rows).values())).sum().backward()
    still = [name for name, value in plan.backbone.named_parameters() if value.grad is None]
    assert still == []
    assert plan.backbone.get_submodule(RELATION).embedding.grad.abs().sum() > 0


def test_suspicion_orders_edges_as_one_minus_the_mask_does():
    inputs, plan, _ = built()
    masked = 1 - torch.sigmoid(plan.backbone.logits(inputs.graph).double() / 0.2)
    found = plan.suspicion(None)
    assert np.ptp(found) > 0
    assert np.argsort(found).tolist() == np.argsort(masked.detach().numpy()).tolist()


def test_suspicion_tells_edges_apart_whose_mask_is_one_to_the_last_digit():
    inputs, plan, _ = built()
    with torch.no_grad():
        plan.backbone.output.bias += 20.0
    assert (plan.backbone.mask(inputs.graph) == 1.5).all()
    assert len(np.unique(plan.suspicion(None))) > len(inputs.train) // 2
