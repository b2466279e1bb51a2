"""Out-of-fold loss and score: what the backbone thinks of interactions it has not seen.

A fitted model scores its own noisy train edges high and hides them. Here every pair is scored by
a backbone trained without it: K backbones, each on the train interactions of the other folds.
Stand-ins are scored by the backbone of their fold, so the two compare.

Shape letters: E train interactions, P pairs (observed and stand-ins), K epochs kept, M negatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.config import PretrainConfig, RunConfig
from core.graph.adjacency import normalized_graph
from core.incidence import interaction_matrix
from core.model.backbones import make_backbone
from core.model.sampling import Observed, sample_uniform_negatives
from core.scoring.stand_ins import Pairs
from core.side_by_side import Training, side_by_side
from core.strangers import Places, places
from core.train.objectives import BPR
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer, TrainResult
from core.types import Embeddings, FloatArray, Interactions, OnProgress, ignore_progress


@dataclass(frozen=True)
class OutOfFold:
    """Behavioural evidence about P pairs."""

    loss: FloatArray
    """Loss per kept epoch, ``(K, P)``."""
    place: Places
    """Where the score stands among strangers, ``(P,)`` each."""
    user: FloatArray
    """Users as each fold's backbone has them, ``(F, U, D)`` for F folds."""
    item: FloatArray
    """Items likewise, ``(F, I, D)``."""


def out_of_fold(
    train: Interactions,
    pairs: Pairs,
    epochs: int,
    config: RunConfig,
    device: torch.device,
    folder: Path | None = None,
    on_progress: OnProgress = ignore_progress,
) -> OutOfFold:
    """Train one backbone per fold and let it score the pairs of the fold.

    Args:
        train: The E train interactions.
        pairs: They and the stand-ins.
        epochs: Length of each training: the best epoch of pre-training, since a fold has no
            validation of its own.
        config: Backbone, optimiser, folds, seed.
        device: Where to train.
        folder: For checkpoints and finished folds; a resumed run skips those.
        on_progress: Told after every epoch.
    """
    n_folds = int(pairs.fold.max(initial=0)) + 1
    options = config.pretrain.model_copy(update={"epochs": epochs})
    kept = epochs // options.keep_every
    loss = np.zeros((kept, len(pairs)), np.float32)
    among_items, among_users = np.zeros((2, len(pairs)), np.float32)

    def training(fold: int) -> Training[Embeddings]:
        def train_and_place(report: OnProgress) -> Embeddings:
            rows = np.flatnonzero(pairs.fold == fold)  # no other training writes there
            rest = train.select(pairs.fold[: pairs.n_observed] != fold)
            result = _train_fold(rest, pairs, rows, config, options, fold, device, folder, report)
            loss[:, rows] = result.recorded
            among_items[rows], among_users[rows] = _place_fold(
                result.embeddings, rest, pairs, rows, config, fold
            )
            return result.embeddings

        return train_and_place

    trainings = [training(fold) for fold in range(n_folds)]
    found = side_by_side(trainings, len(train), device, on_progress)
    return OutOfFold(
        loss,
        Places(among_items, among_users),
        np.stack([vectors.user for vectors in found]),
        np.stack([vectors.item for vectors in found]),
    )


def _train_fold(
    rest: Interactions,
    pairs: Pairs,
    rows: np.ndarray,
    config: RunConfig,
    options: PretrainConfig,
    fold: int,
    device: torch.device,
    folder: Path | None,
    report: OnProgress,
) -> TrainResult:
    """Train on the other folds, recording the losses of this fold's pairs."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + 31 + fold)
    backbone = make_backbone(rest.n_users, rest.n_items, config.backbone, generator).to(device)
    graph = normalized_graph(rest, device=device, dtype=config.backbone.dtype)
    user = pairs.user[rows]
    shape = torch.from_numpy(user)[:, None].expand(-1, config.pretrain.loss_negatives)
    negatives = sample_uniform_negatives(shape, Observed(rest), rest.n_items, generator)
    recorder = LossRecorder(
        user, pairs.item[rows], negatives, config.pretrain.keep_every, device=device
    )
    checkpoint = None if folder is None else folder / f"fold_{fold}.pt"
    objective = BPR(rest, graph, config.pretrain.weight_decay)
    trainer = Trainer(
        backbone,
        objective,
        options,
        generator,
        recorder=recorder,
        checkpoint=checkpoint,
    )
    return trainer.fit("out-of-fold", report)


def _place_fold(
    found: Embeddings,
    rest: Interactions,
    pairs: Pairs,
    rows: np.ndarray,
    config: RunConfig,
    fold: int,
) -> Places:
    """Place the scores of this fold's pairs among those of strangers to the other folds."""
    user, item = pairs.user[rows], pairs.item[rows]
    return places(
        np.einsum("pd,pd->p", found.user[user], found.item[item]),
        user,
        item,
        found.user,
        found.item,
        interaction_matrix(rest),
        config.scoring.references,
        np.random.default_rng([config.seed, 21, fold]),
    )
