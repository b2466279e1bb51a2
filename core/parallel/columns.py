"""Columns of the embeddings, split over processes.

LightGCN never mixes columns: layer k of column d needs column d alone. Each process therefore has
the whole graph and some columns, and propagation, its gradient, and Adam need no communication.
What mixes columns is a dot product, in the losses alone, and there is a choice:

- *Partial dot products*, summed: one number per score. BPR of a batch of B takes 2 B scores and
  one number of the weight decay, so each process gives 4 (2 B + 1) bytes: 16 kB at B = 2048.
- *Rows*, gathered: of B users, items and negatives each process gives 12 B D / P bytes, 1.5 D / P
  times as much: 24 times at D = 64 and P = 4. So BPR, cross-entropy and the scores of fresh
  negatives (m per positive: 4 B m bytes) are summed.
- InfoNCE of n nodes compares each with each: partial products would be 4 n^2 bytes, the rows of two
  views 8 n D / P. Rows are less for n > 2 D / P, nearly always, so they are gathered.

The backward pass of both takes nothing: every process computes the same loss from the same numbers,
so it knows the whole gradient and keeps that of its own columns.

Shape letters: N nodes, D columns, P processes, B batch, n rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from core.errors import ConfigError
from core.parallel.group import ALONE, Group


class ColumnShare:
    """Which of D columns this process has.

    Args:
        group: The processes.
        n_columns: D; each process has D / P of them, rounded up or down.
    """

    def __init__(self, group: Group = ALONE, n_columns: int = 0) -> None:
        self.group, self.n_columns = group, n_columns

    def cut(self, whole: Tensor) -> Tensor:
        """Own columns ``(N, own)`` of a table ``(N, D)``."""
        if self.group.size == 1:
            return whole
        return whole[:, self.group.part(self.n_columns)].clone(
            memory_format=torch.contiguous_format
        )

    def whole(self, own: Tensor) -> Tensor:
        """The table ``(N, D)`` of own columns ``(N, own)``; no gradient flows."""
        return self.group.columns(own, self.n_columns)

    def whole_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Likewise of every table in the state of a backbone or of an optimiser; on the CPU."""
        if self.group.size == 1:
            return state
        whole: dict[str, Any] = _each_table(state, lambda own: self.whole(own).cpu())
        return whole

    def cut_state(self, state: dict[str, Any]) -> dict[str, Any]:
        """Own columns of every table in a state."""
        return state if self.group.size == 1 else _each_table(state, self.cut)

    def whole_rows(self, *own: Tensor) -> tuple[Tensor, ...]:
        """The same for rows of a batch, ``(n, own)`` each to ``(n, D)``, differentiable."""
        if self.group.size == 1:
            return own
        found: Tensor = _WholeRows.apply(torch.cat(own), self)  # type: ignore[no-untyped-call]
        return torch.split(found, [len(one) for one in own])

    def sums(self, *own: Tensor) -> tuple[Tensor, ...]:
        """Sums over processes of what each has of its columns, any shapes, differentiable."""
        if self.group.size == 1:
            return own
        flat = torch.cat([one.flatten() for one in own])
        found: Tensor = _Sum.apply(flat, self.group)  # type: ignore[no-untyped-call]
        parts = torch.split(found, [one.numel() for one in own])
        return tuple(part.view(one.shape) for part, one in zip(parts, own, strict=True))


UNDIVIDED = ColumnShare()
"""All columns are here."""


def share_of(backbone: nn.Module) -> ColumnShare:
    """Which columns of its vectors a backbone has."""
    share = getattr(backbone, "share", None)
    return share if isinstance(share, ColumnShare) else UNDIVIDED


def divide(backbone: nn.Module, group: Group) -> ColumnShare:
    """Keep the columns of this process alone, in place; all of them where it is alone.

    Raises:
        ConfigError: If the backbone mixes columns, or has fewer of them than there are processes.
    """
    if group.size == 1:
        return share_of(backbone)
    if not isinstance(getattr(backbone, "share", None), ColumnShare):
        raise ConfigError(
            f"{type(backbone).__name__} mixes the columns of its vectors, which several processes "
            "cannot share; set backbone.kind to lightgcn, or start one process"
        )
    table = backbone.get_parameter("embedding")
    share = ColumnShare(group, table.shape[1])
    check_columns(table.shape[1], group)
    backbone.register_parameter("embedding", nn.Parameter(share.cut(table.detach())))
    backbone.share = share  # type: ignore[assignment]
    return share


def check_columns(n_columns: int, group: Group) -> None:
    """Refuse processes that would have no column.

    Raises:
        ConfigError: If there are fewer columns than processes.
    """
    if n_columns < group.size:
        raise ConfigError(
            f"backbone.embedding_size is {n_columns}, but there are {group.size} processes, and "
            f"each needs a column; start at most {n_columns}"
        )


def _each_table(state: Any, change: Callable[[Tensor], Tensor]) -> Any:  # noqa: ANN401
    """A copy with all matrices changed; other tensors, such as counts of steps, stay."""
    if isinstance(state, Tensor):
        return change(state) if state.dim() == 2 else state
    if isinstance(state, dict):
        return {key: _each_table(value, change) for key, value in state.items()}
    return state


class _Sum(torch.autograd.Function):
    """The loss is the same function of the sum everywhere: the gradient needs no exchange."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, group: Group) -> Tensor:  # noqa: ANN401, ARG004
        return group.sum(own)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401, ARG004
        return gradient, None


class _WholeRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, own: Tensor, share: ColumnShare) -> Tensor:  # noqa: ANN401
        ctx.share = share
        return share.whole(own)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        return ctx.share.cut(gradient), None
