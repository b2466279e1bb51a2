"""Products of the normalised graph with node embeddings, and LightGCN's mean of layers.

Source: He et al., "LightGCN", SIGIR 2020 (arXiv:2002.02126), eq. 4 and 8.

The graph is symmetric, so the gradient of a product is the same product: no transpose is ever
built. On the CPU the product is a weighted ``embedding_bag`` (row = bag, neighbours = its
members), which is several times faster than sparse matrix kernels and also takes bfloat16;
on a GPU it is the vendor's CSR product.

Shape letters: N nodes, D embedding size, K layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from core.graph.adjacency import Adjacency


def propagate(embedding: Tensor, graph: Adjacency, n_layers: int) -> Tensor:
    """Average the embeddings over layers 0..K: ``mean_k A^k E``.

    Args:
        embedding: Node embeddings, ``(N, D)``, users first.
        graph: The graph A. Layers are stored in its type, their sum in the type of ``embedding``.
        n_layers: K; 0 returns the embeddings unchanged.

    Returns:
        ``(N, D)`` in the type of ``embedding``, differentiable.

    Raises:
        ValueError: If ``embedding`` is not ``(N, D)`` or ``n_layers`` is negative.
    """
    check(embedding, graph, n_layers)
    result: Tensor = _MeanOfLayers.apply(embedding, graph, n_layers)  # type: ignore[no-untyped-call]
    return result


def spmm(graph: Adjacency, embedding: Tensor) -> Tensor:
    """Multiply once: ``A E``, ``(N, D)`` in the type of ``embedding``, differentiable.

    Raises:
        ValueError: If ``embedding`` is not ``(N, D)``.
    """
    check(embedding, graph)
    result: Tensor = _Product.apply(embedding, graph)  # type: ignore[no-untyped-call]
    return result


class _MeanOfLayers(torch.autograd.Function):
    """``mean_k A^k E``; its transpose is itself."""

    @staticmethod
    def forward(ctx: Any, embedding: Tensor, graph: Adjacency, n_layers: int) -> Tensor:  # noqa: ANN401
        ctx.graph, ctx.n_layers = graph, n_layers
        return mean_of_layers(embedding, graph, n_layers)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        return _MeanOfLayers.apply(gradient, ctx.graph, ctx.n_layers), None, None  # type: ignore[no-untyped-call]


class _Product(torch.autograd.Function):
    """``A E``; its transpose is itself."""

    @staticmethod
    def forward(ctx: Any, embedding: Tensor, graph: Adjacency) -> Tensor:  # noqa: ANN401
        ctx.graph = graph
        layer = embedding.contiguous().to(graph.value.dtype)
        return multiply(graph, layer).to(embedding.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        return _Product.apply(gradient, ctx.graph), None  # type: ignore[no-untyped-call]


def mean_of_layers(embedding: Tensor, graph: Adjacency, n_layers: int) -> Tensor:
    """``mean_k A^k E`` without a gradient, ``(N, D)`` in the type of ``embedding``."""
    # The sum is kept apart from the layers, so bfloat16 rounds each layer but never the sum.
    total = embedding.clone(memory_format=torch.contiguous_format)  # (N, D)
    layer = total.to(graph.value.dtype)
    for _ in range(n_layers):
        layer = multiply(graph, layer)  # (N, N) @ (N, D)
        total.add_(layer)
    return total.div_(n_layers + 1)


def multiply(graph: Adjacency, layer: Tensor) -> Tensor:
    """``A E`` without a gradient, ``(N, D)`` in the type of the graph."""
    if layer.is_cuda:
        return graph.matrix @ layer
    return product(graph.column, graph.value, graph.offsets, layer)


def product(column: Tensor, value: Tensor, offsets: Tensor, layer: Tensor) -> Tensor:
    """Multiply compressed rows ``(n, N)`` with ``(N, D)`` on the CPU."""
    return functional.embedding_bag(
        column,
        layer,
        offsets,
        mode="sum",
        per_sample_weights=value,
        include_last_offset=True,
    )


def check(embedding: Tensor, graph: Adjacency, n_layers: int = 0) -> None:
    """Refuse what cannot be multiplied.

    Raises:
        ValueError: If ``embedding`` is not ``(N, D)`` or ``n_layers`` is negative.
    """
    if embedding.dim() != 2 or embedding.shape[0] != graph.n_nodes:
        raise ValueError(f"embedding is {tuple(embedding.shape)}, need ({graph.n_nodes}, D)")
    if n_layers < 0:
        raise ValueError(f"n_layers is {n_layers}, need 0 or more")
