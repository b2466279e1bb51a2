"""Table of graph recommenders: the one place to add a backbone."""

from __future__ import annotations

from typing import TypeAlias

import torch

from core.config import BackboneConfig
from core.model.lightgcn import LightGCN
from core.model.ngcf import NGCF

Backbone: TypeAlias = LightGCN | NGCF

BACKBONES: dict[str, type[LightGCN] | type[NGCF]] = {"lightgcn": LightGCN, "ngcf": NGCF}


def make_backbone(
    n_users: int, n_items: int, config: BackboneConfig, generator: torch.Generator
) -> Backbone:
    """Build the backbone that ``config.kind`` names, with initial weights from ``generator``."""
    return BACKBONES[config.kind](n_users, n_items, config, generator)
