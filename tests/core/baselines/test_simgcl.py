import math

import pytest
import torch

from core.baselines import METHODS
from core.baselines.simgcl import SimGCLSettings, XSimGCLSettings
from core.config import BackboneConfig
from core.errors import ConfigError
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

TRAIN = pairs([0, 1], [0, 1], 2, 2)
"""Two edges apart from each other: a product swaps user and item of the same number."""
ALL = torch.tensor([0, 1])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def plan_of(name, settings, n_layers=1):
    inputs = inputs_of(TRAIN, backbone=BackboneConfig(embedding_size=2, n_layers=n_layers))
    plan = METHODS[name].build(inputs, settings, seeded())
    plan.backbone.embedding.data = torch.eye(2).repeat(2, 1)
    plan.objective.begin_epoch(1, plan.backbone, seeded(1))
    return plan


def terms_of(plan):
    return {name: term.item() for name, term in plan.objective.loss(plan.backbone, ALL).items()}


def test_without_noise_both_terms_are_as_worked_by_hand():
    """After the swap all is as before: own item scores 1, the other 0; cosines of nodes are 0."""
    terms = terms_of(plan_of("simgcl", SimGCLSettings(epsilon=0, weight=0.5, temperature=0.2)))
    assert terms["rec"] == pytest.approx(math.log1p(math.exp(-1)), rel=1e-5)
    assert terms["contrast"] == pytest.approx(0.5 * 2 * math.log1p(math.exp(-5)), rel=1e-4)


def test_noise_is_in_the_contrast_of_simgcl_and_not_in_its_ranking():
    plans = [plan_of("simgcl", SimGCLSettings(epsilon=epsilon)) for epsilon in (0, 0.9)]
    for plan in plans:  # noise has no direction where a component is 0
        plan.backbone.embedding.data = torch.tensor([[1.0, 0.2], [-0.2, 1.0]]).repeat(2, 1)
    quiet, loud = (terms_of(plan) for plan in plans)
    assert loud["rec"] == quiet["rec"]
    assert loud["contrast"] != quiet["contrast"]


def test_noise_is_in_both_terms_of_xsimgcl():
    quiet = terms_of(plan_of("xsimgcl", XSimGCLSettings(epsilon=0)))
    loud = terms_of(plan_of("xsimgcl", XSimGCLSettings(epsilon=0.9)))
    assert loud["rec"] != quiet["rec"]
    assert quiet["rec"] == pytest.approx(math.log1p(math.exp(-1)), rel=1e-5)


@pytest.mark.parametrize(("layer", "sign"), [(1, -1), (2, 1), (3, -1)])
def test_xsimgcl_contrasts_the_mean_with_the_chosen_layer(layer, sign):
    """Users (1, 0), (0, 1), items (0, 1), (1, 0): the layers of user 0 are i, u, i.

    Its mean (1, 2) / 3 has cosine 2 / root 5 with i and 1 / root 5 with u; items likewise.
    """
    settings = XSimGCLSettings(epsilon=0, weight=1.0, temperature=1.0, contrast_layer=layer)
    plan = plan_of("xsimgcl", settings, n_layers=3)
    plan.backbone.embedding.data = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    expected = 2 * math.log1p(math.exp(sign / math.sqrt(5)))
    assert terms_of(plan)["contrast"] == pytest.approx(expected, rel=1e-5)


def test_inference_has_no_noise():
    plan = plan_of("xsimgcl", XSimGCLSettings(epsilon=0.9))
    one, two = (plan.backbone(plan.objective.graph).user for _ in range(2))
    assert torch.equal(one, two)
    assert torch.allclose(one, torch.eye(2))


def test_a_layer_that_is_not_there_cannot_be_contrasted():
    with pytest.raises(ConfigError, match="contrast_layer is 3, but the backbone has 1"):
        plan_of("xsimgcl", XSimGCLSettings(contrast_layer=3))
