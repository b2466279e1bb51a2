"""A learned mask on the edges of LightGCN, and how much two sets of vectors depend on each other.

Sources: binary concrete mask: Maddison et al., ICLR 2017 (arXiv:1611.00712), as LLaRD
(arXiv:2502.09058) has it: sigmoid((logit + log x - log(1 - x)) / temperature) + bias, x uniform,
the logit of an edge from an MLP of both ends. HSIC: Gretton et al., ALT 2005:
tr(K H L H) / (n - 1)^2 with H = 1 - 11'/n.

Shape letters: N nodes, E edges, D embedding size, n rows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.config import BackboneConfig
from core.graph.adjacency import Graph
from core.model.lightgcn import LightGCN
from core.model.representations import (
    Batch,
    PropagationGraph,
    Representations,
    look_up,
    split_nodes,
)

TEMPERATURE = 0.2
BIAS = 0.5


class MaskedLightGCN(LightGCN):
    """LightGCN over masked edges; without noise in inference.

    Args:
        n_users: U.
        n_items: I.
        config: Embedding size, layers and the spread of the initial embeddings.
        generator: Source of the initial embeddings and weights.
    """

    def __init__(
        self, n_users: int, n_items: int, config: BackboneConfig, generator: torch.Generator
    ) -> None:
        super().__init__(n_users, n_items, config, generator)
        size = config.embedding_size
        self.hidden = nn.Linear(2 * size, size)
        self.output = nn.Linear(size, 1)
        for layer in (self.hidden, self.output):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, graph: PropagationGraph) -> Representations:
        """Propagate over the graph with the mask at its median.

        Raises:
            ValueError: If the graph has no edges to mask.
        """
        if not isinstance(graph, Graph):
            raise ValueError(f"cannot mask the edges of a {type(graph).__name__}")
        return self.masked(graph, self.mask(graph))

    def at(self, graph: PropagationGraph, *nodes: Tensor) -> Batch:
        """The same for the nodes of a batch, int64 ``(B,)`` each."""
        return look_up(self(graph), self.embedding, *nodes)

    def logits(self, graph: Graph) -> Tensor:
        """How much each edge is worth keeping, ``(E,)``."""
        user, item = self.embedding[graph.user], self.embedding[self.n_users + graph.item]
        found: Tensor = self.output(functional.relu(self.hidden(torch.cat([user, item], dim=1))))
        return found[:, 0]

    def mask(self, graph: Graph, generator: torch.Generator | None = None) -> Tensor:
        """Factor of each edge, ``(E,)`` in bias..1 + bias; drawn, or the median without noise."""
        logit = self.logits(graph)
        if generator is not None:
            draw = torch.rand(logit.shape, generator=generator, device=generator.device)
            logit = logit + torch.logit(draw, eps=1e-6).to(logit.device)
        return torch.sigmoid(logit / TEMPERATURE) + BIAS

    def whole(self, graph: Graph) -> Representations:
        """Propagate over the graph without any mask."""
        return super().forward(graph)

    def masked(self, graph: Graph, mask: Tensor) -> Representations:
        """Propagate with a factor on each edge ``(E,)``, through which the gradient flows.

        Both directions have the same factor, and degrees stay those of the whole graph.
        """
        weight = graph.value.float() * mask.index_select(0, graph.edge)  # (2E,)
        layer: Tensor = self.embedding
        total: Tensor = self.embedding
        for _ in range(self.n_layers):
            layer = functional.embedding_bag(
                graph.column,
                layer,
                graph.offsets,
                mode="sum",
                per_sample_weights=weight,
                include_last_offset=True,
            )
            total = total + layer
        return split_nodes(total / (self.n_layers + 1), self.n_users)


def hsic(left: Tensor, right: Tensor, sigma: float) -> Tensor:
    """HSIC of two views of the same nodes, ``(n, D)`` each; 0 for fewer than two nodes.

    Kernel ``exp((cos(a, b) - 1) / sigma)``, which is Gaussian on vectors of length 1.
    """
    n = len(left)
    if n < 2:
        return left.new_zeros(())
    one, other = _kernel(left, sigma), _kernel(right, sigma)  # (n, n), symmetric
    trace = (one * other).sum()
    across = (one.sum(dim=0) * other.sum(dim=0)).sum()
    return (trace - 2 * across / n + one.sum() * other.sum() / n**2) / (n - 1) ** 2


def _kernel(rows: Tensor, sigma: float) -> Tensor:
    unit = functional.normalize(rows, dim=1)
    return torch.exp((unit @ unit.T - 1) / sigma)
