"""R-CE: every entry counts by how sure the model is of it, so large losses count little.

Source: Wang et al., "Denoising Implicit Feedback for Recommendation", WSDM 2021
(arXiv:2006.04153), reweighted cross-entropy: L = w CE, w = y^alpha for positives and
(1 - y)^alpha for negatives with y = sigmoid(score); no gradient flows into w.

Shape letters: E positives, B batch, M negatives.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.baselines.method import LOSS, LOSS_NEGATIVES, Inputs, Method, Plan
from core.baselines.truncated import PAPER
from core.baselines.two_scores import TwoScores, as_array, both_logits, scores_of
from core.graph.adjacency import Graph
from core.method_settings import ReweightedConfig
from core.model.losses import pairwise_loss
from core.model.representations import Representations, score_pairs
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.recorder import BLOCK
from core.train.trainer import TrainResult
from core.types import Embeddings, FloatArray, Interactions


class _Reweighted(TwoScores):
    """A loss whose weights are powers of the model's confidence."""

    def __init__(
        self, positives: Interactions, graph: Graph, decay: float, settings: ReweightedConfig
    ) -> None:
        super().__init__(positives, graph, decay)
        self.alpha = settings.alpha


class RCE(_Reweighted):
    """Pointwise, as published."""

    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002 - one shape
        """Mean of w CE over the mixed batch; the weights are not normalised, as published."""
        logit, target = both_logits(positive, negative)
        return _mean(torch.where(target > 0, logit, -logit), self.alpha)


class PairwiseRCE(_Reweighted):
    """For BPR: w = sigmoid(s_ui - s_uj)^alpha.

    A public implementation has sigmoid(-(s_ui - s_uj))^alpha, which weighs the *worst* fitted
    pairs most: the opposite of the method.
    """

    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002 - one shape
        """Mean of w times the BPR loss."""
        return _mean(positive - negative, self.alpha)


def weights(margin: Tensor, alpha: float) -> Tensor:
    """Confidence to the power of alpha, detached: sigmoid(margin)^alpha, any shape."""
    return (alpha * torch.nn.functional.logsigmoid(margin.detach())).exp()


def _mean(margin: Tensor, alpha: float) -> Tensor:
    """Mean of w times -log sigmoid(margin): cross-entropy and BPR loss are both of this form."""
    return (weights(margin, alpha) * pairwise_loss(margin, torch.zeros_like(margin))).mean()


def pairwise_weights(inputs: Inputs, found: Embeddings, alpha: float) -> Tensor:
    """Mean weight of each train interaction over fixed uniform negatives, ``(E,)``."""
    train, vectors = inputs.train, Representations(*map(torch.from_numpy, (found.user, found.item)))
    user, item = torch.from_numpy(train.user)[:, None], torch.from_numpy(train.item)[:, None]
    shape = user.expand(-1, LOSS_NEGATIVES)
    generator = inputs.generator(LOSS)
    other = sample_uniform_negatives(shape, Observed(train), train.n_items, generator)
    parts = [
        weights(
            score_pairs(vectors, user[rows], item[rows])
            - score_pairs(vectors, user[rows], other[rows]),
            alpha,
        ).mean(dim=1)
        for rows in torch.split(torch.arange(len(train)), BLOCK)
    ]
    return torch.cat(parts)


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    def suspicion(result: TrainResult | None) -> FloatArray | None:
        if result is None:
            return None
        return as_array(1.0 - weights(scores_of(inputs.train, result.embeddings), settings.alpha))

    objective = RCE(inputs.train, inputs.graph, inputs.optimiser.weight_decay, settings)
    return Plan(inputs.make_backbone(generator), objective, suspicion)


def _build_pairwise(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    def suspicion(result: TrainResult | None) -> FloatArray | None:
        if result is None:
            return None
        return as_array(1.0 - pairwise_weights(inputs, result.embeddings, settings.alpha))

    objective = PairwiseRCE(inputs.train, inputs.graph, inputs.optimiser.weight_decay, settings)
    return Plan(inputs.make_backbone(generator), objective, suspicion)


METHODS = (
    Method(
        "r-ce", "R-CE", PAPER, "objective", ReweightedConfig, _build, suspicion="1 - its weight"
    ),
    Method(
        "r-ce-pairwise",
        "R-CE, pairwise",
        PAPER,
        "objective",
        ReweightedConfig,
        _build_pairwise,
        suspicion="1 - its weight, mean over fixed negatives",
    ),
)
