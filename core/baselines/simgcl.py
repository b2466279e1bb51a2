"""SimGCL and XSimGCL: contrast noisy views of the embeddings instead of thinned graphs.

Sources: SimGCL: Yu et al., "Are Graph Augmentations Necessary? Simple Graph Contrastive Learning
for Recommendation", SIGIR 2022 (arXiv:2112.08679): L = L_BPR + weight * L_cl, with L_cl the InfoNCE
of two noisy passes. XSimGCL: Yu et al., "XSimGCL: Towards Extremely Simple Graph Contrastive
Learning for Recommendation", TKDE 2023 (arXiv:2209.02544): one noisy pass gives L_BPR, and L_cl
contrasts its mean of layers with its layer l*. Both are defined on LightGCN; another backbone in
the settings is not used.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.baselines.contrast import contrast, nodes_of
from core.baselines.method import Inputs, Method, Plan
from core.errors import ConfigError
from core.method_settings import SimGCLSettings, XSimGCLSettings
from core.model.noisy_layers import OuterLayers
from core.model.representations import split_nodes
from core.train.objectives import BPR


class SimGCL(BPR):
    """BPR without noise plus InfoNCE of two noisy passes.

    Args:
        inputs: Interactions and graph.
        settings: Noise, temperature and weight.
        backbone: Whose layers get the noise.
        generator: Source of the noise until the first epoch gives another.
    """

    def __init__(
        self,
        inputs: Inputs,
        settings: SimGCLSettings,
        backbone: OuterLayers,
        generator: torch.Generator,
    ) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings, self.encoder, self.generator = settings, backbone, generator

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw the negatives; noise is drawn per batch."""
        super().begin_epoch(epoch, backbone, generator)
        self.generator = generator

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR, decay and the contrast of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        terms = self.ranking_terms(backbone, backbone(self.graph), rows)
        left, right = (self.encoder.mean_of(self._noisy()) for _ in range(2))
        nodes = nodes_of(self.user[rows], self.item[rows])
        found = contrast(left, right, *nodes, self.settings.temperature)
        return {**terms, "contrast": self.settings.weight * found}

    def _noisy(self) -> list[Tensor]:
        return self.encoder.noisy_layers(self.graph, self.settings.epsilon, self.generator)


class XSimGCL(SimGCL):
    """BPR of one noisy pass plus InfoNCE of its mean against one of its layers."""

    settings: XSimGCLSettings

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR, decay and the contrast of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        layers = self._noisy()
        mean = self.encoder.mean_of(layers)
        layer = split_nodes(layers[self.settings.contrast_layer - 1], self.encoder.n_users)
        nodes = nodes_of(self.user[rows], self.item[rows])
        found = contrast(mean, layer, *nodes, self.settings.temperature)
        terms = self.ranking_terms(backbone, mean, rows)
        return {**terms, "contrast": self.settings.weight * found}


def _encoder(inputs: Inputs, generator: torch.Generator) -> OuterLayers:
    train = inputs.train
    made = OuterLayers(train.n_users, train.n_items, inputs.backbone, generator)
    return made.to(inputs.device)


def _simgcl(inputs: Inputs, settings: SimGCLSettings, generator: torch.Generator) -> Plan:
    backbone = _encoder(inputs, generator)
    return Plan(backbone, SimGCL(inputs, settings, backbone, generator))


def _xsimgcl(inputs: Inputs, settings: XSimGCLSettings, generator: torch.Generator) -> Plan:
    if settings.contrast_layer > inputs.backbone.n_layers:
        raise ConfigError(
            f"contrast_layer is {settings.contrast_layer}, but the backbone has "
            f"{inputs.backbone.n_layers} layers; lower the one or raise backbone.n_layers"
        )
    backbone = _encoder(inputs, generator)
    return Plan(backbone, XSimGCL(inputs, settings, backbone, generator))


SIMGCLS = (
    Method(
        "simgcl",
        "SimGCL",
        "Yu et al., SIGIR 2022, arXiv:2112.08679",
        "objective",
        SimGCLSettings,
        _simgcl,
    ),
    Method(
        "xsimgcl",
        "XSimGCL",
        "Yu et al., TKDE 2023, arXiv:2209.02544",
        "objective",
        XSimGCLSettings,
        _xsimgcl,
    ),
)
