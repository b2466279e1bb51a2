"""Objective alignment: text embeddings into the recommendation space, trained then frozen.

Source: LLMHNI (arXiv:2511.07295), stage 1. A projector has seen its training pairs and scores
them high, so the semantic relevance of train interactions comes **out of fold** [D]: the pairs of
a fold are scored by a projector and by user vectors that were made without that fold. Inside a
fold, held-out pairs are treated exactly like unobserved ones: they may be in-batch negatives and
are not masked, so the values of observed and unobserved pairs compare.

Shape letters: U users, I items, E train interactions, K folds, T text size, D projected size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import torch

from core.config import AlignmentConfig
from core.progress import within
from core.relevance.leave_out import reliable_positives, unit, user_means
from core.relevance.projector import LEAST_GAIN, EpochRecord, Task, fit_projector
from core.side_by_side import Training, side_by_side
from core.types import (
    Embeddings,
    FloatArray,
    IntArray,
    Interactions,
    OnProgress,
    Progress,
    ignore_progress,
)

CPU = torch.device("cpu")
FINAL = -1
"""Fold label of the projector that saw all train positives."""
OfFold: TypeAlias = tuple[FloatArray, FloatArray, list[EpochRecord]]
"""Users ``(U, D)`` and items ``(I, D)`` as the projector of a fold has them, and its epochs."""


@dataclass(frozen=True)
class Alignment:
    """Projected embeddings, all rows of length 1."""

    user: FloatArray
    """Final projector, ``(U, D)``: profile text mixed with the mean of the user's items [D]."""
    item: FloatArray
    """Final projector, ``(I, D)``."""
    out_of_fold: FloatArray
    """Semantic relevance -1..1 of each train interaction from the other folds, ``(E,)``."""
    fold: IntArray
    """Fold of each train interaction, 0..K-1, ``(E,)``."""
    fold_user: FloatArray
    """Users in the space of each fold's projector, made without the fold's pairs, ``(K, U, D)``."""
    fold_item: FloatArray
    """Items in the space of each fold's projector, ``(K, I, D)``."""
    history: tuple[EpochRecord, ...]
    """Losses of all projectors by epoch."""


def align(
    embeddings: Embeddings,
    train: Interactions,
    config: AlignmentConfig,
    generator: torch.Generator,
    on_progress: OnProgress = ignore_progress,
) -> Alignment:
    """Train one projector per fold and the final one.

    Args:
        embeddings: Text embeddings of profiles ``(U, T)`` and items ``(I, T)``.
        train: The noised train interactions ``(E,)``.
        config: Sizes, folds, early stop.
        generator: Every random draw; lives on the CPU.
        on_progress: Told after each epoch.

    Raises:
        ValueError: If ``train`` is empty or the embeddings do not fit it.
    """
    _check(embeddings, train)
    profile, item = unit(embeddings.user), unit(embeddings.item)
    fold = assign_folds(train, config.folds, generator)
    streams = _streams(config.folds + 1, generator)
    share = config.folds / (config.folds + 1)  # the final projector is one more
    of_folds = _fit_folds(train, fold, item, config, streams, within(on_progress, 0.0, share))
    fold_user, fold_item, records = zip(*of_folds, strict=True)
    task = _task(train, item, profile, config, FINAL)
    report = _teller(within(on_progress, share, 1.0), config)
    epochs = max(1, round(float(np.median(list(map(_best_epoch, records))))))
    final, of_final = fit_projector(task, config, streams[FINAL], report, epochs)
    user_of, item_of = np.stack(fold_user), np.stack(fold_item)
    return Alignment(
        user=final.unit(task.means.whole()),
        item=final.unit(item),
        out_of_fold=np.einsum("ed,ed->e", user_of[fold, train.user], item_of[fold, train.item]),
        fold=fold,
        fold_user=user_of,
        fold_item=item_of,
        history=(*chain(*records), *of_final),
    )


def _fit_folds(
    train: Interactions,
    fold: IntArray,
    item: FloatArray,
    config: AlignmentConfig,
    streams: list[torch.Generator],
    on_progress: OnProgress,
) -> list[OfFold]:
    """Train the projector of every fold on the other folds."""

    def training(f: int) -> Training[OfFold]:
        def train_and_project(report: OnProgress) -> OfFold:
            task = _task(train.select(fold != f), item, None, config, f)
            projector, records = fit_projector(task, config, streams[f], _teller(report, config))
            return projector.unit(task.means.whole()), projector.unit(item), records

        return train_and_project

    # A task has a text beside every interaction, far more than a training's own vectors.
    size = len(train) * max(1, item.shape[1] // config.size)
    return side_by_side([training(f) for f in range(config.folds)], size, CPU, on_progress)


def assign_folds(train: Interactions, n_folds: int, generator: torch.Generator) -> IntArray:
    """Spread each user's interactions evenly over the folds, ``(E,)`` in 0..K-1.

    Depends on the users of the rows alone: which item a row names changes no fold.
    """
    shuffled = torch.randperm(len(train), generator=generator).numpy()
    offset = torch.randint(n_folds, (train.n_users,), generator=generator).numpy()
    by_user = shuffled[np.argsort(train.user[shuffled], kind="stable")]
    size = np.bincount(train.user, minlength=train.n_users)
    first = np.cumsum(size) - size
    owner = train.user[by_user]
    fold = np.empty(len(train), dtype=np.int64)
    fold[by_user] = (np.arange(len(train)) - first[owner] + offset[owner]) % n_folds
    return fold


def _streams(n: int, generator: torch.Generator) -> list[torch.Generator]:
    """One generator per projector: when one stops early, the draws of the others stay the same."""
    seeds = torch.randint(2**62, (n,), generator=generator).tolist()
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _task(
    train: Interactions,
    item: FloatArray,
    profile: FloatArray | None,
    config: AlignmentConfig,
    fold: int,
) -> Task:
    means = user_means(train, item, profile)
    x_user = means.without(train.user, train.item, item)
    similarity = np.einsum("et,et->e", x_user, item[train.item])
    reliable = reliable_positives(similarity, train.user, train.n_users, config.reliable_share)
    return Task(train, np.flatnonzero(reliable), item, means, fold)


def _best_epoch(records: list[EpochRecord]) -> int:
    """The epoch whose weights the early stop went back to."""
    best, epoch = float("inf"), len(records)
    for record in records:
        if record.held_out < best * (1.0 - LEAST_GAIN):
            best, epoch = record.held_out, record.epoch
    return epoch


def _check(embeddings: Embeddings, train: Interactions) -> None:
    if len(train) == 0:
        raise ValueError("alignment needs at least one train interaction")
    shapes = (len(embeddings.user), len(embeddings.item))
    if shapes != (train.n_users, train.n_items):
        raise ValueError(
            f"embeddings are for {shapes[0]} users and {shapes[1]} items, "
            f"train has {train.n_users} and {train.n_items}"
        )


def _teller(on_progress: OnProgress, config: AlignmentConfig) -> Callable[[EpochRecord], None]:
    """Report the epochs of a projector."""

    def report(record: EpochRecord) -> None:
        values = {
            "fold": float(record.fold),
            "epoch": float(record.epoch),
            "loss": record.loss,
            "held_out": record.held_out,
        }
        on_progress(Progress("align", min(record.epoch / config.epochs, 1.0), values))

    return report
