"""What every baseline takes and gives, and what the table says of it.

Each baseline is written from its formula and trained by the one loop of :mod:`core.train.trainer`,
so methods differ in nothing but their formula.

Shape letters: U users, I items, E train interactions, S strangers, T text size, D embedding size,
K epochs kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import nn

from core.config import BackboneConfig, OptimiserConfig, Settings
from core.graph.adjacency import Graph
from core.model.backbones import make_backbone
from core.model.representations import Representations
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.recorder import LossRecorder
from core.train.trainer import Objective, TrainResult
from core.types import Embeddings, FloatArray, Interactions, Judgements

Kind: TypeAlias = Literal["objective", "negatives", "detector", "graph"]
"""What a method changes: the loss, the draw of negatives, the graph; or it only looks."""
Need: TypeAlias = Literal["text", "judgements", "out-of-fold", "cleanlab"]
LOSS_NEGATIVES = 8
"""Negatives behind the plain loss of a pair."""
MODEL, LOSS = range(2)
"""Number of each use in its seed: they never shift each other's draws."""


@dataclass(frozen=True)
class HeldOut:
    """What backbones that have not seen a pair say of it."""

    loss: FloatArray
    """Loss of each train interaction per kept epoch, ``(K, E)``."""
    score: FloatArray
    """Share of the user's unobserved items that score lower, 0..1, ``(E,)``."""
    stranger_score: FloatArray
    """The same of unobserved pairs, ``(S,)``: what the score of no interaction looks like."""


@dataclass(frozen=True)
class Inputs:
    """All that a baseline may see; never the test set, never planted truth."""

    train: Interactions
    valid: Interactions
    """Chooses the best epoch."""
    graph: Graph
    """Normalised graph of ``train``, on ``device``."""
    backbone: BackboneConfig
    optimiser: OptimiserConfig
    device: torch.device
    seed: int
    text: Embeddings | None = None
    """Text embeddings of users ``(U, T)`` and items ``(I, T)``, as encoded."""
    aligned: Embeddings | None = None
    """The same projected into the recommendation space, ``(U, D)`` and ``(I, D)``."""
    judgements: Judgements | None = None
    held_out: HeldOut | None = None

    def generator(self, use: int = MODEL) -> torch.Generator:
        """Make a CPU generator; the same use gets the same draws."""
        return torch.Generator().manual_seed(self.seed * 1_000_003 + use)

    def make_backbone(self, generator: torch.Generator, kind: str | None = None) -> nn.Module:
        """Build the backbone, on the device; ``kind`` overrules the settings."""
        options = self.backbone if kind is None else self.backbone.model_copy(update={"kind": kind})
        made = make_backbone(self.train.n_users, self.train.n_items, options, generator)
        return made.to(self.device)


def plain_loss(inputs: Inputs, found: Embeddings) -> FloatArray:
    """Mean BPR loss of each train interaction against fixed uniform negatives, ``(E,)``.

    The suspicion of methods that say nothing of interactions themselves: high loss = noise.
    """
    train, generator = inputs.train, inputs.generator(LOSS)
    users = torch.from_numpy(train.user)[:, None].expand(-1, LOSS_NEGATIVES)
    negatives = sample_uniform_negatives(users, Observed(train), train.n_items, generator)
    recorder = LossRecorder(train.user, train.item, negatives)
    loss = recorder.losses(
        Representations(torch.from_numpy(found.user), torch.from_numpy(found.item))
    )
    return np.asarray(loss.numpy(), np.float32)


@dataclass(frozen=True)
class Plan:
    """What a method wants trained, and how it reads its suspicion off the result."""

    backbone: nn.Module | None = None
    """Its parameters (and those of modules added to it) are trained; None = nothing to train."""
    objective: Objective | None = None
    """None = nothing to train: the method only looks."""
    suspicion: Callable[[TrainResult | None], FloatArray | None] | None = None
    """From the best epoch to ``(E,)``, higher = more likely noise; None = the plain loss. The
    result is None where nothing was trained."""


@dataclass(frozen=True)
class Outcome:
    """What a method came to."""

    embeddings: Embeddings | None
    """Users ``(U, D)`` and items ``(I, D)`` of the best epoch; None of a method that only looks."""
    suspicion: FloatArray | None
    """By the method's own lights, higher = more likely noise, ``(E,)``; None where it has none."""
    history: tuple[Mapping[str, float], ...] = ()
    """One row per epoch, as in :class:`core.train.trainer.TrainResult`."""
    best_epoch: int = 0
    """1-based; 0 where nothing was trained."""


@dataclass(frozen=True)
class Method:
    """One line of the table of baselines."""

    name: str
    """As in ``run --method NAME``."""
    title: str
    paper: str
    """Authors, venue, arXiv number."""
    kind: Kind
    settings: type[Settings]
    """Defaults are published ones unless marked [D], our own; docstrings are help text."""
    build: Callable[[Inputs, Any, torch.Generator], Plan]
    """From inputs, settings and the source of every draw to what is trained."""
    needs: frozenset[Need] = frozenset()
    """Inputs without which it cannot run."""
    suspicion: str = "plain loss"
    """What its suspicion is, in words."""
