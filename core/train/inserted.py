"""Train models that have seen some stand-ins as if they were interactions.

Why: :mod:`core.scoring.insertions`. The training is pointwise: cross-entropy gives each pair a
score of its own, where BPR only orders the items of a user.

Shape letters: E train interactions, P pairs, K trainings, S inserted stand-ins of each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.config import RunConfig
from core.graph.adjacency import normalized_graph
from core.model.backbones import make_backbone
from core.scoring.insertions import Insertions, choose_rows, with_inserted
from core.scoring.stand_ins import Pairs
from core.side_by_side import Training, side_by_side
from core.train.pointwise import ReweightedCrossEntropy
from core.train.trainer import Trainer, Validation
from core.types import Embeddings, Interactions, OnProgress, ignore_progress

SEED = 61
"""Sets the draws of these trainings apart from those of the folds."""


def fit_inserted(
    validation: Validation,
    pairs: Pairs,
    config: RunConfig,
    device: torch.device,
    rng: np.random.Generator,
    folder: Path | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Insertions:
    """Insert stand-ins, train, and score interactions and inserted stand-ins.

    Args:
        validation: The E train interactions, and what chooses the best epoch.
        pairs: They and the stand-ins.
        config: Backbone, optimiser, seed; ``scoring.insertions`` is K.
        device: Where to train.
        rng: Chooses the stand-ins.
        folder: For checkpoints.
        on_progress: Told after every epoch.
    """
    train, n_trainings = validation.train, config.scoring.insertions
    rows = choose_rows(pairs, n_trainings, rng)
    score = np.zeros((n_trainings, len(train)), np.float32)
    inserted = np.zeros(rows.shape, np.float32)

    def training(k: int) -> Training[Embeddings]:
        def train_on_them(report: OnProgress) -> Embeddings:
            seen = with_inserted(train, pairs, rows[k])
            return _train(seen, validation.held_out, config, device, k, folder, report)

        return train_on_them

    trainings = [training(k) for k in range(n_trainings)]
    n_folds = int(pairs.fold.max(initial=0)) + 1  # the parts of the stage before these
    found = side_by_side(trainings, len(train), device, on_progress, first=n_folds)
    for k, vectors in enumerate(found):
        score[k] = _scores(vectors, train.user, train.item)
        inserted[k] = _scores(vectors, pairs.user[rows[k]], pairs.item[rows[k]])
    return Insertions(rows, score, inserted)


def _train(
    seen: Interactions,
    valid: Interactions,
    config: RunConfig,
    device: torch.device,
    k: int,
    folder: Path | None,
    report: OnProgress,
) -> Embeddings:
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + SEED + k)
    backbone = make_backbone(seen.n_users, seen.n_items, config.backbone, generator).to(device)
    graph = normalized_graph(seen, device=device, dtype=config.backbone.dtype)
    trainer = Trainer(
        backbone,
        ReweightedCrossEntropy(seen, graph, config.pretrain.weight_decay),
        config.pretrain,
        generator,
        Validation(seen, valid),
        checkpoint=None if folder is None else folder / f"inserted_{k}.pt",
    )
    return trainer.fit("out-of-fold", report).embeddings


def _scores(found: Embeddings, user: np.ndarray, item: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("pd,pd->p", found.user[user], found.item[item]), np.float32)
