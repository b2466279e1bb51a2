"""Mined negatives: DNS and SRNS, with plain BPR on top.

Sources: DNS: Zhang et al., "Optimizing Top-N Collaborative Filtering via Dynamic Negative Item
Sampling", SIGIR 2013 (no arXiv): of n uniform unobserved items the one that the model scores
highest. SRNS: Ding et al., "Simplify and Robustify Negative Sampling for Implicit Collaborative
Filtering", NeurIPS 2020 (arXiv:2009.03376), in :mod:`core.baselines.memory`.

Shape letters: U users, I items, E train interactions, B batch, n candidates.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.baselines.memory import VarianceMemory
from core.baselines.method import Inputs, Method, Plan
from core.method_settings import DNSSettings, SRNSSettings
from core.model.representations import Representations, score_pairs
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.objectives import BPR


@torch.no_grad()
def hardest(
    found: Representations,
    user: Tensor,
    observed: Observed,
    n_candidates: int,
    generator: torch.Generator,
) -> Tensor:
    """DNS: the highest-scored of n uniform unobserved items of each user, ``(B,)`` to ``(B,)``."""
    users = user[:, None].expand(-1, n_candidates)
    drawn = sample_uniform_negatives(users, observed, len(found.item), generator)  # (B, n)
    best = score_pairs(found, users, drawn).argmax(dim=1, keepdim=True)
    return drawn.gather(1, best)[:, 0]


class DNS(BPR):
    """BPR against the hardest of a few, chosen with the model as it is in the batch."""

    def __init__(self, inputs: Inputs, settings: DNSSettings, generator: torch.Generator) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings, self.generator = settings, generator

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:  # noqa: ARG002 - one shape of objective
        """Draw nothing yet: negatives follow the model batch by batch."""
        self.generator = generator

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR and decay of some positives ``(B,)`` against mined negatives."""
        rows = rows.to(self.user.device)
        found: Representations = backbone(self.graph)
        user, options = self.user[rows], self.settings
        self.negative[rows] = hardest(
            found, user, self.observed, options.candidates, self.generator
        )
        return self.ranking_terms(backbone, found, rows)


class SRNS(BPR):
    """BPR against the memory's items of high score and high deviation."""

    def __init__(self, inputs: Inputs, settings: SRNSSettings, generator: torch.Generator) -> None:
        super().__init__(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
        self.settings, self.generator, self.alpha = settings, generator, 0.0
        n_users = inputs.train.n_users
        self.memory = VarianceMemory(n_users, self.observed, settings.memory, generator)

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Remember the model as the last epoch left it."""
        self.generator = generator
        self.alpha = self.settings.alpha * min(1.0, (epoch - 1) / self.settings.warmup_epochs)
        with torch.no_grad():
            self.memory.remember(backbone(self.graph))

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR and decay of some positives ``(B,)``, then a new memory of their users."""
        rows = rows.to(self.user.device)
        found: Representations = backbone(self.graph)
        user, item = self.user[rows], self.item[rows]
        self.negative[rows] = self.memory.choose(found, user, item, self.alpha)
        options = self.settings
        self.memory.renew(
            found, torch.unique(user), options.fresh, options.temperature, self.generator
        )
        return self.ranking_terms(backbone, found, rows)

    def state(self) -> dict[str, Tensor]:
        """The memory and the models it looks back on."""
        return self.memory.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take them back."""
        self.memory.restore(state)


def _dns(inputs: Inputs, settings: DNSSettings, generator: torch.Generator) -> Plan:
    return Plan(inputs.make_backbone(generator), DNS(inputs, settings, generator))


def _srns(inputs: Inputs, settings: SRNSSettings, generator: torch.Generator) -> Plan:
    return Plan(inputs.make_backbone(generator), SRNS(inputs, settings, generator))


NEGATIVES = (
    Method("dns", "DNS negatives", "Zhang et al., SIGIR 2013", "negatives", DNSSettings, _dns),
    Method(
        "srns",
        "SRNS negatives",
        "Ding et al., NeurIPS 2020, arXiv:2009.03376",
        "negatives",
        SRNSSettings,
        _srns,
    ),
)
