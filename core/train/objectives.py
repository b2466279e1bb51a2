"""Plain BPR, from which all other objectives are made.

Source: Rendle et al., UAI 2009 (arXiv:1205.2618).

Shape letters: U users, I items, E positives, B batch, D embedding size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from core.graph.adjacency import Graph
from core.graph.at_rows import few_nodes
from core.model.gather import gather_rows
from core.model.losses import bpr_loss, weight_decay, weight_decay_at
from core.model.representations import LooksUp, Representations
from core.model.sampling import Observed, sample_uniform_negatives
from core.parallel.columns import share_of
from core.types import FloatArray, Interactions


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
        return self.ranking_terms(backbone, None, rows.to(self.user.device))

    def ranking_terms(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> dict[str, Tensor]:
        """L_rec: -log sigmoid(y_ui - y_uj), weighted, and decay.

        Args:
            backbone: What is trained.
            found: Vectors of all nodes, where there are some; otherwise only those of the batch
                are computed.
            rows: Which positives, ``(B,)``.
        """
        return self.terms_of(*self.scored(backbone, found, rows), rows)

    def terms_of(
        self, positive: Tensor, other: Tensor, decay: Tensor, rows: Tensor
    ) -> dict[str, Tensor]:
        """L_rec and decay of what :meth:`scored` gives."""
        weight = None if self.weight is None else self.weight[rows]
        return {"rec": bpr_loss(positive, other, weight), "decay": self._decay * decay}

    def scored(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of positives and of their negatives ``(B,)`` each, and the weight decay."""
        return self.scores_of(backbone, *self._looked_up(backbone, found, rows))

    def scores_of(
        self,
        backbone: nn.Module,
        of_user: Tensor,
        of_item: Tensor,
        of_negative: Tensor,
        decay: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same of given vectors ``(B, D)``: of several processes each has some columns."""
        positive, other = (of_user * of_item).sum(dim=1), (of_user * of_negative).sum(dim=1)
        positive, other, decay = share_of(backbone).sums(positive, other, decay)
        return positive, other, decay

    def triples(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """User, positive and negative of some positives, ``(B,)`` each."""
        user, item, negative = (
            part.index_select(0, rows) for part in (self.user, self.item, self.negative)
        )
        return user, item, negative

    def _looked_up(
        self, backbone: nn.Module, found: Representations | None, rows: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vectors of users, positives and negatives ``(B, D)`` each, and the weight decay."""
        user, item, negative = self.triples(rows)
        n_users = self._graph.n_users
        nodes = (user, n_users + item, n_users + negative)
        table = backbone.get_parameter("embedding")
        if found is None:
            batch = cast("LooksUp", backbone).at(self._graph, *nodes)
            of_user, of_item, of_negative = batch.vector
            if not few_nodes(self._graph, len(nodes) * len(rows)):
                return of_user, of_item, of_negative, weight_decay(*batch.initial)
        else:
            (of_user,) = gather_rows(found.user, user)
            of_item, of_negative = gather_rows(found.item, item, negative)
        return of_user, of_item, of_negative, weight_decay_at(table, *nodes)

    def state(self) -> dict[str, Tensor]:
        """Nothing outlives an epoch."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to restore."""
