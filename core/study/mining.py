"""Negatives that each scheme mines from one plain backbone, at several epochs of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.engine import Engine
from core.evaluation.false_negatives import Mined, mined_negatives
from core.graph.adjacency import normalized_graph
from core.model.backbones import make_backbone
from core.pipeline import reproducible
from core.stage_keys import stage_keys
from core.stages import Stages
from core.train.objectives import BPR
from core.train.trainer import Trainer, Validation
from core.types import Dataset, Embeddings, FloatArray, OnProgress, Progress

N_MODELS: Final = 5
"""Successive epochs, the best one last: SRNS reads the variance of scores off them."""
CPU: Final = torch.device("cpu")


class Mining(NamedTuple):
    """What was mined, and from the epochs up to which."""

    schemes: Mapping[str, Mined]
    best_epoch: int


class _Remembering(BPR):
    """BPR that keeps the vectors of the epochs past."""

    past: dict[int, Embeddings]

    @torch.no_grad()
    def begin_epoch(self, epoch: int, backbone: nn.Module, generator: torch.Generator) -> None:
        """Before epoch e the backbone is the one after epoch e - 1."""
        if epoch > 1:
            found = backbone(self.graph)
            self.past[epoch - 1] = Embeddings(_copied(found.user), _copied(found.item))
        super().begin_epoch(epoch, backbone, generator)


def _copied(vectors: Tensor) -> FloatArray:
    found: FloatArray = vectors.detach().cpu().numpy().copy()
    return found


def mined(
    dataset: Dataset, config: RunConfig, folder: Path, cache: Path, on_progress: OnProgress
) -> Mining:
    """Train a plain backbone and mine negatives from its last epochs before the best one.

    Args:
        dataset: With noise in train; the held-out positives are those of test.
        config: Settings of backbone and training.
        folder: For what is kept meanwhile.
        cache: Folder of the caches.
        on_progress: Told about every step.
    """
    engine = Engine(dataset, config, CPU, folder, cache, on_progress)
    keys = stage_keys(dataset.fingerprint, config, CPU)
    stages = Stages(folder / "stages", cache, keys)
    with reproducible(CPU):
        texts = stages.run("texts", engine.texts)
        aligned = stages.run("align", lambda: engine.align(texts))
        models, best_epoch = _successive(dataset, config, on_progress)
        generator = torch.Generator().manual_seed(config.seed)
        vectors = Embeddings(aligned["user"], aligned["item"])
        found = mined_negatives(dataset.train, dataset.test, models, vectors, generator)
    return Mining(found, best_epoch)


def _successive(
    dataset: Dataset, config: RunConfig, on_progress: OnProgress
) -> tuple[list[Embeddings], int]:
    """Vectors of the epochs up to the best one, and its number."""
    generator = torch.Generator().manual_seed(config.seed)
    graph = normalized_graph(dataset.train, device=CPU, dtype=config.backbone.dtype)
    train = dataset.train
    backbone = make_backbone(train.n_users, train.n_items, config.backbone, generator)
    objective = _Remembering(train, graph, config.train.weight_decay)
    objective.past = {}
    validation = Validation(train, dataset.valid)
    trainer = Trainer(backbone, objective, config.train, generator, validation)

    def told(progress: Progress) -> None:
        on_progress(progress)
        oldest = trainer.state.best_epoch - N_MODELS
        for epoch in [epoch for epoch in objective.past if epoch <= oldest]:
            del objective.past[epoch]

    result = trainer.fit("mining", told)
    first = max(result.best_epoch - N_MODELS + 1, 1)
    before = [objective.past[epoch] for epoch in range(first, result.best_epoch)]
    return [*before, result.embeddings], result.best_epoch
