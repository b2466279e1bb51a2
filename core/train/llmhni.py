"""LLMHNI's objective: L = L_rec + lambda1 L_de + lambda2 L_hal, and a contrast of layers of ours.

Source: LLMHNI (arXiv:2511.07295). Weights and negatives of L_rec, and the contrast of noisy layers
on the refined graph (XSimGCL's, arXiv:2209.02544), are ours [D].

Shape letters: U users, I items, E positives, B batch, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.graph.adjacency import Adjacency, Graph, drop_edges
from core.graph.noisy import Noise, draw_directions
from core.model.gather import gather_rows
from core.model.hard_negatives import HardNegativePool, skip_first_pool
from core.model.info_nce import info_nce
from core.model.losses import weight_decay_at
from core.model.noisy_layers import OuterLayers
from core.model.representations import LooksUp, Representations, split_nodes
from core.model.sampling import Observed, sample_uniform_negatives
from core.model.transfer import to_device
from core.parallel.columns import ColumnShare, share_of
from core.train.objectives import BPR
from core.train_settings import LLMHNIConfig
from core.types import Embeddings, FloatArray, Interactions

CONTRASTED = 1
"""l*, the layer that the mean of all is contrasted with: XSimGCL's default."""


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


class View(NamedTuple):
    """Vectors of the users and of the items of a batch, each once, ``(n, D)``."""

    user: Tensor
    item: Tensor


class LLMHNI(BPR):
    """L_rec with semantic hard negatives on G', plus L_de, L_hal and the contrast of layers.

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
        self._draws_fresh = config.semantic_negatives and config.fresh > 0
        self.pool: HardNegativePool | None = None
        if config.semantic_negatives and not self._draws_fresh:
            self.pool = HardNegativePool(n_users, n_items, config.pool, observed, generator)
        else:
            skip_first_pool(n_users, n_items, config.pool, generator)
        self.views: tuple[tuple[Adjacency, Adjacency], ...] = ()
        self.noise: Noise | None = None
        self._aligns = config.cross_graph_alignment and config.lambda_alignment > 0
        self._suppresses = config.hallucination_suppression and config.lambda_hallucination > 0
        self._generator = generator
        stored = data.graph.value.dtype
        self._product = None if stored == torch.float32 else stored

    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Refresh the pool, draw the negatives, redraw the edge-dropped views and the noise."""
        self._generator = generator
        if self.pool is not None:
            # During the warm-up too: the pool gathers the best of M fresh items at a time, and on
            # a large catalogue it needs these epochs to be more than a random one.
            with torch.no_grad():
                found: Representations = backbone(self.graph)
            share = share_of(backbone)
            self.pool.refresh(share.whole(found.user), share.whole(found.item), share.group)
        if self._draws_fresh:
            self.negative = torch.zeros_like(self.item)  # they follow the model batch by batch
        elif self.pool is not None and epoch > self.config.warmup_epochs:
            self.negative = self._mixed_negatives(self.pool, epoch, backbone, generator)
        else:
            super().begin_epoch(epoch, backbone, generator)
        if self._suppresses:
            self.views = ()  # what is drawn may take their memory
            self.views = self._draw_views(generator)
        if self.config.contrasts_layers and isinstance(backbone, OuterLayers):
            self.noise = self._draw_noise(backbone, generator)

    @torch.no_grad()
    def _fresh_negatives(self, found: Representations, user: Tensor, share: ColumnShare) -> Tensor:
        """Of fresh items the best-scored, of these the one of lowest s, ``(B,)``."""
        shape = user[:, None].expand(-1, self.config.fresh)
        item = sample_uniform_negatives(shape, self.observed, self.n_items, self._generator)
        of_item = found.item.index_select(0, item.flatten()).view(*item.shape, -1)  # (B, m, D)
        of_user = found.user.index_select(0, user)
        score = torch.bmm(of_item, of_user[:, :, None])[..., 0]  # (B, m)
        (score,) = share.sums(score)
        n_best = min(self.config.candidates, self.config.fresh)
        best = item.gather(1, score.topk(n_best, dim=1).indices)  # (B, n)
        if n_best == 1:
            return best[:, 0]
        z_user, z_item = self.aligned
        s = functional.cosine_similarity(z_user[user][:, None], z_item[best], dim=-1)
        return best.gather(1, s.argmin(dim=1, keepdim=True))[:, 0]

    def _mixed_negatives(
        self,
        pool: HardNegativePool,
        epoch: int,
        backbone: nn.Module,
        generator: torch.Generator,
    ) -> Tensor:
        """Semantic hard negatives for a share of the positives, uniform ones else, ``(E',)``.

        Hard ones alone teach the model that what a user would like next is wrong wherever the
        catalogue is small beside the pool.
        """
        hard = pool.draw(self.user, self.config.candidates, self.aligned, generator)
        if self.config.hard_share == 1.0:
            return hard
        super().begin_epoch(epoch, backbone, generator)
        chance = torch.rand(len(hard), generator=generator).to(hard.device)
        return torch.where(chance < self.config.hard_share, hard, self.negative)

    def _draw_views(self, generator: torch.Generator) -> tuple[tuple[Adjacency, Adjacency], ...]:
        """Pairs of dropped graphs that L_hal contrasts; both readings of the paper."""

        def drop(graph: Graph) -> Adjacency:
            return drop_edges(graph, self.config.drop_rate, generator).adjacency

        if self.config.hallucination_views == "cross":
            return ((drop(self.original), drop(self.graph)),)
        return (
            (drop(self.original), drop(self.original)),
            (drop(self.graph), drop(self.graph)),
        )

    def _draw_noise(self, backbone: OuterLayers, generator: torch.Generator) -> Noise:
        """Directions for one epoch; each of several processes has its columns of one table."""
        share = share_of(backbone)
        table = backbone.embedding
        n_columns = share.n_columns if share.group.size > 1 else table.shape[1]
        drawn = share.cut(draw_directions(len(table), n_columns, generator))
        stored = to_device(drawn.to(self.graph.value.dtype), table.device)
        return Noise(self.config.noise, stored, generator)

    def loss(self, backbone: nn.Module, rows: Tensor) -> Mapping[str, Tensor]:
        """All terms for some positives ``(B,)``."""
        rows = rows.to(self.user.device)
        layer, refined = self._refined(backbone)
        if self._draws_fresh:
            user = self.user[rows]
            self.negative[rows] = self._fresh_negatives(refined, user, share_of(backbone))
        users, items = torch.unique(self.user[rows]), torch.unique(self.item[rows])
        batch, own = self._read(backbone, refined, rows, users, items)
        terms = self.terms_of(*self.scores_of(backbone, *batch), rows)
        return {**terms, **self._contrasts(backbone, own, layer, users, items)}

    def _refined(self, backbone: nn.Module) -> tuple[Representations | None, Representations]:
        """The noisy layer to contrast with, if any, and the vectors on G'."""
        if self.noise is None:
            return None, backbone(self.graph)
        encoder = cast("OuterLayers", backbone)
        mean, layer = self.graph.noisy_mean(
            encoder.embedding, encoder.n_layers, self.noise, CONTRASTED
        )
        return split_nodes(layer, encoder.n_users), split_nodes(mean, encoder.n_users)

    def _read(
        self,
        backbone: nn.Module,
        found: Representations,
        rows: Tensor,
        users: Tensor,
        items: Tensor,
    ) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], View]:
        """What L_rec needs, and the batch's nodes once each: one look-up for each table."""
        user, item, negative = self.triples(rows)
        n_users = self.graph.n_users
        table = backbone.get_parameter("embedding")
        decay = weight_decay_at(table, user, n_users + item, n_users + negative)
        of_user, of_users = gather_rows(found.user, user, users)
        of_item, of_negative, of_items = gather_rows(found.item, item, negative, items)
        return (of_user, of_item, of_negative, decay), View(of_users, of_items)

    def _contrasts(
        self,
        backbone: nn.Module,
        refined: View,
        layer: Representations | None,
        users: Tensor,
        items: Tensor,
    ) -> dict[str, Tensor]:
        """Every contrastive term that counts, weighted."""
        config, share, terms = self.config, share_of(backbone), {}

        def view(graph: Adjacency) -> View:
            nodes = users, self.graph.n_users + items
            return View(*cast("LooksUp", backbone).at(graph, *nodes).vector)

        def both_ways(left: View, right: View) -> Tensor:
            return self._contrast(left, right, share, config.temperature)

        if self._aligns:
            found = both_ways(view(self.original), refined)
            terms["de"] = config.lambda_alignment * found
        if self._suppresses:
            parts = [both_ways(view(left), view(right)) for left, right in self.views]
            terms["hal"] = config.lambda_hallucination * torch.stack(parts).mean()
        if layer is not None:
            other = View(*gather_rows(layer.user, users), *gather_rows(layer.item, items))
            found = self._contrast(refined, other, share, config.layer_temperature, forth=1.0)
            terms["layers"] = config.lambda_layers * found
        return terms

    def _contrast(
        self, left: View, right: View, share: ColumnShare, temperature: float, forth: float = 0.5
    ) -> Tensor:
        """InfoNCE over the users and over the items."""

        def contrast(one: Tensor, other: Tensor) -> Tensor:
            one, other = share.whole_rows(one, other)
            return info_nce(one, other, temperature, product=self._product, forth=forth)

        return contrast(left.user, right.user) + contrast(left.item, right.item)

    def state(self) -> dict[str, Tensor]:
        """The pool, if any: what the next refresh starts from."""
        return {} if self.pool is None else {"pool": self.pool.item}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take the pool back."""
        if self.pool is not None:
            self.pool.item = state["pool"].to(self.user.device)
