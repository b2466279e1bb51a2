"""InfoNCE of two views with a gradient of its own, worked out while exponentials are in the cache.

Source: van den Oord et al., 2018 (arXiv:1807.03748), in the in-batch form. The gradient is worked
out by hand: with S = L R^T, P = exp(S), row sums r, column sums k and the share f of the direction
from left to right, ``dS = P * (f w / r + (1 - f) w / k) - diag(w)``. Cosines never exceed 1, so no
logit exceeds 1/tau and sums need no shift: one pass over the logits gives both, where a log-sum-exp
for each of them takes three passes each and autograd as many again.

Shape letters: n rows to contrast, D embedding size, b rows at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

KEPT = 2**23
"""Exponentials that are kept until the gradient is there (32 MB in float32); of more, blocks are
computed anew."""
BLOCK = 256
"""Rows at a time on a CPU: with 2,000 columns a block stays in the cache next to the core."""
DEVICE_BLOCK = 512
"""And on a GPU, where each block costs a dozen calls."""
STEP = 128
"""Rounded factors have a multiple of so many rows on a CPU. There oneDNN compiles code for every
shape of bfloat16 it has not met, and a batch has another number of nodes each time: compiling took
several times as long as multiplying, and the code of a thousand shapes stayed with the process."""
LARGEST_EXPONENT = 40.0
"""float32 holds exp(40) and exp(-40), and sums of them; a lower temperature takes float64."""
LARGEST_WIDE_EXPONENT = 300.0
"""And float64 holds exp(300) and exp(-300); below, log-sum-exp finds a shift."""


def info_nce(
    left: Tensor,
    right: Tensor,
    temperature: float,
    weight: Tensor | None = None,
    block_size: int | None = None,
    product: torch.dtype | None = None,
    forth: float = 0.5,
) -> Tensor:
    """Contrast two views of the same nodes: InfoNCE of cosines.

    Row k of one view is the positive of row k of the other, all other rows are its negatives;
    the result is the mean of both directions, or another mixture of them.

    Args:
        left: First view, ``(n, D)``.
        right: Second view, ``(n, D)``. Each node must occur once: a repeated node would be
            its own negative.
        temperature: tau > 0.
        weight: Weight of each node, ``(n,)``, a constant; normalised as in
            :func:`core.model.losses.bpr_loss`.
        block_size: Rows compared with all n others at once; what is fast if omitted.
        product: Type of the factors of matrix products, bfloat16 for speed; that of the views
            if omitted. Products add up in float32; on the CPU each result is rounded once more.
        forth: Share f of the direction from left to right; 1 = that alone.

    Raises:
        ValueError: If the views differ in shape, tau or ``block_size`` is not positive, or a type
            is float16, which cannot hold exp(1/tau).
    """
    if block_size is None:
        block_size = BLOCK if left.device.type == "cpu" else DEVICE_BLOCK
    _check(left, right, temperature, block_size, product)
    if 1 / temperature > LARGEST_WIDE_EXPONENT:
        return _by_log_sums(left, right, temperature, weight, forth)
    given = left.dtype
    if 1 / temperature > LARGEST_EXPONENT:
        left, right, product = left.double(), right.double(), None
    scale = temperature**-0.5  # half of tau on either side: the gradient has the same form on both
    unit_left = functional.normalize(left, dim=1) * scale
    unit_right = functional.normalize(right, dim=1) * scale
    share = _shares(weight, unit_left)
    options = _Options(block_size, product, forth)
    result: Tensor = _InfoNCE.apply(unit_left, unit_right, share, options)  # type: ignore[no-untyped-call]
    return result.to(given)


def _check(
    left: Tensor, right: Tensor, temperature: float, block_size: int, product: torch.dtype | None
) -> None:
    if left.shape != right.shape:
        raise ValueError(f"views are {tuple(left.shape)} and {tuple(right.shape)}, need the same")
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}, need more than 0")
    if torch.float16 in (left.dtype, right.dtype, product):
        raise ValueError("float16 cannot hold exp(1/tau); need float32, float64 or bfloat16")
    if block_size < 1:
        raise ValueError(f"block_size is {block_size}, need 1 or more")


def _shares(weight: Tensor | None, like: Tensor) -> Tensor:
    """Weight of each row over that of all, ``(n,)``; zero where there is none."""
    if weight is None:
        return like.new_full((len(like),), 1 / max(len(like), 1))
    weight = weight.detach()
    total = weight.sum()
    return (weight / total.masked_fill(~(total > 0), 1.0)).to(like.dtype)


def _by_log_sums(
    left: Tensor, right: Tensor, temperature: float, weight: Tensor | None, forth: float
) -> Tensor:
    """The same by log-sum-exp, all ``(n, n)`` at once, for temperatures near zero."""
    logits = functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T / temperature
    normaliser = forth * logits.logsumexp(dim=1) + (1 - forth) * logits.logsumexp(dim=0)
    return _shares(weight, left) @ (normaliser - logits.diagonal())


class _Options(NamedTuple):
    block_size: int
    product: torch.dtype | None
    forth: float


class _InfoNCE(torch.autograd.Function):
    """Of scaled unit rows L, R ``(n, D)`` and shares w ``(n,)``.

    The gradient is worked out at once: the blocks are in the cache then, and those of a term are
    gone before the next one begins.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        left: Tensor,
        right: Tensor,
        share: Tensor,
        options: _Options,
    ) -> Tensor:
        block_size, product, forth = options
        n = len(left)
        row, column = left.new_empty(n), left.new_zeros(n)
        kept = []
        keep = n * n <= KEPT and any(ctx.needs_input_grad)
        one, other = _factors(left, right, product)
        for start in range(0, n, block_size):
            rows = slice(start, min(start + block_size, n))
            near = one[start : start + block_size]  # with the rows that fill it up
            block = _exponentials(near, other, left.dtype, (rows.stop - start, n))
            torch.sum(block, dim=1, out=row[rows])
            if forth < 1:
                column += block.sum(dim=0)
            if keep:
                kept.append(block)
        if any(ctx.needs_input_grad):
            found = _gradients(left, right, share, row, column, options, kept)
            ctx.save_for_backward(*found)
        normaliser = forth * row.log()
        if forth < 1:
            normaliser = normaliser + (1 - forth) * column.log()
        return share @ (normaliser - (left * right).sum(dim=1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:  # noqa: ANN401
        to_left, to_right = ctx.saved_tensors
        return to_left * gradient, to_right * gradient, None, None


def _gradients(
    left: Tensor,
    right: Tensor,
    share: Tensor,
    row: Tensor,
    column: Tensor,
    options: _Options,
    kept: list[Tensor],
) -> tuple[Tensor, Tensor]:
    """Of the value, by both views, ``(n, D)`` each; overwrites the blocks that were kept."""
    block_size, product, forth = options
    by_row = forth * share / row  # (n,)
    by_column = (1 - forth) * share / column if forth < 1 else None
    # The positives' part first; the rest is added block by block.
    to_left = right * -share[:, None]
    to_right = left * -share[:, None]
    one, other = _factors(left, right, product)
    n = len(left)
    for number, start in enumerate(range(0, n, block_size)):
        rows = slice(start, min(start + block_size, n))
        near = one[start : start + block_size]  # with the rows that fill it up
        shape = (rows.stop - start, n)
        block = kept[number] if kept else _exponentials(near, other, left.dtype, shape)
        filled = (len(near), len(other))
        if by_column is not None:  # (b, n); rounded once for both products
            slope = _filled(block.mul_(by_row[rows, None] + by_column), filled, one.dtype)
            _add_product(to_left[rows], slope, other)
            _add_product(to_right, slope.T, near)
        else:  # of rows alone: n factors, on the side where they meet D numbers each
            block = _filled(block, filled, one.dtype)
            found = _product(block, other, left.dtype, to_left[rows].shape)
            to_left[rows] += by_row[rows, None] * found
            scaled = _filled(by_row[rows, None] * left[rows], near.shape, one.dtype)
            _add_product(to_right, block.T, scaled)
    return to_left, to_right


def _factors(left: Tensor, right: Tensor, product: torch.dtype | None) -> tuple[Tensor, Tensor]:
    """Both in the type that is multiplied; rounded on a CPU, filled up to whole steps."""
    if product is None or product == left.dtype or left.is_cuda:
        return left.to(product or left.dtype), right.to(product or right.dtype)
    shape = (-(-len(left) // STEP) * STEP, left.shape[1])
    return _filled(left, shape, product), _filled(right, shape, product)


def _filled(table: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """The table in another type, with zeros behind its rows and columns."""
    if table.shape == shape:
        return table.to(dtype)
    n, width = table.shape
    filled = table.new_empty(shape, dtype=dtype)
    filled[:n, :width] = table
    filled[:n, width:].zero_()
    filled[n:].zero_()
    return filled


def _exponentials(
    left: Tensor, right: Tensor, dtype: torch.dtype, shape: tuple[int, ...]
) -> Tensor:
    """``exp(L R^T)``, ``(b, n)``."""
    return _product(left, right.T, dtype, shape).exp_()


def _product(left: Tensor, right: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """Of two factors of one type, as numbers of perhaps another, without what filled them up."""
    if left.dtype == dtype:
        return left @ right
    if left.is_cuda:  # the CPU has no such product
        return torch.mm(left, right, out_dtype=dtype)
    return torch.mm(left, right)[: shape[0], : shape[1]].to(dtype)


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add it in place."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
    else:
        total += _product(left, right, total.dtype, total.shape)
