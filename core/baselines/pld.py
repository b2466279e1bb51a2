"""PLD: the positive of each slot is drawn again among the user's own, rather one of low loss.

Source: Zhang et al., "Personalized Denoising Implicit Feedback for Robust Recommender System",
WWW 2025 (arXiv:2502.00348): after a warm-up, draw a pool of k positives of the user and one
negative, and take positive i with probability softmax(-l_i / tau) over the pool, l the BPR loss.
Losses are compared within one user, where hard and noisy differ more than over all.

Where we differ: users come in proportion to their interactions, as in every other method here (its
code draws them uniformly); pools are drawn once per epoch and may hold an item twice (its code
repeats only where a user has fewer than k), the choice is made in each batch by the model of that
moment.

Shape letters: U users, E positives, B batch, k pool.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from core.baselines.method import LOSS, LOSS_NEGATIVES, Inputs, Method, Plan
from core.baselines.two_scores import as_array
from core.graph.adjacency import Graph
from core.method_settings import PLDConfig
from core.model.losses import pairwise_loss
from core.model.representations import Representations, score_pairs
from core.model.sampling import Observed, sample_uniform_negatives
from core.train.objectives import BPR
from core.train.recorder import BLOCK
from core.train.trainer import TrainResult
from core.types import Embeddings, FloatArray, Interactions


class OwnItems:
    """Uniform draws, with repeats, from the items of a user."""

    def __init__(self, train: Interactions, device: str | torch.device = "cpu") -> None:
        user = torch.from_numpy(train.user).to(device)
        self._count = torch.bincount(user, minlength=train.n_users)  # (U,)
        self._first = self._count.cumsum(0) - self._count
        self._item = torch.from_numpy(train.item).to(device)[torch.argsort(user, stable=True)]

    def draw(self, users: Tensor, size: int, generator: torch.Generator) -> Tensor:
        """Item numbers ``(B, size)`` for users ``(B,)`` that have at least one item."""
        draw = torch.rand(len(users), size, dtype=torch.float64, generator=generator)
        count = self._count[users][:, None]
        place = (draw.to(users.device) * count).long().clamp(max=count - 1)
        return self._item[self._first[users][:, None] + place]


def negative_losses(found: Representations, user: Tensor, pool: Tensor, negative: Tensor) -> Tensor:
    """Minus the BPR loss of a pool ``(B, k)`` against one negative each ``(B,)``, ``(B, k)``."""
    positive = score_pairs(found, user[:, None], pool)
    return -pairwise_loss(positive, score_pairs(found, user, negative)[:, None])


class PLD(BPR):
    """BPR on positives that are drawn again."""

    def __init__(
        self, positives: Interactions, graph: Graph, decay: float, settings: PLDConfig
    ) -> None:
        super().__init__(positives, graph, decay)
        self.settings, self._observed_item = settings, self.item.clone()
        self._own = OwnItems(positives, graph.user.device)
        self.pool: Tensor | None = None
        self._luck = torch.empty(0)

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Draw negatives, pools and the luck of the choice; in the warm-up negatives alone."""
        super().begin_epoch(epoch, backbone, generator)
        self.item, self.pool = self._observed_item.clone(), None
        if epoch <= self.settings.warmup_epochs:
            return
        self.pool = self._own.draw(self.user, self.settings.pool, generator)  # (E, k)
        luck = torch.empty(self.pool.shape).exponential_(generator=generator)
        self._luck = -luck.log().to(self.pool.device)  # standard Gumbel

    def ranking_terms(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> dict[str, Tensor]:
        """Choose the positives ``(B,)``, then BPR."""
        if self.pool is not None:
            found = backbone(self.graph) if found is None else found
            self.item[rows] = self._choose(found, rows, self.pool[rows])
        return super().ranking_terms(backbone, found, rows)

    @torch.no_grad()
    def _choose(self, found: Representations, rows: Tensor, pool: Tensor) -> Tensor:
        """Draw from softmax(-l / tau): the arg-max after adding Gumbel noise."""
        merit = negative_losses(found, self.user[rows], pool, self.negative[rows])
        best = (merit / self.settings.temperature + self._luck[rows]).argmax(dim=1, keepdim=True)
        return pool.gather(1, best)[:, 0]


def selection(inputs: Inputs, found: Embeddings, settings: PLDConfig) -> Tensor:
    """Chance of each train interaction to be chosen from a pool it is in, ``(E,)``.

    The mean over some random pools of k - 1 further items of the user, and as many negatives.
    """
    train, generator = inputs.train, inputs.generator(LOSS)
    user, item = torch.from_numpy(train.user), torch.from_numpy(train.item)
    vectors = Representations(torch.from_numpy(found.user), torch.from_numpy(found.item))
    own, observed, total = OwnItems(train), Observed(train), torch.zeros(len(train))
    for _ in range(LOSS_NEGATIVES):
        pool = torch.cat([item[:, None], own.draw(user, settings.pool - 1, generator)], dim=1)
        negative = sample_uniform_negatives(user, observed, train.n_items, generator)
        for rows in torch.split(torch.arange(len(train)), BLOCK):
            merit = negative_losses(vectors, user[rows], pool[rows], negative[rows])
            total[rows] += (merit / settings.temperature).softmax(dim=1)[:, 0]
    return total / LOSS_NEGATIVES


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401 - settings of this method
    def suspicion(result: TrainResult | None) -> FloatArray | None:
        return (
            None if result is None else as_array(1 - selection(inputs, result.embeddings, settings))
        )

    objective = PLD(inputs.train, inputs.graph, inputs.optimiser.weight_decay, settings)
    return Plan(inputs.make_backbone(generator), objective, suspicion)


METHOD = Method(
    "pld",
    "PLD",
    "Zhang et al., Personalized Denoising Implicit Feedback for Robust Recommender System, "
    "WWW 2025, arXiv:2502.00348",
    "objective",
    PLDConfig,
    _build,
    suspicion="1 - its chance to be chosen",
)
