"""Our side of training and evaluation: steps, sampling, evaluation, memory, learning curves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.graphs import Drawn, load
from benchmarks.speed.loop import Job, Measure, peak_mb, repeated, timed, warmed
from core.config import BackboneConfig, LLMHNIConfig, RunConfig
from core.graph.adjacency import Graph, normalized_graph
from core.metrics import rank_metrics
from core.model.backbones import Backbone, make_backbone
from core.train.allocator import give_back_freed_memory, keep_freed_memory
from core.train.final import make_final_backbone
from core.train.llmhni import LLMHNI, RefinedInput
from core.train.objectives import BPR
from core.types import Embeddings

DECAY: Final = 1e-5
DEVICE: Final = "cpu"
PAPER_TERMS: Final = {
    "lambda_alignment": 0.01,
    "lambda_hallucination": 0.01,
    "layer_contrast": False,
}
"""Four graphs a step and two contrasts, as the paper has it."""


class Training:
    """One backbone with its objective, set up as the engine does it.

    Args:
        drawn: The interactions.
        job: ``objective`` (``plain``, ``full`` = all terms of the paper, ``default`` = those of the
            default settings), ``dtype``, ``device``, ``learning_rate``,
            ``round`` (the seed) and ``train`` (settings of the full one), all optional.
    """

    def __init__(self, drawn: Drawn, job: Job) -> None:
        self.drawn = drawn
        device, dtype = job.get("device", DEVICE), job.get("dtype", "float32")
        self.generator = torch.Generator().manual_seed(job.get("round", 0))
        kind = job.get("objective", "plain")
        full = kind != "plain"
        terms = PAPER_TERMS if kind == "full" else {}
        self.options = LLMHNIConfig.model_validate({**terms, **job.get("train", {})})
        config = RunConfig(backbone=BackboneConfig(dtype=dtype), train=self.options)
        nodes = drawn.n_users, drawn.n_items
        self.backbone: Backbone = (
            make_final_backbone(*nodes, config, self.generator)
            if full
            else make_backbone(*nodes, config.backbone, self.generator)
        ).to(device)
        keep_freed_memory()  # as the engine does
        graph = normalized_graph(drawn.train, device=device, dtype=dtype)
        self.objective: BPR = self._full(graph, dtype) if full else BPR(drawn.train, graph, DECAY)
        rate = job.get("learning_rate", self.options.learning_rate)
        self.optimizer = torch.optim.Adam(self.backbone.parameters(), lr=rate, fused=True)
        give_back_freed_memory()  # as the trainer does
        self.epoch = 0
        self._order: list[Tensor] = []

    def _full(self, graph: Graph, dtype: Any) -> LLMHNI:  # noqa: ANN401
        """Soft weights, hard negatives, and the contrasts of the settings with their graphs."""
        rng, drawn = np.random.default_rng(0), self.drawn
        weight = rng.random(len(drawn.user)).astype(np.float32)
        vectors = (
            rng.standard_normal((n, 64)).astype(np.float32) for n in (drawn.n_users, drawn.n_items)
        )
        device = graph.user.device
        refined = normalized_graph(drawn.train, weight, device=device, dtype=dtype)
        data = RefinedInput(graph, refined, drawn.train, weight, drawn.train, Embeddings(*vectors))
        return LLMHNI(data, self.options, self.generator)

    def begin_epoch(self) -> None:
        """Draw what is drawn once per epoch."""
        self.epoch += 1
        self.objective.begin_epoch(self.epoch, self.backbone, self.generator)

    def batch(self) -> Tensor:
        """Rows of the next batch."""
        if not self._order:
            rows = torch.randperm(self.objective.n_rows, generator=self.generator)
            self._order = list(torch.split(rows, self.options.batch_size))[::-1]
        return self._order.pop()

    def step(self) -> None:
        """As in :meth:`core.train.trainer.Trainer.fit`."""
        terms = self.objective.loss(self.backbone, self.batch())
        self.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        self.optimizer.step()

    @property
    def n_steps(self) -> int:
        """Of an epoch."""
        return -(-self.objective.n_rows // self.options.batch_size)

    @torch.no_grad()
    def evaluate(self) -> float:
        """Recall@20 of what is held out: propagation, masks, ranking, Recall and NDCG."""
        found = self.backbone(self.objective.graph)
        drawn = self.drawn
        return rank_metrics(found.user, found.item, drawn.train, drawn.held_out, ks=(20,)).recall[
            20
        ]


def prepare(job: Job) -> Measure:
    """Prepare the task of the job: ``step``, ``evaluate``, ``memory`` or ``curve``."""
    torch.set_num_threads(job["threads"])
    training = Training(load(job["graph"]), job)
    tasks: dict[str, Callable[[Training, Job], dict[str, Any]]] = {
        "step": _steps,
        "evaluate": lambda t, j: repeated(t.evaluate, j["steps"], "evaluate"),
        "memory": _memory,
        "curve": lambda t, j: curve(t, j["epochs"], j["patience"]),
    }
    return lambda: tasks[job["task"]](training, job)


def _steps(training: Training, job: Job) -> dict[str, Any]:
    """Seconds of a step, and of what an epoch draws at its begin, per step."""
    if not training.epoch:
        training.begin_epoch()
    warmed(training.step)
    wall, cpu = timed(training.begin_epoch)
    n = training.n_steps
    found = repeated(training.step, job["steps"], "step")
    return found | {"sample": wall / n, "sample_cpu": cpu / n, "n_steps": n}


def _memory(training: Training, job: Job) -> dict[str, Any]:
    loaded = peak_mb()
    training.begin_epoch()
    for _ in range(job["steps"]):
        training.step()
    trained = peak_mb()
    training.evaluate()
    return {"loaded_mb": loaded, "trained_mb": trained, "peak_mb": peak_mb()}


class Trained(Protocol):
    """What a learning curve is made of."""

    @property
    def n_steps(self) -> int:
        """Of an epoch."""
        ...

    def begin_epoch(self) -> None:
        """Draw what is drawn once per epoch."""
        ...

    def step(self) -> None:
        """One batch."""
        ...

    def evaluate(self) -> float:
        """Recall@20 of what is held out."""
        ...


def curve(training: Trained, n_epochs: int, patience: int) -> dict[str, Any]:
    """Recall on what is held out after each epoch, and the seconds of training until then."""

    def epoch() -> None:
        training.begin_epoch()
        for _ in range(training.n_steps):
            training.step()

    wall = cpu = best = 0.0
    found: list[list[float]] = []
    waited, start = 0, time.perf_counter()
    while len(found) < n_epochs and waited < patience:
        one = timed(epoch)
        wall, cpu = wall + one[0], cpu + one[1]
        found.append([wall, cpu, training.evaluate()])
        waited = 0 if found[-1][2] > best else waited + 1
        best = max(best, found[-1][2])
    return {"curve": found, "all_seconds": time.perf_counter() - start}
