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
LEAST_GAIN = 2e-3
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
    optimizer = torch.optim.Adam(projector.parameters(), lr=config.learning_rate, fused=True)
    shuffled = task.positive[torch.randperm(len(task.positive), generator=generator).numpy()]
    n_held_out = 0 if epochs else min(len(shuffled) // 10, HELD_OUT_PAIRS)
    held_out, used = shuffled[:n_held_out], shuffled[n_held_out:]
    liked = interaction_matrix(task.train)

    def loss_of(rows: IntArray) -> Tensor:
        return _batch_loss(projector, task, rows, liked, config.temperature)

    records: list[EpochRecord] = []
    best, best_state, waited = np.inf, projector.state_dict(), 0
    for epoch in range(1, (epochs or config.epochs) + 1):
        order = used[torch.randperm(len(used), generator=generator).numpy()]
        losses = []
        for start in range(0, len(order), config.batch_size):
            loss = loss_of(order[start : start + config.batch_size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        measured = _held_out_loss(loss_of, held_out, config.batch_size)
        records.append(EpochRecord(task.fold, epoch, float(np.mean(losses or [0.0])), measured))
        on_epoch(records[-1])
        if n_held_out == 0:
            continue
        waited += 1
        if measured < best * (1.0 - LEAST_GAIN):
            best, waited = measured, 0
            best_state = {key: value.clone() for key, value in projector.state_dict().items()}
        if waited >= config.patience:
            break
    if n_held_out:
        projector.load_state_dict(best_state)
    return projector.requires_grad_(False), records


def _held_out_loss(loss_of: Callable[[IntArray], Tensor], rows: IntArray, batch: int) -> float:
    if len(rows) == 0:
        return float("nan")
    with torch.no_grad():
        parts = [rows[start : start + batch] for start in range(0, len(rows), batch)]
        return float(np.average([loss_of(p).item() for p in parts], weights=[len(p) for p in parts]))


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
