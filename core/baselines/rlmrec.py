"""RLMRec, contrastive: pull the recommender's vectors towards those of the profile texts.

Source: Ren et al., "Representation Learning with Large Language Models for Recommendation", WWW
2024 (arXiv:2310.15950), RLMRec-Con: L = L_BPR + weight * L_con, where L_con is the InfoNCE of a
node's vector and MLP(text embedding) of the same node, summed over users, positive items and
negative items of the batch; the MLP has two layers, T -> (T + D) / 2 -> D, with LeakyReLU.

Where we differ: layers are averaged (its code sums them), no edge is dropped in training, so that
the alignment is all that differs from plain BPR, and repeats leave the batch, in whose
denominator they would be negatives of themselves; denominators run over the batch on both sides
(its code: over all users on theirs). Profiles are those of this run.

Shape letters: U users, I items, B batch, T text size, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.baselines.contrast import one_way
from core.baselines.method import Inputs, Method, Plan
from core.config import BackboneConfig
from core.method_settings import RLMRecSettings
from core.model.representations import Representations
from core.relevance.projector import Projector
from core.train.objectives import BPR
from core.types import Embeddings

PROJECTOR = "projector"
"""Name of the MLP among the modules of the backbone, with which it is trained and kept."""


class TextContrast:
    """InfoNCE of node vectors against projected text, over distinct nodes.

    Args:
        text: Text embeddings of users ``(U, T)`` and items ``(I, T)``.
        device: Where they are kept.
        temperature: tau.
    """

    def __init__(self, text: Embeddings, device: torch.device, temperature: float) -> None:
        # A copy: arrays that come from files may be read-only.
        self.user = torch.tensor(text.user, device=device)
        self.item = torch.tensor(text.item, device=device)
        self.temperature = temperature

    def __call__(
        self, projector: nn.Module, found: Representations, user: Tensor, *items: Tensor
    ) -> Tensor:
        """Sum over the users and over each group of items, numbers ``(B,)``, repeats allowed."""
        users = torch.unique(user)
        total = one_way(found.user[users], projector(self.user[users]), self.temperature)
        for group in items:
            rows = torch.unique(group)
            text = projector(self.item[rows])
            total = total + one_way(found.item[rows], text, self.temperature)
        return total


class RLMRec(BPR):
    """BPR plus alignment with the text of users, positives and negatives."""

    def __init__(self, inputs: Inputs, settings: RLMRecSettings, text: Embeddings) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings = settings
        self.align = TextContrast(text, inputs.device, settings.temperature)

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR, decay and the alignment of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        found: Representations = backbone(self.graph)
        terms = self.ranking_terms(backbone, found, rows)
        nodes = self.user[rows], self.item[rows], self.negative[rows]
        aligned = self.align(backbone.get_submodule(PROJECTOR), found, *nodes)
        return {**terms, "contrast": self.settings.weight * aligned}


def output_size(config: BackboneConfig) -> int:
    """Size of the vectors that a backbone gives: NGCF concatenates its layers."""
    layers = config.n_layers + 1 if config.kind == "ngcf" else 1
    return layers * config.embedding_size


def _build(inputs: Inputs, settings: RLMRecSettings, generator: torch.Generator) -> Plan:
    if inputs.text is None:
        raise ValueError("RLMRec needs text embeddings")
    backbone = inputs.make_backbone(generator)
    projector = Projector(inputs.text.item.shape[1], output_size(inputs.backbone), generator)
    backbone.add_module(PROJECTOR, projector.to(inputs.device))
    return Plan(backbone, RLMRec(inputs, settings, inputs.text))


RLMREC = Method(
    "rlmrec",
    "RLMRec-Con",
    "Ren et al., WWW 2024, arXiv:2310.15950",
    "objective",
    RLMRecSettings,
    _build,
    frozenset({"text"}),
)
