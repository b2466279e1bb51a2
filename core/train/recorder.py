"""Losses of given pairs, kept per epoch.

The training loss of a batch depends on one random negative per pair and is too rough to read.
Here every pair is set against the same draw of negatives in every epoch, so its curve shows what
the model learns and not what was drawn (cf. Dataset Cartography, arXiv:2009.10795).

Shape letters: P pairs, M negatives, B block.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from core.model.losses import pairwise_loss
from core.model.representations import Representations
from core.parallel.group import ALONE, Group
from core.types import IntArray

BLOCK = 2**15
"""Vectors gathered at once on a CPU (8 MB at D = 64): more leave the cache before they are read."""
DEVICE_BLOCK = 2**20
"""And on a GPU, where every block waits for its calls."""
SCORES_AT_ONCE = 2**22
"""Of whole rows of the user-item matrix (16 MB)."""
CHEAPER = 32
"""How many scores of whole rows cost as much as one gathered vector, about: a score is D
multiplications at the speed of a matrix product, a gathered vector D numbers from memory."""


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
        self._by_user = torch.argsort(self.user, stable=True)
        self._sorted_user = np.sort(user)  # on the host: where blocks end is asked there

    @property
    def n_pairs(self) -> int:
        """P."""
        return len(self.user)

    def due(self, epoch: int) -> bool:
        """Whether the losses of this epoch (1-based) are kept."""
        return epoch % self.keep_every == 0

    @torch.no_grad()
    def losses(self, found: Representations, group: Group = ALONE) -> Tensor:
        """Mean of -log sigmoid(s_ui - s_uj) over the negatives j, float32 ``(P,)``.

        Args:
            found: Whole vectors of all users and items.
            group: Processes to split the pairs over; all have the result.
        """
        loss = torch.zeros(self.n_pairs, device=self.user.device)
        n_scores = len(found.user) * len(found.item)
        whole = n_scores <= CHEAPER * self.negatives.numel()
        parts = self._from_whole_rows(found, group) if whole else self._from_vectors(found, group)
        for rows, positive, negative in parts:
            loss[rows] = pairwise_loss(positive[:, None], negative).mean(dim=1).float()
        return group.combined(loss)

    def _from_whole_rows(
        self, found: Representations, group: Group
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Pairs ``(B,)``, their scores and those of their negatives ``(B, M)``, users in blocks."""
        n_users, n_items = len(found.user), len(found.item)
        n_at_once = max(1, SCORES_AT_ONCE // max(n_items, 1))
        part = group.part(n_users)
        for first in range(part.start, part.stop, n_at_once):
            last = min(first + n_at_once, part.stop)
            start, end = np.searchsorted(self._sorted_user, (first, last)).tolist()
            rows = self._by_user[start:end]
            score = (found.user[first:last] @ found.item.T).flatten()  # (b * I,)
            place = (self.user[rows] - first) * n_items
            positive = score[place + self.item[rows]]
            yield rows, positive, score[place[:, None] + self.negatives[rows]]

    def _from_vectors(
        self, found: Representations, group: Group
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Likewise from gathered vectors: of a large catalogue few scores are asked for."""
        n_negatives, size = self.negatives.shape[1], found.item.shape[1]
        n_vectors = BLOCK if self.user.device.type == "cpu" else DEVICE_BLOCK
        at_once = max(1, n_vectors // (n_negatives + 1))
        for rows in torch.split(self._by_user[group.part(self.n_pairs)], at_once):
            # index_select copies rows, where indexing with brackets copies numbers: a fifth of it.
            user = found.user.index_select(0, self.user.index_select(0, rows))  # (B, D)
            item = found.item.index_select(0, self.item.index_select(0, rows))
            negatives = self.negatives.index_select(0, rows).flatten()
            others = found.item.index_select(0, negatives).view(len(rows), n_negatives, size)
            yield rows, item.mul_(user).sum(dim=1), others.mul_(user[:, None]).sum(dim=2)
