"""NGCF: graph convolution with weights and a user-item interaction term.

Source: Wang et al., "Neural Graph Collaborative Filtering", SIGIR 2019 (arXiv:1905.08108),
eq. 7 and 9. The layers are concatenated as eq. 9 says; the authors' code also scales each of
them to length one, the paper does not, and neither do we. Left out: message dropout (edges are
dropped outside, on the graph) and biases, which eq. 7 does not have. The slope of LeakyReLU is
the 0.2 of the authors' code.

Shape letters: U users, I items, N = U + I nodes, D embedding size, K layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import BackboneConfig
from core.model.representations import (
    Batch,
    PropagationGraph,
    Representations,
    check_graph,
    look_up,
    split_nodes,
)

LEAKY_SLOPE = 0.2


class NGCF(nn.Module):
    """Non-linear graph convolution; its vectors have size ``(K + 1) * D``.

    Args:
        n_users: U.
        n_items: I.
        config: Embedding size, layers and the spread of the initial embeddings.
        generator: Source of the initial embeddings and weights (Xavier, as in the paper).
    """

    def __init__(
        self, n_users: int, n_items: int, config: BackboneConfig, generator: torch.Generator
    ) -> None:
        """Draw the initial embeddings, then the weights."""
        super().__init__()
        self.n_users = n_users
        self.n_items = n_items
        self.n_layers = config.n_layers
        size = config.embedding_size
        self.embedding = nn.Parameter(torch.empty(n_users + n_items, size))
        nn.init.normal_(self.embedding, std=config.init_std, generator=generator)
        self.neighbour_weight = nn.Parameter(torch.empty(config.n_layers, size, size))
        self.interaction_weight = nn.Parameter(torch.empty(config.n_layers, size, size))
        for weight in (*self.neighbour_weight, *self.interaction_weight):
            nn.init.xavier_uniform_(weight, generator=generator)

    def forward(self, graph: PropagationGraph) -> Representations:
        """Run all layers and concatenate them, layer 0 included: user ``(U, (K + 1) * D)``.

        Raises:
            ValueError: If the graph has other users or items.
        """
        check_graph(graph, self.n_users, self.n_items)
        layers: list[Tensor] = [self.embedding]
        weights = zip(self.neighbour_weight, self.interaction_weight, strict=True)
        for neighbour_weight, interaction_weight in weights:
            layer = layers[-1]  # (N, D)
            side = graph.spmm(layer)  # (N, N) @ (N, D)
            message = (side + layer) @ neighbour_weight + (side * layer) @ interaction_weight
            layers.append(functional.leaky_relu(message, LEAKY_SLOPE))  # eq. 7
        return split_nodes(torch.cat(layers, dim=1), self.n_users)  # eq. 9

    def at(self, graph: PropagationGraph, *nodes: Tensor) -> Batch:
        """The same for the nodes of a batch, int64 ``(B,)`` each."""
        return look_up(self(graph), self.embedding, *nodes)
