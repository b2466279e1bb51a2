"""One training of each side, from the same split to the same measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.services import environment
from benchmarks.recbole_settings import METHODS, MODELS, Matched, recbole_config
from benchmarks.recbole_split import write_split
from core.errors import ConfigError
from core.types import Dataset, Progress

RUNNER: Final = Path(__file__).with_name("recbole_runner.py")
NAME: Final = "split"
"""Of the data in RecBole's folder."""
K: Final = 20
SHAPE: Final = {"embedding_size", "n_layers", "init_std"}


def train_theirs(
    dataset: Dataset, method: str, seed: int, matched: Matched, python: Path
) -> dict[str, Any]:
    """Train by RecBole in its own environment, and rank its vectors once more by our measure.

    Raises:
        ConfigError: If RecBole failed.
    """
    with tempfile.TemporaryDirectory(prefix="recbole-") as scratch:
        place = Path(scratch)
        write_split(dataset, place, NAME)
        job = {
            "model": MODELS[method],
            "data": NAME,
            "init_std": matched.init_std,
            "config": recbole_config(matched, method, seed, scratch),
        }
        (place / "job.json").write_text(json.dumps(job), encoding="utf-8")
        out = place / "result.json"
        command = [str(python), str(RUNNER), str(place / "job.json"), str(out)]
        variables = {**environment.with_defaults(os.environ), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=scratch, env=variables, capture_output=True, text=True)
        if done.returncode or not out.is_file():
            raise ConfigError(f"RecBole failed: {done.stderr.strip()[-2000:]}")
        found: dict[str, Any] = json.loads(out.read_text("utf-8"))
        with np.load(out.with_suffix(".npz"), allow_pickle=False) as vectors:
            by_us = _measured(vectors["user"], vectors["item"], dataset)
    return found | {"recall20_by_us": by_us["recall20"], "ndcg20_by_us": by_us["ndcg20"]}


def train_ours(
    dataset: Dataset, method: str, seed: int, matched: Matched, recbole_form: bool = False
) -> dict[str, Any]:
    """Train our method; to be called in a process of its own.

    Args:
        dataset: The split.
        method: Key of :data:`METHODS`.
        seed: Of our draws.
        matched: Hyper-parameters.
        recbole_form: SGL only: with RecBole's contrast in the place of ours.
    """
    import torch  # noqa: PLC0415 - heavy

    from benchmarks.recbole_form import train_form  # noqa: PLC0415 - heavy
    from core.baselines import METHODS as TABLE  # noqa: PLC0415 - heavy
    from core.baselines.method import Inputs  # noqa: PLC0415 - heavy
    from core.baselines.run import run_method  # noqa: PLC0415 - heavy
    from core.config import BackboneConfig, OptimiserConfig  # noqa: PLC0415
    from core.graph.adjacency import normalized_graph  # noqa: PLC0415 - heavy

    torch.set_num_threads(1)
    inputs = Inputs(
        dataset.train,
        dataset.valid,
        normalized_graph(dataset.train),
        BackboneConfig.model_validate(matched.model_dump(include=SHAPE)),
        OptimiserConfig.model_validate(
            matched.model_dump(include={"epochs", "batch_size", "learning_rate", "eval_every"})
            | {"weight_decay": matched.decay_of(method), "patience": matched.patience_of(method)}
        ),
        torch.device("cpu"),
        seed,
    )
    clock = _Clock()
    settings = TABLE[METHODS[method]].settings.model_validate(matched.options_of(method))
    if recbole_form:
        outcome = train_form(inputs, settings, clock)
    else:
        outcome = run_method(METHODS[method], inputs, settings, on_progress=clock)
    if outcome.embeddings is None:
        raise ValueError(f"{method} has no vectors")
    return {
        **_measured(outcome.embeddings.user, outcome.embeddings.item, dataset),
        "valid_recall20": max(row.get(f"recall@{K}", -1.0) for row in outcome.history),
        "best_epoch": outcome.best_epoch,
        "n_epochs": len(outcome.history),
        **clock.per_epoch(len(outcome.history)),
        "versions": _versions(torch.__version__),
    }


def _versions(of_torch: str) -> dict[str, str]:
    return {"python": sys.version.split()[0], "torch": of_torch, "numpy": np.__version__}


class _Clock:
    """Times of the epochs, validation included, as RecBole's are taken."""

    def __init__(self) -> None:
        self.start = self.last = (time.perf_counter(), time.process_time())

    def __call__(self, _: Progress) -> None:
        """Note the time of an epoch's end."""
        self.last = (time.perf_counter(), time.process_time())

    def per_epoch(self, n_epochs: int) -> dict[str, float]:
        """Mean wall-clock and processor time of an epoch, in seconds."""
        wall, cpu = (last - first for first, last in zip(self.start, self.last, strict=True))
        return {"epoch_seconds": wall / n_epochs, "epoch_cpu_seconds": cpu / n_epochs}


def _measured(user: np.ndarray, item: np.ndarray, dataset: Dataset) -> dict[str, float]:
    """Test measures with train and validation masked, as RecBole masks them."""
    from core.metrics import rank_metrics  # noqa: PLC0415 - heavy

    found = rank_metrics(user, item, dataset.train, dataset.test, ks=(K,), also_mask=dataset.valid)
    return {"recall20": found.recall[K], "ndcg20": found.ndcg[K]}
