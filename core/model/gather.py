"""Rows of a table for a batch, with one gradient table for all of them.

Indexing a table of N rows makes, in the backward pass, a table of N zero rows per lookup and adds
them all up; on a large catalogue that costs more than the loss. Here all lookups of a batch in one
table share it.

Shape letters: N rows, D size, B batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def gather_rows(table: Tensor, *rows: Tensor) -> tuple[Tensor, ...]:
    """Look up several sets of rows: ``table[rows]`` for each, ``(B, D)``, differentiable once.

    Args:
        table: ``(N, D)``.
        rows: Row numbers, int64 ``(B,)`` each; repeats add up in the gradient.
    """
    found: tuple[Tensor, ...] = _Rows.apply(table, *rows)  # type: ignore[no-untyped-call]
    return found


def split_rows(table: Tensor, n_first: int) -> tuple[Tensor, Tensor]:
    """Cut a table ``(N, D)`` into its first rows and the others, without a copy."""
    first, rest = _Split.apply(table, n_first)  # type: ignore[no-untyped-call]
    return first, rest


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, *rows: Tensor) -> tuple[Tensor, ...]:  # noqa: ANN401
        ctx.rows, ctx.shape = rows, table.shape
        return tuple(table.index_select(0, one) for one in rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # noqa: ANN401
        total = gradients[0].new_zeros(ctx.shape)
        for one, gradient in zip(ctx.rows, gradients, strict=True):
            total.index_add_(0, one, gradient)
        return total, *[None] * len(ctx.rows)


class _Split(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, n_first: int) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        ctx.set_materialize_grads(True)
        return table[:n_first], table[n_first:]

    @staticmethod
    def backward(ctx: Any, first: Tensor, rest: Tensor) -> Any:  # noqa: ANN401, ARG004
        return torch.cat([first, rest]), None
