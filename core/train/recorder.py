"""Losses of given pairs, kept per epoch.

The training loss of a batch depends on one random negative per pair and is too rough to read.
Here every pair is set against the same draw of negatives in every epoch, so its curve shows what
the model learns and not what was drawn (cf. Dataset Cartography, arXiv:2009.10795).

Shape letters: P pairs, M negatives, B block.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.model.losses import pairwise_loss
from core.model.representations import Representations
from core.types import IntArray

BLOCK = 65_536
"""Pairs scored at once."""


class LossRecorder:
    """Mean BPR loss of each pair over fixed negatives.

    Args:
        user: User numbers ``(P,)``.
        item: Item numbers ``(P,)``.
        negatives: Item numbers ``(P, M)``.
        keep_every: Keep every k-th epoch.
        device: Where the representations are.
    """

    def __init__(
        self,
        user: IntArray,
        item: IntArray,
        negatives: Tensor,
        keep_every: int = 1,
        device: str | torch.device = "cpu",
    ) -> None:
        self.user = torch.from_numpy(user).to(device)
        self.item = torch.from_numpy(item).to(device)
        self.negatives = negatives.to(device)
        self.keep_every = keep_every

    @property
    def n_pairs(self) -> int:
        """P."""
        return len(self.user)

    def due(self, epoch: int) -> bool:
        """Whether the losses of this epoch (1-based) are kept."""
        return epoch % self.keep_every == 0

    @torch.no_grad()
    def losses(self, found: Representations) -> Tensor:
        """Mean of -log sigmoid(s_ui - s_uj) over the negatives j, float32 ``(P,)``."""
        parts = []
        for rows in torch.split(torch.arange(self.n_pairs, device=self.user.device), BLOCK):
            user = found.user[self.user[rows]]  # (B, D)
            positive = (user * found.item[self.item[rows]]).sum(dim=1)
            negative = torch.einsum("bd,bmd->bm", user, found.item[self.negatives[rows]])
            parts.append(pairwise_loss(positive[:, None], negative).mean(dim=1))
        return torch.cat(parts).float() if parts else torch.zeros(0)
