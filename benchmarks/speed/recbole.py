"""RecBole's LightGCN measured in RecBole's own environment; needs nothing of the engine.

RecBole is used as installed: its data set, loaders, sampler, model and evaluation. Its training
loop reads the clock nowhere, so the statements of its ``Trainer._train_epoch`` are written out.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.general_recommender import LightGCN
from recbole.utils import get_trainer, init_seed

from benchmarks.recbole_shared import SHARED
from benchmarks.speed.graphs import Drawn, load
from benchmarks.speed.loop import Job, Measure, peak_mb, repeated, timed, warmed

NAME: Final = "graph"
SETTINGS: Final[dict[str, Any]] = {
    **SHARED,
    "train_batch_size": 2048,
    "embedding_size": 64,
    "n_layers": 3,
    "reg_weight": 1e-5,
    "show_progress": False,
    "save_dataset": False,
    "save_dataloaders": False,
    "log_wandb": False,
}
"""What every measurement here shares."""


class Training:
    """Data, model and optimiser as RecBole makes them."""

    def __init__(self, job: Job) -> None:
        logging.disable(logging.CRITICAL)
        sys.argv = sys.argv[:1]  # RecBole reads the command line by itself
        write_atomic(load(job["graph"]), Path.cwd())
        own = {
            "data_path": str(Path.cwd()),
            "checkpoint_dir": str(Path.cwd()),
            "learning_rate": job.get("learning_rate", 1e-3),
            "seed": job.get("round", 0),
        }
        config = Config("LightGCN", NAME, None, SETTINGS | own)
        init_seed(config["seed"], config["reproducibility"])
        torch.set_num_threads(job["threads"])
        self.train, self.valid, _ = data_preparation(config, create_dataset(config))
        self.model = LightGCN(config, self.train.dataset)
        self.trainer = get_trainer(config["MODEL_TYPE"], "LightGCN")(config, self.model)

    def step(self, batch: Any) -> None:  # noqa: ANN401
        """As in ``Trainer._train_epoch``."""
        self.trainer.optimizer.zero_grad()
        loss = self.model.calculate_loss(batch)
        loss.item()
        loss.backward()
        self.trainer.optimizer.step()

    def batches(self) -> Iterator[Any]:
        """Sampled batches, epoch after epoch."""
        while True:
            yield from self.train

    def evaluate(self) -> float:
        """Recall@20 of what is held out; propagated anew."""
        self.model.restore_user_e = self.model.restore_item_e = None
        found = self.trainer.evaluate(self.valid, load_best_model=False)
        return float(found["recall@20"])


def prepare(job: Job) -> Measure:
    """Prepare the task of the job: ``step``, ``evaluate``, ``memory`` or ``curve``."""
    training = Training(job)
    if job["task"] == "evaluate":
        return lambda: repeated(training.evaluate, job["steps"], "evaluate")
    if job["task"] == "memory":
        return lambda: _memory(training, job["steps"])
    if job["task"] == "curve":
        return lambda: _curve(training, job["epochs"], job["patience"])
    batches = training.batches()
    waiting: list[Any] = []

    def measure() -> dict[str, Any]:
        warmed(lambda: training.step(next(batches)))
        sampled = repeated(lambda: waiting.append(next(batches)), job["steps"], "sample")
        waiting.append(next(batches))
        return sampled | repeated(lambda: training.step(waiting.pop()), job["steps"], "step")

    return measure


def _memory(training: Training, n_steps: int) -> dict[str, Any]:
    loaded = peak_mb()
    batches = training.batches()
    for _ in range(n_steps):
        training.step(next(batches))
    trained = peak_mb()
    training.evaluate()
    return {"loaded_mb": loaded, "trained_mb": trained, "peak_mb": peak_mb()}


def _curve(training: Training, n_epochs: int, patience: int) -> dict[str, Any]:
    """Recall on what is held out after each epoch, and the seconds of training until then."""
    wall = cpu = best = 0.0
    curve: list[list[float]] = []
    waited, start = 0, time.perf_counter()
    while len(curve) < n_epochs and waited < patience:
        one = timed(lambda: [training.step(batch) for batch in training.train])
        wall, cpu = wall + one[0], cpu + one[1]
        curve.append([wall, cpu, training.evaluate()])
        waited = 0 if curve[-1][2] > best else waited + 1
        best = max(best, curve[-1][2])
    return {"curve": curve, "all_seconds": time.perf_counter() - start}


def write_atomic(drawn: Drawn, folder: Path) -> None:
    """Write the pairs as RecBole reads them; what is held out is validation and test."""
    place = folder / NAME
    place.mkdir(parents=True, exist_ok=True)
    train, held = (drawn.user, drawn.item), (drawn.held_user, drawn.held_item)
    for part, (user, item) in {"train": train, "valid": held, "test": held}.items():
        path = place / f"{NAME}.{part}.inter"
        head = "user_id:token\titem_id:token"
        np.savetxt(path, np.stack([user, item], 1), "%d", "\t", header=head, comments="")
