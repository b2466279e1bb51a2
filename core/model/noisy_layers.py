"""LightGCN without its input layer, and with noise added to every other.

The encoder of SimGCL and XSimGCL, and of LLMHNI's contrast of layers.

Source: Yu et al., "Are Graph Augmentations Necessary?", SIGIR 2022 (arXiv:2112.08679): the mean of
layers 1..K; a perturbed layer is e + d with d = sign(e) * x, x uniform in 0..1 per component and
scaled to length epsilon, so noise never leaves the orthant of e. It passes on to later layers.

Shape letters: N nodes, D embedding size, K layers.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from core.config import BackboneConfig
from core.errors import ConfigError
from core.model.lightgcn import LightGCN
from core.model.representations import Batch, PropagationGraph, Representations, split_nodes


class OuterLayers(LightGCN):
    """Mean of layers 1..K; layer 0 is left out, also in inference.

    Args:
        n_users: U.
        n_items: I.
        config: Embedding size, layers and the spread of the initial embeddings.
        generator: Source of the initial embeddings.

    Raises:
        ConfigError: If there is no layer beside layer 0.
    """

    def __init__(
        self, n_users: int, n_items: int, config: BackboneConfig, generator: torch.Generator
    ) -> None:
        super().__init__(n_users, n_items, config, generator)
        if self.n_layers < 1:
            raise ConfigError(
                "SimGCL and XSimGCL leave out the input layer; set backbone.n_layers to 1 or more"
            )

    def forward(self, graph: PropagationGraph) -> Representations:
        """Propagate without noise."""
        layers = super().forward(graph)  # mean of K + 1 layers, layer 0 included
        mean = torch.cat(layers) * (self.n_layers + 1) - self.embedding
        return split_nodes(mean / self.n_layers, self.n_users)

    def at(self, graph: PropagationGraph, *nodes: Tensor) -> Batch:
        """The same for the nodes of a batch alone, int64 ``(B,)`` each."""
        found = super().at(graph, *nodes)
        both = zip(found.vector, found.initial, strict=True)
        outer = [(mean * (self.n_layers + 1) - own) / self.n_layers for mean, own in both]
        return Batch(tuple(outer), found.initial)

    def noisy_layers(
        self, graph: PropagationGraph, epsilon: float, generator: torch.Generator
    ) -> list[Tensor]:
        """Layers 1..K with noise of length epsilon in every row, ``(N, D)`` each."""
        layers: list[Tensor] = [self.embedding]
        for _ in range(self.n_layers):
            layers.append(perturbed(graph.spmm(layers[-1]), epsilon, generator))
        return layers[1:]

    def mean_of(self, layers: list[Tensor]) -> Representations:
        """Average some layers."""
        return split_nodes(torch.stack(layers).mean(dim=0), self.n_users)


def perturbed(layer: Tensor, epsilon: float, generator: torch.Generator) -> Tensor:
    """Add noise of length epsilon to each row of ``(N, D)``, towards the signs of the row.

    A row of zeros (an isolated node) stays as it is.
    """
    noise = torch.rand(layer.shape, generator=generator, device=generator.device).to(layer.device)
    return layer + torch.sign(layer.detach()) * functional.normalize(noise, dim=1) * epsilon
