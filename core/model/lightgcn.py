"""LightGCN: embeddings smoothed over the interaction graph.

Source: He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for
Recommendation", SIGIR 2020 (arXiv:2002.02126), eq. 3, 4 and 8.

Shape letters: U users, I items, N = U + I nodes, D embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.config import BackboneConfig
from core.model.representations import (
    Batch,
    PropagationGraph,
    Representations,
    check_graph,
    split_nodes,
)
from core.parallel.columns import UNDIVIDED, ColumnShare


class LightGCN(nn.Module):
    """Linear graph convolution with no weights but the embeddings.

    The graph is an argument of :meth:`forward`, not state, so one table of embeddings runs over
    the original graph, the refined graph and every edge-dropped view.

    Args:
        n_users: U.
        n_items: I.
        config: Embedding size, layers and the spread of the initial embeddings.
        generator: Source of the initial embeddings.
    """

    share: ColumnShare = UNDIVIDED
    """Columns of the embeddings that are here: see :mod:`core.parallel.columns`."""

    def __init__(
        self, n_users: int, n_items: int, config: BackboneConfig, generator: torch.Generator
    ) -> None:
        """Draw the initial embeddings."""
        super().__init__()
        self.n_users = n_users
        self.n_items = n_items
        self.n_layers = config.n_layers
        self.embedding = nn.Parameter(torch.empty(n_users + n_items, config.embedding_size))
        nn.init.normal_(self.embedding, std=config.init_std, generator=generator)

    def forward(self, graph: PropagationGraph) -> Representations:
        """Propagate the embeddings and average all layers, layer 0 included (eq. 4).

        Raises:
            ValueError: If the graph has other users or items.
        """
        check_graph(graph, self.n_users, self.n_items)
        return split_nodes(graph.propagate(self.embedding, self.n_layers), self.n_users)

    def at(self, graph: PropagationGraph, *nodes: Tensor) -> Batch:
        """The same for the nodes of a batch alone: what no layer needs is not computed.

        Args:
            graph: Over which to propagate.
            nodes: Node numbers, int64 ``(B,)`` each, users first.

        Raises:
            ValueError: If the graph has other users or items.
        """
        check_graph(graph, self.n_users, self.n_items)
        vector, initial = graph.mean_at(self.embedding, self.n_layers, torch.cat(nodes))
        sizes = [len(one) for one in nodes]
        return Batch(torch.split(vector, sizes), torch.split(initial, sizes))
