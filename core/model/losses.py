"""Losses: plain functions of tensors, each a mean over the batch.

Sources: BPR, Rendle et al., UAI 2009 (arXiv:1205.2618); InfoNCE, van den Oord et al., 2018
(arXiv:1807.03748), in the symmetric in-batch form.

Shape letters: B batch, n rows to contrast, D embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint


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


def info_nce(
    left: Tensor,
    right: Tensor,
    temperature: float,
    weight: Tensor | None = None,
    block_size: int = 1024,
) -> Tensor:
    """Contrast two views of the same nodes: symmetric InfoNCE of cosines.

    Row k of one view is the positive of row k of the other, all other rows are its negatives;
    the result is the mean of both directions. Memory is ``block_size * n``, also in the
    backward pass, which computes each block of cosines anew where there is more than one.

    Args:
        left: First view, ``(n, D)``.
        right: Second view, ``(n, D)``. Each node must occur once: a repeated node would be
            its own negative.
        temperature: tau > 0.
        weight: Weight of each node, ``(n,)``; normalised as in :func:`bpr_loss`.
        block_size: Rows compared with all n others at once.

    Raises:
        ValueError: If the views differ in shape, or tau or ``block_size`` is not positive.
    """
    if left.shape != right.shape:
        raise ValueError(f"views are {tuple(left.shape)} and {tuple(right.shape)}, need the same")
    _check_temperature(temperature)
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}, need 1 or more")
    left = functional.normalize(left, dim=1) / temperature
    right = functional.normalize(right, dim=1)
    blocks = torch.split(left, block_size)
    by_row, by_column = zip(
        *[_log_sums(block, right, len(blocks) > 1) for block in blocks], strict=True
    )
    normaliser = torch.cat(by_row) + torch.stack(by_column).logsumexp(dim=0)  # (n,)
    return _weighted_mean(0.5 * normaliser - (left * right).sum(dim=1), weight)


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


def _log_sums(block: Tensor, right: Tensor, recompute: bool) -> tuple[Tensor, Tensor]:
    """Log-sum-exp of each row ``(b,)`` and each column ``(n,)`` of one block of logits."""
    if not recompute:
        return _row_and_column(block, right)
    sums: tuple[Tensor, Tensor] = checkpoint(
        _row_and_column, block, right, use_reentrant=False, preserve_rng_state=False
    )
    return sums


def _row_and_column(block: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    logits = block @ right.T  # (b, n)
    return logits.logsumexp(dim=1), logits.logsumexp(dim=0)


def _weighted_mean(value: Tensor, weight: Tensor | None) -> Tensor:
    """``sum(w v) / sum(w)``; 0 for an empty batch or weights of zero alone."""
    if weight is None:
        return value.sum() / max(len(value), 1)
    total = weight.sum()
    return (weight * value).sum() / torch.where(total > 0, total, 1.0)


def _check_temperature(temperature: float) -> None:
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, need more than 0")
