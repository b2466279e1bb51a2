import math

import numpy as np
import pytest
import torch
from torch import nn

from core.baselines.rlmrec import PROJECTOR, RLMREC, RLMRecSettings, TextContrast, output_size
from core.config import BackboneConfig
from core.model.representations import Representations
from core.types import Embeddings
from tests.baseline_inputs import inputs_of
from tests.worlds import pairs

TRAIN = pairs([0, 1], [0, 1], 2, 2)
UNIT = np.eye(2, dtype=np.float32)
AGREE, CROSS = math.log1p(math.exp(-2)), math.log1p(math.exp(2))
"""Cost of a node with cosine 1 to its own text and 0 to the other (tau 0.5), and the reverse."""


def test_users_positives_and_negatives_are_each_pulled_to_their_own_text():
    align = TextContrast(Embeddings(UNIT, UNIT[::-1].copy()), torch.device("cpu"), 0.5)
    found = Representations(torch.eye(2), torch.eye(2))
    both, first = torch.tensor([0, 1]), torch.tensor([0, 0])
    assert align(nn.Identity(), found, both).item() == pytest.approx(AGREE, rel=1e-5)
    assert align(nn.Identity(), found, both, both).item() == pytest.approx(AGREE + CROSS, rel=1e-5)
    twice = align(nn.Identity(), found, both, both, both).item()
    assert twice == pytest.approx(AGREE + 2 * CROSS, rel=1e-5)
    assert align(nn.Identity(), found, first).item() == pytest.approx(0)  # one node, no negative


def test_the_loss_is_bpr_and_the_weighted_alignment():
    inputs = inputs_of(
        TRAIN,
        backbone=BackboneConfig(embedding_size=2, n_layers=0),
        text=Embeddings(UNIT, UNIT),
    )
    settings = RLMRecSettings(weight=0.1, temperature=0.5)
    plan = RLMREC.build(inputs, settings, torch.Generator().manual_seed(0))
    plan.backbone.embedding.data = torch.eye(2).repeat(2, 1)
    plan.backbone.add_module(PROJECTOR, nn.Identity())
    plan.objective.begin_epoch(1, plan.backbone, torch.Generator().manual_seed(0))
    terms = plan.objective.loss(plan.backbone, torch.tensor([0, 1]))
    assert terms["rec"].item() == pytest.approx(math.log1p(math.exp(-1)), rel=1e-5)
    assert terms["contrast"].item() == pytest.approx(0.1 * 3 * AGREE, rel=1e-5)


@pytest.mark.parametrize("kind", ["lightgcn", "ngcf"])
def test_the_projector_is_trained_with_the_backbone_and_fits_its_vectors(kind):
    options = BackboneConfig(kind=kind, embedding_size=2, n_layers=2)
    inputs = inputs_of(TRAIN, backbone=options, text=Embeddings(UNIT, UNIT))
    plan = RLMREC.build(inputs, RLMRecSettings(), torch.Generator().manual_seed(0))
    names = {name for name, _ in plan.backbone.named_parameters()}
    assert {"embedding", f"{PROJECTOR}.first.weight", f"{PROJECTOR}.second.bias"} <= names
    assert output_size(options) == plan.backbone(inputs.graph).user.shape[1]
    plan.objective.begin_epoch(1, plan.backbone, torch.Generator().manual_seed(0))
    torch.stack(list(plan.objective.loss(plan.backbone, torch.tensor([0, 1])).values())).sum()
