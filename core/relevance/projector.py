"""The projector from text space to preference space, and its training on given positives.

Source: LLMHNI (arXiv:2511.07295), objective alignment; the shape of the network is ours [D].

Shape letters: U users, I items, E interactions, B batch, T text size, D projected size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from core.config import AlignmentConfig
from core.incidence import interaction_matrix
from core.model.losses import alignment_loss
from core.relevance.leave_out import UserMeans
from core.types import FloatArray, IntArray, Interactions

HELD_OUT_PAIRS = 2048
"""At most this many positives decide the early stop."""
PAIRS_PER_EPOCH = 8192
"""Longest epoch: a small network needs steps, not passes, and cost must not grow with E."""
LEAST_GAIN = 5e-3
"""A held-out loss counts as better when it is lower by this share: the tail is long and flat."""


class EpochRecord(NamedTuple):
    """What one epoch of one projector measured."""

    fold: int
    """Number of the fold; -1 is the final projector."""
    epoch: int
    loss: float
    """Mean training loss of the epoch."""
    held_out: float
    """Loss on the held-out positives; NaN for the final projector, which holds out none."""


@dataclass(frozen=True)
class Task:
    """What one projector may learn from: nothing else reaches it."""

    train: Interactions
    """Interactions that may be used, also to mask a user's other positives, ``(E,)``."""
    positive: IntArray
    """Rows of ``train`` that are reliable positives."""
    item: FloatArray
    """Unit text embeddings of all items, ``(I, T)``."""
    means: UserMeans
    """User vectors made of ``train``."""
    fold: int
    """Label of the records."""


class Projector(nn.Module):
    """T -> (T + D) / 2 -> D with LeakyReLU, shared by users and items [D].

    Args:
        text_size: T.
        size: D.
        generator: Draws the initial weights.
    """

    def __init__(self, text_size: int, size: int, generator: torch.Generator) -> None:
        super().__init__()
        hidden = (text_size + size) // 2
        self.first = nn.Linear(text_size, hidden)
        self.second = nn.Linear(hidden, size)
        for layer in (self.first, self.second):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, text: Tensor) -> Tensor:
        """Project rows ``(B, T)`` to ``(B, D)``."""
        projected: Tensor = self.second(functional.leaky_relu(self.first(text)))
        return projected

    @torch.no_grad()
    def unit(self, text: FloatArray) -> FloatArray:
        """Project and scale to length 1: dot products are cosines, float32 ``(n, D)``."""
        projected = functional.normalize(self(torch.from_numpy(text)), dim=1)
        return np.asarray(projected.numpy(), dtype=np.float32)


def fit_projector(
    task: Task,
    config: AlignmentConfig,
    generator: torch.Generator,
    on_epoch: Callable[[EpochRecord], None],
    epochs: int | None = None,
) -> tuple[Projector, list[EpochRecord]]:
    """Train one projector.

    Args:
        task: What it may learn from.
        config: Sizes and step.
        generator: Draws weights, held-out positives and batches.
        on_epoch: Told after each epoch; may raise to stop.
        epochs: Train exactly so long on all positives; without it, stop early on a tenth of the
            positives that is held out, and return the best epoch.

    Returns:
        The projector and one record per epoch.
    """
    projector = Projector(task.item.shape[1], config.size, generator)
    optimizer = torch.optim.Adam(projector.parameters(), lr=config.learning_rate)
    shuffled = task.positive[torch.randperm(len(task.positive), generator=generator).numpy()]
    n_held_out = 0 if epochs else min(len(shuffled) // 10, HELD_OUT_PAIRS)
    held_out, used = shuffled[:n_held_out], shuffled[n_held_out:]
    liked = interaction_matrix(task.train)

    def loss_of(rows: IntArray) -> Tensor:
        return _batch_loss(projector, task, rows, liked, config.temperature)

    records: list[EpochRecord] = []
    stop = _EarlyStop(projector, config.patience)
    for epoch in range(1, (epochs or config.epochs) + 1):
        order = used[torch.randperm(len(used), generator=generator)[:PAIRS_PER_EPOCH].numpy()]
        loss = _descend(loss_of, _batches(order, config.batch_size), optimizer)
        measured = _held_out_loss(loss_of, _batches(held_out, config.batch_size))
        records.append(EpochRecord(task.fold, epoch, loss, measured))
        on_epoch(records[-1])
        if stop.after(measured):
            break
    stop.restore()
    return projector.requires_grad_(False), records


class _EarlyStop:
    """Remembers the weights of the best epoch; without a held-out loss it does nothing."""

    def __init__(self, projector: Projector, patience: int) -> None:
        self._projector, self._patience = projector, patience
        self._best, self._waited = float("inf"), 0
        self._state: dict[str, Tensor] = {}

    def after(self, held_out: float) -> bool:
        """Note an epoch; whether to stop now."""
        if np.isnan(held_out):
            return False
        self._waited += 1
        if held_out < self._best * (1.0 - LEAST_GAIN):
            self._best, self._waited = held_out, 0
            self._state = {k: v.clone() for k, v in self._projector.state_dict().items()}
        return self._waited >= self._patience

    def restore(self) -> None:
        """Go back to the best epoch."""
        if self._state:
            self._projector.load_state_dict(self._state)


def _batches(rows: IntArray, size: int) -> list[IntArray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _descend(
    loss_of: Callable[[IntArray], Tensor], batches: list[IntArray], optimizer: torch.optim.Adam
) -> float:
    """One pass; the mean loss of its batches, 0 where there are none."""
    losses = [0.0] if not batches else []
    for rows in batches:
        loss = loss_of(rows)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def _held_out_loss(loss_of: Callable[[IntArray], Tensor], batches: list[IntArray]) -> float:
    if not batches:
        return float("nan")
    with torch.no_grad():
        losses = [loss_of(rows).item() for rows in batches]
    return float(np.average(losses, weights=[len(rows) for rows in batches]))


def _batch_loss(
    projector: Projector, task: Task, rows: IntArray, liked: sparse.csr_array, temperature: float
) -> Tensor:
    """Contrastive loss of some rows; each user vector is made without the row's own item."""
    user, item = task.train.user[rows], task.train.item[rows]
    x_user = task.means.without(user, item, task.item)  # (B, T)
    distinct, place = np.unique(item, return_inverse=True)
    mask = liked[user][:, item].toarray() > 0  # (B, B)
    return alignment_loss(
        projector(torch.from_numpy(x_user)),
        projector(torch.from_numpy(task.item[distinct])),
        torch.arange(len(rows)),
        torch.from_numpy(place),
        temperature,
        torch.from_numpy(mask),
    )
