"""DCF: drop by a lower bound of the loss over time, and turn the surest noise into negatives.

Source: He et al., "Double Correction Framework for Denoising Recommendation", KDD 2024
(arXiv:2405.11272). Per interaction: damped loss log(1 + l + l^2 / 2), its mean over the last
epochs (eq. 2), and the lower confidence bound (eq. 4, after Xia et al., ICLR 2022)

    relu(mean - lambda (s + lambda log(2 s) / s^2) / (n + 1 - lambda))

with s losses seen and n times kept. The share eps(T) of the batch with the largest bounds is left
out; of these the largest share rho is used after all, as negatives.

Where we differ: the authors keep the history by place in the batch while the batches are
shuffled, which mixes interactions: here it is keyed by interaction. They start each window with
a loss of 0 that counts as seen: here the first loss is the first. They count n up for all entries
that are not relabelled, dropped ones too; here, as in Xia et al., for those kept.

Shape letters: E positives, B batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from core.baselines.method import Inputs, Method, Plan
from core.baselines.truncated import drop_share, n_kept
from core.baselines.two_scores import TwoScores, as_array, both_logits, cross_entropies
from core.graph.adjacency import Graph
from core.method_settings import DCFConfig
from core.types import Interactions

HISTORY = ("mean", "seen", "kept", "bound")
"""What is kept of each interaction, ``(E,)`` each."""


def damped(loss: Tensor) -> Tensor:
    """log(1 + l + l^2 / 2), any shape: an outlier moves the mean less."""
    return torch.log1p(loss + loss.square() / 2.0)


def lower_bound(mean: Tensor, seen: Tensor, kept: Tensor, confidence: float) -> Tensor:
    """Lower bound of the mean loss (eq. 4); all ``(B,)``, ``seen`` at least 1.

    Few times kept is a wide bound: a hard interaction that was dropped gets another chance.
    """
    spread = seen + confidence * torch.log(2.0 * seen) / seen.square()
    return torch.relu(mean - confidence * spread / (kept + 1.0 - confidence))


class DCF(TwoScores):
    """Pointwise, as published.

    Args:
        positives: The E pairs.
        graph: Graph of propagation.
        decay: Weight decay.
        settings: Shares, window, confidence.
        epochs: Upper bound of epochs, at whose end lambda is 0.
    """

    def __init__(
        self,
        positives: Interactions,
        graph: Graph,
        decay: float,
        settings: DCFConfig,
        epochs: int,
    ) -> None:
        super().__init__(positives, graph, decay)
        self.settings, self.epochs = settings, epochs
        self.confidence = settings.confidence
        self.history = {name: torch.zeros(self.n_rows, device=self.user.device) for name in HISTORY}

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw negatives, lower lambda, forget the history at the start of a window."""
        super().begin_epoch(epoch, backbone, generator)
        rest = (self.epochs - epoch) / max(self.epochs - 1, 1)
        self.confidence = self.settings.confidence * max(rest, 0.0)
        if (epoch - 1) % self.settings.window == 0:
            for name in ("mean", "seen", "kept"):  # the last bound stays: it is the suspicion
                self.history[name].zero_()

    def rank(self, positive: Tensor, negative: Tensor, rows: Tensor) -> Tensor:
        """Mean cross-entropy of the entries kept and of those relabelled."""
        logit, target = both_logits(positive, negative)
        bound = self._observe(cross_entropies(positive, torch.ones_like(positive)).detach(), rows)
        order = torch.argsort(torch.cat([bound, torch.zeros_like(bound)]), stable=True)
        share = drop_share(self.step, self.settings)
        stays = order[: n_kept(len(order), share)]
        n_relabelled = math.floor(self.settings.relabel_share * share * len(order) + 1e-9)
        # Decided in every batch anew: a label turned by mistake turns back when the loss falls.
        relabelled = order[len(order) - min(n_relabelled, len(order) - len(stays)) :]
        target[relabelled] = 0.0
        self.history["kept"][rows[stays[stays < len(rows)]]] += 1.0
        used = torch.cat([stays, relabelled])
        return cross_entropies(logit[used], target[used]).mean()

    def _observe(self, loss: Tensor, rows: Tensor) -> Tensor:
        """Put the losses ``(B,)`` of these interactions into their history; the bounds ``(B,)``."""
        mean, seen = self.history["mean"][rows], self.history["seen"][rows]
        mean = (mean * seen + damped(loss)) / (seen + 1.0)
        bound = lower_bound(mean, seen + 1.0, self.history["kept"][rows], self.confidence)
        self.history["mean"][rows], self.history["seen"][rows] = mean, seen + 1.0
        self.history["bound"][rows] = bound
        return bound

    def state(self) -> dict[str, Tensor]:
        """History and step."""
        return {**super().state(), **self.history}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take history and step back."""
        super().restore(state)
        self.history = {name: state[name].to(self.user.device) for name in HISTORY}


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    options = inputs.optimiser
    objective = DCF(inputs.train, inputs.graph, options.weight_decay, settings, options.epochs)
    # The history is no part of the best epoch: the bound is that of the last epoch.
    return Plan(
        inputs.make_backbone(generator), objective, lambda _: as_array(objective.history["bound"])
    )


METHOD = Method(
    "dcf",
    "DCF",
    "He et al., Double Correction Framework for Denoising Recommendation, KDD 2024, "
    "arXiv:2405.11272",
    "objective",
    DCFConfig,
    _build,
    suspicion="its lower bound of the loss, at the last epoch",
)
