"""LightGCN's mean of layers at the nodes of a batch, without a table that nobody reads.

Source: He et al., "LightGCN", SIGIR 2020 (arXiv:2002.02126), eq. 4 and 8.

The mean over all nodes takes a sum of K + 1 tables in the forward pass and, because only rows of
the batch have a gradient, a table of zeros for each lookup in the backward pass. Here layers are
read at the rows of the batch, the last one is computed there alone, and the gradient of the rows
runs back as g + A (g + A (g + ...)), which is K products and nothing else.

Shape letters: N nodes, D embedding size, K layers, B rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from core.graph.propagation import check, mean_of_layers, multiply, product

if TYPE_CHECKING:
    from core.graph.adjacency import Adjacency

FEW_NODES = 8
"""Nodes for each row up to which the gradient of the rows is made a table: to add one number of it
costs about an eighth of adding a row's up."""
SPARSE_SHARE = 0.4
"""Share of the entries below which the last layer is computed at the rows alone: to pick them out
takes about as long as to multiply by as many."""


def mean_at(
    embedding: Tensor, graph: Adjacency, n_layers: int, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean of layers 0..K, and layer 0, at some nodes.

    Args:
        embedding: Node embeddings, ``(N, D)``, users first.
        graph: The graph A. Layers are stored in its type, their sum in the type of ``embedding``.
        n_layers: K.
        rows: Node numbers, int64 ``(B,)``; repeats add up in the gradient.

    Returns:
        Two of ``(B, D)`` in the type of ``embedding``, differentiable once.

    Raises:
        ValueError: If ``embedding`` is not ``(N, D)`` or ``n_layers`` is negative.
    """
    check(embedding, graph, n_layers)
    mean, own = _MeanAtRows.apply(embedding, graph, n_layers, rows)  # type: ignore[no-untyped-call]
    return mean, own


class _MeanAtRows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        embedding: Tensor,
        graph: Adjacency,
        n_layers: int,
        rows: Tensor,
    ) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.n_layers, ctx.rows = graph, n_layers, rows
        ctx.set_materialize_grads(False)
        own = embedding.index_select(0, rows)  # (B, D)
        if few_nodes(graph, len(rows)):
            mean = mean_of_layers(embedding.detach(), graph, n_layers)  # (N, D)
            return mean.index_select(0, rows), own
        total = own.clone()
        layer = embedding.detach().contiguous().to(graph.value.dtype)
        for k in range(1, n_layers + 1):
            if k == n_layers:
                total.add_(_product_at(graph, layer, rows))
            else:
                layer = multiply(graph, layer)
                total.add_(layer.index_select(0, rows))
        return total.div_(n_layers + 1), own

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mean: Tensor | None, of_own: Tensor | None) -> Any:  # noqa: ANN401
        graph, rows, stored = ctx.graph, ctx.rows, ctx.graph.value.dtype
        given = of_own if of_mean is None else of_mean
        if given is None:
            return None, None, None, None
        total = given.new_zeros(graph.n_nodes, given.shape[1])
        if of_mean is None:
            pass
        elif stored == of_mean.dtype and not few_nodes(graph, len(rows)):
            each = of_mean / (ctx.n_layers + 1)
            add = _adder(total, rows, each)
            for _ in range(ctx.n_layers):
                total = multiply(graph, add(total))
            total = add(total)
        else:
            # A popular item stands in many rows: they are added up before they are rounded. Sums
            # are rounded then, where the mean over all nodes rounds powers alone: .17 % for .11 %.
            total.index_add_(0, rows, of_mean).div_(ctx.n_layers + 1)
            rounded = total.to(stored)  # itself, where nothing is rounded
            layer = torch.zeros_like(rounded)
            for _ in range(ctx.n_layers):
                layer = multiply(graph, layer.add_(rounded))
            total.add_(layer)
        if of_own is not None:
            total.index_add_(0, rows, of_own)
        return total, None, None, None


def _adder(zeros: Tensor, rows: Tensor, each: Tensor) -> Callable[[Tensor], Tensor]:
    """What adds the gradients of the rows ``(B, D)`` to a table ``(N, D)``, in place."""
    if len(zeros) > FEW_NODES * len(rows):
        return lambda total: total.index_add_(0, rows, each)
    table = torch.index_add(zeros, 0, rows, each)
    return lambda total: total.add_(table)


def few_nodes(graph: Adjacency, n_rows: int) -> bool:
    """Whether tables of all nodes are smaller than those of the rows: then theirs are added up."""
    return graph.n_nodes <= n_rows


def _product_at(graph: Adjacency, layer: Tensor, rows: Tensor) -> Tensor:
    """``(A E)`` at some rows, ``(B, D)``."""
    if layer.is_cuda:  # to count the rows would make the host wait
        return multiply(graph, layer).index_select(0, rows)
    wanted = torch.zeros(graph.n_nodes, dtype=torch.bool)
    wanted[rows] = True
    distinct = wanted.nonzero()[:, 0]  # (n,) ascending
    start = graph.offsets.index_select(0, distinct)
    length = graph.offsets.diff().index_select(0, distinct)
    n_entries = int(length.sum())
    if n_entries > SPARSE_SHARE * len(graph.column):
        return multiply(graph, layer).index_select(0, rows)
    offsets = torch.zeros(len(distinct) + 1, dtype=torch.int32)
    torch.cumsum(length, 0, out=offsets[1:])
    shift = torch.repeat_interleave(start - offsets[:-1], length, output_size=n_entries)
    entry = shift + torch.arange(n_entries, dtype=torch.int32)
    # By brackets each look-up takes four times as long.
    column, value = graph.column.index_select(0, entry), graph.value.index_select(0, entry)
    found = product(column, value, offsets, layer)  # (n, D)
    place = (wanted.cumsum(0) - 1).index_select(0, rows)
    return found.index_select(0, place)
