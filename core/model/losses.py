"""Losses: plain functions of tensors, each a mean over the batch.

Sources: BPR, Rendle et al., UAI 2009 (arXiv:1205.2618); InfoNCE from users to items, van den Oord
et al., 2018 (arXiv:1807.03748). That of two views is :mod:`core.model.info_nce`.

Shape letters: B batch, D embedding size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def pairwise_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """BPR loss of each pair, ``-log sigmoid(positive - negative)``; scores may broadcast."""
    return functional.softplus(negative - positive)


def bpr_loss(positive: Tensor, negative: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean BPR loss of a batch.

    Args:
        positive: Scores of the positives, ``(B,)``.
        negative: Scores of their negatives, ``(B,)``.
        weight: Weight of each pair, ``(B,)``, not negative. The mean is ``sum(w l) / sum(w)``:
            doubling all weights changes nothing, and weights of zero alone give zero.

    Raises:
        ValueError: If the scores differ in shape.
    """
    if positive.shape != negative.shape:
        raise ValueError(f"scores are {tuple(positive.shape)} and {tuple(negative.shape)}")
    return _weighted_mean(pairwise_loss(positive, negative), weight)


def weight_decay(*rows: Tensor) -> Tensor:
    """Half the squared norm of the batch's embedding rows, each ``(B, D)``, divided by B."""
    total = torch.stack([row.square().sum() for row in rows]).sum()
    return 0.5 * total / max(len(rows[0]), 1)


def weight_decay_at(table: Tensor, *rows: Tensor) -> Tensor:
    """``weight_decay(table[rows], ...)`` without those rows if the table is shorter.

    Differentiable once.

    Args:
        table: ``(N, D)``.
        rows: Row numbers, int64 ``(B,)`` each; repeats count.
    """
    total: Tensor = _SquaresAt.apply(table, torch.cat(rows))  # type: ignore[no-untyped-call]
    return 0.5 * total / max(len(rows[0]), 1)


def _inner(left: Tensor, right: Tensor) -> Tensor:
    """Sum of products, row by row: one long sum in float32 would lose digits."""
    by_row: Tensor = torch.linalg.vecdot(left, right)
    return by_row.sum()


class _SquaresAt(torch.autograd.Function):
    """Sum of squares of some rows of a table, repeats included."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor) -> Tensor:  # noqa: ANN401
        ctx.shape, ctx.rows = table.shape, None
        table = table.detach().contiguous()
        if len(table) <= len(rows):  # each row as often as it is asked for
            count = table.new_zeros(len(table)).index_add_(0, rows, table.new_ones(len(rows)))
            ctx.slope = table * count[:, None]  # (N, D), of half the sum
            return _inner(ctx.slope, table)
        ctx.slope, ctx.rows = table.index_select(0, rows), rows  # (B, D)
        return _inner(ctx.slope, ctx.slope)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        slope, ctx.slope = ctx.slope * (2 * gradient), None
        if ctx.rows is None:
            return slope, None
        return slope.new_zeros(ctx.shape).index_add_(0, ctx.rows, slope), None


def alignment_loss(
    z_user: Tensor,
    z_item: Tensor,
    user: Tensor,
    item: Tensor,
    temperature: float,
    positives_mask: Tensor | None = None,
) -> Tensor:
    """In-batch InfoNCE from users to items, the user's other positives left out.

    Row b contrasts item b with the other items of the batch. Of these, items that the user also
    likes, and repeats of item b itself, are no negatives and leave the denominator.

    Args:
        z_user: Projected user embeddings, ``(U, D)``, or any rows that ``user`` counts.
        z_item: Projected item embeddings, ``(I, D)``, or any rows that ``item`` counts.
        user: User of each pair, int64 ``(B,)``.
        item: Item of each pair, int64 ``(B,)``.
        temperature: tau > 0.
        positives_mask: Whether user b interacted with item c in train, bool ``(B, B)``.

    Raises:
        ValueError: If tau is not positive or the mask is not ``(B, B)``.
    """
    _check_temperature(temperature)
    left = functional.normalize(z_user[user], dim=1) / temperature
    logits = left @ functional.normalize(z_item[item], dim=1).T  # (B, B)
    masked = item[:, None] == item[None, :]
    if positives_mask is not None:
        if positives_mask.shape != logits.shape:
            raise ValueError(f"mask is {tuple(positives_mask.shape)}, need {tuple(logits.shape)}")
        masked = masked | positives_mask
    masked = masked & ~torch.eye(len(item), dtype=torch.bool, device=item.device)
    logits = logits.masked_fill(masked, -torch.inf)
    return _weighted_mean(logits.logsumexp(dim=1) - logits.diagonal(), None)


def _weighted_mean(value: Tensor, weight: Tensor | None) -> Tensor:
    """``sum(w v) / sum(w)``; 0 for an empty batch or weights of zero alone."""
    if weight is None:
        return value.sum() / max(len(value), 1)
    total = weight.sum()
    return (weight * value).sum() / total.masked_fill(~(total > 0), 1.0)


def _check_temperature(temperature: float) -> None:
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, need more than 0")
