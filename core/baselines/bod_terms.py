"""Parts of BOD: the weight generator, the losses of weighted triples, the distance of gradients.

Source: Wang et al., KDD 2023 (arXiv:2210.10321); how they are used: :mod:`core.baselines.bod`.

Shape letters: U users, N nodes, D embedding size, B batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.model.losses import pairwise_loss

STABLE = 1e-6
"""Added to the norms of gradients."""


class WeightGenerator(nn.Module):
    """g: two vectors of size D to a weight in (0, 1)."""

    def __init__(self, size: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner = nn.Linear(2 * size, hidden)
        self.outer = nn.Linear(hidden, 1)
        for layer in (self.inner, self.outer):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        """Weights ``(B,)`` of vectors ``(B, D)``; no gradient flows into the vectors."""
        pair = torch.cat([user, item], dim=1).detach()
        weight: Tensor = torch.sigmoid(self.outer(functional.leaky_relu(self.inner(pair))))
        return weight[:, 0]


@dataclass(frozen=True)
class Triples:
    """Vectors ``(B, D)`` and weights ``(B,)`` of triples."""

    user: Tensor
    item: Tensor
    other: Tensor
    weight: Tensor
    other_weight: Tensor

    def ranking(self) -> Tensor:
        """Mean BPR loss of weighted scores."""
        positive = self.weight * (self.user * self.item).sum(dim=1)
        negative = self.other_weight * (self.user * self.other).sum(dim=1)
        return pairwise_loss(positive, negative).mean()

    def alignment(self) -> Tensor:
        """Mean weighted squared distance of the unit vectors of positives."""
        left, right = functional.normalize(self.user, dim=1), functional.normalize(self.item, dim=1)
        return (self.weight * (left - right).square().sum(dim=1)).mean()


def uniformity(vector: Tensor, number: Tensor) -> Tensor:
    """Log of the mean exp(-2 |x - y|^2) over pairs of rows of a batch; 0 for one row.

    Rows of the same number are the same vector: they are compared once, and counted. Comparing
    all rows with all is most of BOD's time where the batch is larger than the catalogue.

    Args:
        vector: Vectors of all users, or items, ``(N, D)``.
        number: Which of them the rows of the batch are, ``(B,)``.
    """
    n_rows = len(number)
    if n_rows < 2:
        return vector[number].sum() * 0.0
    there, count = torch.unique(number, return_counts=True)
    double = 2.0 * functional.normalize(vector[there], dim=1)
    weight = count.to(vector.dtype)
    # |x - y|^2 = 2 - 2 cos, so the power is 4 cos - 4: bounded, a plain sum of exp is safe.
    near = (double @ double.T - 4.0).exp()  # (Q, Q)
    # Pairs of two rows of one number are left in, those of a row with itself are not.
    same = weight * (weight - 1.0)
    apart = weight[:, None] * weight * near
    total = apart.fill_diagonal_(0.0).sum() + same.sum()
    spread: Tensor = total.log() - math.log(n_rows * (n_rows - 1))
    return spread


def gradient_distance(left: Tensor, right: Tensor, n_users: int) -> Tensor:
    """Sum over sides and dimensions of 1 - cos of two gradients of E0, ``(N, D)``."""
    distance = left.new_zeros(())
    for side in (slice(None, n_users), slice(n_users, None)):
        one, two = left[side], right[side]
        norms = one.norm(dim=0) * two.norm(dim=0) + STABLE  # (D,)
        distance = distance + (1.0 - (one * two).sum(dim=0) / norms).sum()
    return distance
