"""WBPR: negatives in proportion to their popularity.

Source: Gantner et al., "Personalized Ranking for Non-Uniformly Sampled Items", JMLR W&CP 18 (KDD
Cup 2011), 2012: BPR-Opt with weights w_j = number of users of j on the negatives, maximised by
drawing j in proportion to w_j among the items the user has not interacted with. A popular item
that a user left alone is more likely one the user does not want.

Shape letters: U users, I items, P observed pairs, E positives.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from core.baselines.method import Inputs, Method, Plan
from core.graph.adjacency import Graph
from core.method_settings import NoSettings
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.objectives import BPR
from core.types import Interactions


class PopularityDraw:
    """Exact draws of unobserved items in proportion to their popularity, without rejection.

    All items lie on a line, each as long as its number of interactions. A point on what the
    user's own items leave of the line is drawn, and one binary search adds the lengths of the
    user's items before it.
    """

    def __init__(self, train: Interactions, device: str | torch.device = "cpu") -> None:
        self.observed = Observed(train, device=device)
        key, n_items = self.observed.key, self.observed.n_items
        user, item = key // n_items, key % n_items
        length = torch.bincount(item, minlength=n_items)  # (I,) repeats of a pair count once
        self._end = length.cumsum(0)
        self.total = int(length.sum())
        count = self.observed.count
        self._first = count.cumsum(0) - count  # (U,) first of each user's items among the P
        self._own = torch.cat([count.new_zeros(1), length[item].cumsum(0)])  # (P + 1,)
        own_before = self._own[:-1] - self._own[self._first[user]]
        before = self._end[item] - length[item] - own_before  # unobserved length before each item
        self._place = user * (self.total + 1) + before
        self.free = self.total - (self._own[self._first + count] - self._own[self._first])

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Draw one item per user ``(B,)``; uniformly where only never-chosen items are left."""
        free = self.free[users]
        draw = torch.rand(users.shape, dtype=torch.float64, generator=generator).to(users.device)
        point = (draw * free).long().clamp(max=(free - 1).clamp(min=0))
        query = users * (self.total + 1) + point
        first = self._first[users]
        before = torch.searchsorted(self._place, query, right=True) - first
        point = point + self._own[first + before] - self._own[first]
        item = torch.searchsorted(self._end, point, right=True).clamp(max=self.observed.n_items - 1)
        other = sample_uniform_negatives(users, self.observed, self.observed.n_items, generator)
        return torch.where(free > 0, item, other)


class WBPR(BPR):
    """BPR against popular items."""

    def __init__(self, positives: Interactions, graph: Graph, decay: float) -> None:
        popular = PopularityDraw(positives, graph.user.device)
        super().__init__(positives, graph, decay, popular.observed)
        self._popular = popular

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:  # noqa: ARG002 - one shape of objective
        """Draw one negative per positive."""
        self.negative = self._popular.draw(self.user, generator)


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401, ARG001 - nothing to set
    objective = WBPR(inputs.train, inputs.graph, inputs.optimiser.weight_decay)
    return Plan(inputs.make_backbone(generator), objective)


METHOD = Method(
    "wbpr",
    "WBPR",
    "Gantner et al., Personalized Ranking for Non-Uniformly Sampled Items, JMLR W&CP 18, 2012",
    "negatives",
    NoSettings,
    _build,
)
