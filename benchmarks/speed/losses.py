"""Losses of every interaction, and what out-of-fold evidence costs beside plain trainings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.speed.graphs import load
from benchmarks.speed.loop import Job, Measure, repeated, timed
from benchmarks.speed.ours import Training
from core.config import RunConfig
from core.model.backbones import make_backbone
from core.model.sampling import sample_uniform_negatives
from core.scoring.stand_ins import Pairs, with_stand_ins
from core.train.objectives import BPR
from core.train.out_of_fold import out_of_fold
from core.train.recorder import LossRecorder
from core.train.trainer import Trainer

FOLDS = 5


def prepare(job: Job) -> Measure:
    """``loss``: propagate and the BPR loss of all train interactions; ``folds``: out of fold."""
    torch.set_num_threads(job["threads"])
    training = Training(load(job["graph"]), job)
    if job["task"] == "folds":
        return lambda: _folds(training, job)
    drawn, objective = training.drawn, training.objective
    negatives = sample_uniform_negatives(
        objective.user[:, None], objective.observed, drawn.n_items, training.generator
    )
    recorder = LossRecorder(drawn.user, drawn.item, negatives)

    @torch.no_grad()
    def loss() -> None:
        recorder.losses(training.backbone(objective.graph))

    return lambda: repeated(loss, job["steps"], "loss") | {"n": len(drawn.user)}


def _folds(training: Training, job: Job) -> dict[str, Any]:
    """Seconds of out-of-fold evidence, stand-ins included, and of one training as long."""
    drawn, epochs = training.drawn, job["epochs"]
    config = RunConfig.model_validate({"backbone": {"dtype": job["dtype"]}})
    options = config.pretrain.model_copy(update={"epochs": epochs})
    rng = np.random.default_rng(0)
    fold = rng.integers(0, FOLDS, len(drawn.user))
    pairs: Pairs = with_stand_ins(drawn.train, fold, config.scoring.stand_ins, rng)
    generator = torch.Generator().manual_seed(0)
    backbone = make_backbone(drawn.n_users, drawn.n_items, config.backbone, generator)
    objective = BPR(drawn.train, training.objective.graph, config.pretrain.weight_decay)
    trainer = Trainer(backbone, objective, options, generator)
    one, one_cpu = timed(lambda: trainer.fit("one"))
    device = torch.device("cpu")
    all_folds, all_cpu = timed(lambda: out_of_fold(drawn.train, pairs, epochs, config, device))
    return {
        "training": one,
        "training_cpu": one_cpu,
        "folds": all_folds,
        "folds_cpu": all_cpu,
        "n_folds": FOLDS,
    }
