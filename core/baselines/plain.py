"""Plain BPR: what every other method is measured against.

Source: Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009
(arXiv:1205.2618): L = -log sigmoid(y_ui - y_uj) + decay, j uniform among unobserved items.
"""

from __future__ import annotations

import torch

from core.baselines.method import Inputs, Method, Plan
from core.method_settings import NoSettings
from core.train.objectives import BPR

PAPER = "Rendle et al., UAI 2009, arXiv:1205.2618"


def _lightgcn(inputs: Inputs, settings: NoSettings, generator: torch.Generator) -> Plan:  # noqa: ARG001 - one shape of build
    return _on(inputs, "lightgcn", generator)


def _ngcf(inputs: Inputs, settings: NoSettings, generator: torch.Generator) -> Plan:  # noqa: ARG001 - one shape of build
    return _on(inputs, "ngcf", generator)


def _on(inputs: Inputs, kind: str, generator: torch.Generator) -> Plan:
    backbone = inputs.make_backbone(generator, kind)
    return Plan(backbone, BPR(inputs.train, inputs.graph, inputs.optimiser.weight_decay))


PLAIN = (
    Method("bpr", "BPR on LightGCN", PAPER, "objective", NoSettings, _lightgcn),
    Method("bpr-ngcf", "BPR on NGCF", PAPER, "objective", NoSettings, _ngcf),
)
