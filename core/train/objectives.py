"""Objectives: plain BPR and the whole of LLMHNI.

Sources: BPR: Rendle et al., UAI 2009 (arXiv:1205.2618). LLMHNI: arXiv:2511.07295,
L = L_rec + lambda1 L_de + lambda2 L_hal.

Shape letters: U users, I items, E positives, B batch, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import LLMHNIConfig
from core.graph.adjacency import Graph, drop_edges
from core.model.gather import gather_rows
from core.model.hard_negatives import HardNegativePool
from core.model.info_nce import info_nce
from core.model.losses import bpr_loss, weight_decay
from core.model.representations import Representations
from core.model.sampling import Observed, sample_uniform_negatives
from core.parallel.columns import ColumnShare, share_of
from core.types import Embeddings, FloatArray, Interactions


class BPR:
    """Pairwise ranking against uniform negatives on one graph.

    Args:
        positives: The E pairs to rank high.
        graph: Graph of propagation and of inference.
        decay: Weight of the squared norm of the batch's rows of E0.
        observed: Pairs that are never negatives; the positives if omitted.
        weight: Weight of each positive, ``(E,)``; all ones if omitted.
    """

    def __init__(
        self,
        positives: Interactions,
        graph: Graph,
        decay: float,
        observed: Observed | None = None,
        weight: FloatArray | None = None,
    ) -> None:
        device = graph.user.device
        self._graph, self._decay = graph, decay
        self.user = torch.from_numpy(positives.user).to(device)
        self.item = torch.from_numpy(positives.item).to(device)
        self.weight = None if weight is None else torch.from_numpy(weight).to(device)
        self.n_items = positives.n_items
        self.observed = observed or Observed(positives, device=device)
        self.negative = torch.empty_like(self.item)

    @property
    def n_rows(self) -> int:
        """E."""
        return len(self.user)

    @property
    def graph(self) -> Graph:
        """Graph of inference."""
        return self._graph

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:  # noqa: ARG002 - one shape of objective
        """Draw one uniform negative per positive."""
        self.negative = sample_uniform_negatives(self.user, self.observed, self.n_items, generator)

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """BPR and weight decay of some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        return self.ranking_terms(backbone, backbone(self._graph), rows)

    def ranking_terms(
        self, backbone: nn.Module, found: Representations, rows: Tensor
    ) -> dict[str, Tensor]:
        """L_rec on given representations: -log sigmoid(y_ui - y_uj), weighted, and decay."""
        weight = None if self.weight is None else self.weight[rows]
        positive, other, decay = self.scored(backbone, found, rows)
        return {"rec": bpr_loss(positive, other, weight), "decay": self._decay * decay}

    def scored(
        self, backbone: nn.Module, found: Representations, rows: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of positives and of their negatives ``(B,)`` each, and the weight decay."""
        user, item, negative = self.user[rows], self.item[rows], self.negative[rows]
        n_users = len(found.user)
        table = backbone.get_parameter("embedding")  # E0, (N, D)
        decay = weight_decay(*gather_rows(table, user, n_users + item, n_users + negative))
        (of_user,) = gather_rows(found.user, user)  # (B, D)
        of_item, of_negative = gather_rows(found.item, item, negative)
        positive, other = (of_user * of_item).sum(dim=1), (of_user * of_negative).sum(dim=1)
        positive, other, decay = share_of(backbone).sums(positive, other, decay)
        return positive, other, decay

    def state(self) -> dict[str, Tensor]:
        """Nothing outlives an epoch."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to restore."""


@dataclass(frozen=True)
class RefinedInput:
    """What LLMHNI trains on."""

    graph: Graph
    """G, the original graph."""
    refined: Graph
    """G'."""
    positives: Interactions
    """E', the positives of L_rec."""
    weight: FloatArray | None
    """Weight of each positive in L_rec ``(E',)``, or all ones."""
    train: Interactions
    """All observed pairs: none of them is a negative."""
    aligned: Embeddings
    """Projected text embeddings, for s of the negatives."""


class LLMHNI(BPR):
    """L_rec with semantic hard negatives on G', plus L_de and L_hal.

    Args:
        data: Graphs, positives, aligned embeddings.
        config: Weights, pool, temperatures and the ablation switches.
        generator: Fills the first pool.
    """

    def __init__(
        self, data: RefinedInput, config: LLMHNIConfig, generator: torch.Generator
    ) -> None:
        device = data.graph.user.device
        observed = Observed(data.train, device=device).including(data.positives)
        super().__init__(data.positives, data.refined, config.weight_decay, observed, data.weight)
        self.config, self.original = config, data.graph
        self.aligned = (
            torch.from_numpy(data.aligned.user).to(device),
            torch.from_numpy(data.aligned.item).to(device),
        )
        n_users, n_items = data.train.n_users, data.train.n_items
        self.pool = HardNegativePool(n_users, n_items, config.pool, observed, generator)
        self.views: tuple[tuple[Graph, Graph], ...] = ()
        self._draws_fresh = config.semantic_negatives and config.fresh > 0
        self._aligns = config.cross_graph_alignment and config.lambda_alignment > 0
        self._suppresses = config.hallucination_suppression and config.lambda_hallucination > 0
        self._generator = generator
        stored = data.graph.value.dtype
        self._product = None if stored == torch.float32 else stored

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Refresh the pool, draw the negatives, redraw the edge-dropped views."""
        self._generator = generator
        if self.config.semantic_negatives and not self._draws_fresh:
            # During the warm-up too: the pool gathers the best of M fresh items at a time, and on
            # a large catalogue it needs these epochs to be more than a random one.
            with torch.no_grad():
                found: Representations = backbone(self.graph)
            share = share_of(backbone)
            self.pool.refresh(share.whole(found.user), share.whole(found.item), share.group)
        if self._draws_fresh:
            self.negative = torch.zeros_like(self.item)  # they follow the model batch by batch
        elif self.config.semantic_negatives and epoch > self.config.warmup_epochs:
            self.negative = self._mixed_negatives(epoch, backbone, generator)
        else:
            super().begin_epoch(epoch, backbone, generator)
        if self._suppresses:
            self.views = self._draw_views(generator)

    @torch.no_grad()
    def _fresh_negatives(self, found: Representations, user: Tensor, share: ColumnShare) -> Tensor:
        """Of fresh items the best-scored, of these the one of lowest s, ``(B,)``."""
        shape = user[:, None].expand(-1, self.config.fresh)
        item = sample_uniform_negatives(shape, self.observed, self.n_items, self._generator)
        score = torch.bmm(found.item[item], found.user[user][:, :, None])[..., 0]  # (B, m)
        (score,) = share.sums(score)
        n_best = min(self.config.candidates, self.config.fresh)
        best = item.gather(1, score.topk(n_best, dim=1).indices)  # (B, n)
        if n_best == 1:
            return best[:, 0]
        z_user, z_item = self.aligned
        s = functional.cosine_similarity(z_user[user][:, None], z_item[best], dim=-1)
        return best.gather(1, s.argmin(dim=1, keepdim=True))[:, 0]

    def _mixed_negatives(
        self, epoch: int, backbone: nn.Module, generator: torch.Generator
    ) -> Tensor:
        """Semantic hard negatives for a share of the positives, uniform ones else, ``(E',)``.

        Hard ones alone teach the model that what a user would like next is wrong wherever the
        catalogue is small beside the pool.
        """
        hard = self.pool.draw(self.user, self.config.candidates, self.aligned, generator)
        if self.config.hard_share == 1.0:
            return hard
        super().begin_epoch(epoch, backbone, generator)
        chance = torch.rand(len(hard), generator=generator).to(hard.device)
        return torch.where(chance < self.config.hard_share, hard, self.negative)

    def _draw_views(self, generator: torch.Generator) -> tuple[tuple[Graph, Graph], ...]:
        """Pairs of dropped graphs that L_hal contrasts; both readings of the paper."""

        def drop(graph: Graph) -> Graph:
            return drop_edges(graph, self.config.drop_rate, generator)

        if self.config.hallucination_views == "cross":
            return ((drop(self.original), drop(self.graph)),)
        return (
            (drop(self.original), drop(self.original)),
            (drop(self.graph), drop(self.graph)),
        )

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """All terms for some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        refined: Representations = backbone(self.graph)
        share = share_of(backbone)
        if self._draws_fresh:
            self.negative[rows] = self._fresh_negatives(refined, self.user[rows], share)
        terms = self.ranking_terms(backbone, refined, rows)
        users, items = torch.unique(self.user[rows]), torch.unique(self.item[rows])
        if self._aligns:
            terms["de"] = self.config.lambda_alignment * self._contrast(
                backbone(self.original), refined, users, items, share
            )
        if self._suppresses:
            parts = [
                self._contrast(backbone(left), backbone(right), users, items, share)
                for left, right in self.views
            ]
            terms["hal"] = self.config.lambda_hallucination * torch.stack(parts).mean()
        return terms

    def _contrast(
        self,
        left: Representations,
        right: Representations,
        users: Tensor,
        items: Tensor,
        share: ColumnShare,
    ) -> Tensor:
        """InfoNCE over the unique users and the unique items of the batch."""

        def contrast(one: Tensor, other: Tensor, nodes: Tensor) -> Tensor:
            (of_one,), (of_other,) = gather_rows(one, nodes), gather_rows(other, nodes)
            of_one, of_other = share.whole_rows(of_one, of_other)
            return info_nce(of_one, of_other, self.config.temperature, product=self._product)

        return contrast(left.user, right.user, users) + contrast(left.item, right.item, items)

    def state(self) -> dict[str, Tensor]:
        """The pool: what the next refresh starts from."""
        return {"pool": self.pool.item}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take the pool back."""
        self.pool.item = state["pool"].to(self.user.device)
