"""T-CE: positives of large loss are left out of each batch, more of them as training goes on.

Source: Wang et al., "Denoising Implicit Feedback for Recommendation", WSDM 2021
(arXiv:2006.04153), truncated cross-entropy: L = 0 where y = 1 and CE > tau(eps(T)), else CE, with
tau set by the drop rate eps(T) = min(alpha T, eps_max) at iteration T.

Shape letters: E positives, B batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from core.baselines.method import Inputs, Method, Plan
from core.baselines.two_scores import TwoScores, as_array, both_logits, cross_entropies, scores_of
from core.graph.adjacency import Graph
from core.method_settings import TruncatedConfig
from core.model.losses import pairwise_loss
from core.train.objectives import BPR
from core.train.trainer import TrainResult
from core.types import FloatArray, Interactions

PAPER = "Wang et al., Denoising Implicit Feedback for Recommendation, WSDM 2021, arXiv:2006.04153"


def drop_share(step: int, settings: TruncatedConfig) -> float:
    """eps(T): the share left out of a batch after ``step`` earlier batches.

    The authors' code returns eps_max after a ramp to eps_max ** exponent, a jump for exponents
    other than 1; the paper's ramp is even and has none.
    """
    return settings.drop_share * min(step / settings.ramp_steps, 1.0)


def n_kept(size: int, share: float) -> int:
    """How many of a batch stay, at least one: int((1 - eps) size)."""
    # In binary 1 - 0.9 falls just short of 0.1, and a whole number must not lose one for that.
    return max(int((1.0 - share) * size + 1e-9), 1)


class _Truncated(TwoScores):
    """A loss that leaves out a share of the batch."""

    def __init__(
        self, positives: Interactions, graph: Graph, decay: float, settings: TruncatedConfig
    ) -> None:
        super().__init__(positives, graph, decay)
        self.settings = settings

    def n_kept(self, size: int) -> int:
        """How many of a batch of ``size`` stay in this step."""
        return n_kept(size, drop_share(self.step, self.settings))


class TCE(_Truncated):
    """Pointwise, as published.

    The batch is sorted by CE * y, which is 0 for negatives: they stay, and eps counts them.
    """

    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002 - one shape
        """Mean cross-entropy of the ``(1 - eps) 2B`` entries with the lowest CE * y."""
        logit, target = both_logits(positive, negative)
        loss = cross_entropies(logit, target)
        order = torch.argsort((loss * target).detach(), stable=True)
        return loss[order[: self.n_kept(len(loss))]].mean()


class PairwiseTCE(_Truncated):
    """The same idea for BPR: pairs of largest -log sigmoid(s_ui - s_uj) are left out."""

    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG002 - one shape
        """Mean BPR loss of the ``(1 - eps) B`` pairs with the lowest loss."""
        loss = pairwise_loss(positive, negative)
        return loss[torch.argsort(loss.detach(), stable=True)[: self.n_kept(len(loss))]].mean()


def _plan(inputs: Inputs, objective: BPR, generator: torch.Generator, pointwise: bool) -> Plan:
    def cross_entropy(result: TrainResult | None) -> FloatArray | None:
        if result is None:
            return None
        return as_array(-torch.nn.functional.logsigmoid(scores_of(inputs.train, result.embeddings)))

    backbone = inputs.make_backbone(generator)
    return Plan(backbone, objective, cross_entropy if pointwise else None)


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    decay = inputs.optimiser.weight_decay
    return _plan(inputs, TCE(inputs.train, inputs.graph, decay, settings), generator, True)


def _build_pairwise(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    decay = inputs.optimiser.weight_decay
    return _plan(inputs, PairwiseTCE(inputs.train, inputs.graph, decay, settings), generator, False)


METHODS = (
    Method(
        "t-ce",
        "T-CE",
        PAPER,
        "objective",
        TruncatedConfig,
        _build,
        suspicion="cross-entropy at the best epoch",
    ),
    Method(
        "t-ce-pairwise",
        "T-CE, pairwise",
        PAPER,
        "objective",
        TruncatedConfig,
        _build_pairwise,
        suspicion="BPR loss at the best epoch",
    ),
)
