"""Noisy propagation in one piece: the mean of layers 1..K, and one of them to contrast it with.

Source: Yu et al., "XSimGCL", TKDE 2023 (arXiv:2209.02544): every layer is e + epsilon * sign(e) * x
with x of length one and no component below 0; the noise passes on to later layers, no gradient
flows through its sign.

Shape letters: N nodes, D embedding size, K layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.graph.propagation import check, multiply

if TYPE_CHECKING:
    from core.graph.adjacency import Adjacency


class Noise:
    """Directions for all nodes, drawn once and read from another node on at every layer.

    To draw as many numbers as there are embeddings takes longer than a product; the chance of two
    layers of a step to give a node the same direction is 1 in N.

    Args:
        length: epsilon.
        directions: Of length one, no component below 0, ``(N, D)``; columns of several processes
            are those of one table.
        generator: Says where a layer begins to read; on the CPU.
    """

    def __init__(self, length: float, directions: Tensor, generator: torch.Generator) -> None:
        self.length, self.directions, self._generator = length, directions, generator

    def add_to(self, layer: Tensor) -> Tensor:
        """Add noise to ``(N, D)`` in place."""
        first = int(torch.randint(len(layer), (1,), generator=self._generator))
        n_before_end = len(layer) - first
        self._add(layer[:n_before_end], self.directions[first:])
        self._add(layer[n_before_end:], self.directions[:first])
        return layer

    def _add(self, part: Tensor, directions: Tensor) -> None:
        part.addcmul_(part.sign(), directions, value=self.length)


def draw_directions(n_nodes: int, size: int, generator: torch.Generator) -> Tensor:
    """Rows of length one without a component below 0, ``(N, D)``, on the CPU."""
    return functional.normalize(torch.rand(n_nodes, size, generator=generator), dim=1)


def noisy_mean(
    embedding: Tensor, graph: Adjacency, n_layers: int, noise: Noise, contrasted: int
) -> tuple[Tensor, Tensor]:
    """Mean of the noisy layers 1..K, and the noisy layer l*.

    Args:
        embedding: Node embeddings, ``(N, D)``, users first.
        graph: The graph A. Layers are stored in its type, their sum in the type of ``embedding``.
        n_layers: K, at least 1.
        noise: Of the type and on the device of the graph.
        contrasted: l*, from 1 to K.

    Returns:
        Two of ``(N, D)`` in the type of ``embedding``, differentiable once.

    Raises:
        ValueError: If ``embedding`` is not ``(N, D)`` or there is no layer l*.
    """
    check(embedding, graph, n_layers)
    if not 1 <= contrasted <= n_layers:
        raise ValueError(f"there is no layer {contrasted} among 1 to {n_layers}")
    mean, layer = _NoisyMean.apply(embedding, graph, n_layers, noise, contrasted)  # type: ignore[no-untyped-call]
    return mean, layer


class _NoisyMean(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        embedding: Tensor,
        graph: Adjacency,
        n_layers: int,
        noise: Noise,
        contrasted: int,
    ) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.n_layers, ctx.contrasted = graph, n_layers, contrasted
        layer = embedding.detach().contiguous().to(graph.value.dtype)
        total = torch.zeros_like(embedding)
        found = total
        for k in range(1, n_layers + 1):
            layer = noise.add_to(multiply(graph, layer))
            total.add_(layer)
            if k == contrasted:
                found = layer.to(embedding.dtype)
        return total.div_(n_layers), found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mean: Tensor, of_layer: Tensor) -> Any:  # noqa: ANN401
        graph, each = ctx.graph, of_mean / ctx.n_layers
        total = torch.zeros_like(each)
        for k in range(ctx.n_layers, 0, -1):
            total = total.add_(each)
            if k == ctx.contrasted:
                total.add_(of_layer)
            total = multiply(graph, total.to(graph.value.dtype)).to(each.dtype)
        return total, None, None, None, None
