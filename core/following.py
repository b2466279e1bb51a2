"""A run as the processes beside process 0 see it: the trainings, and nothing else.

:mod:`core.pipeline` is the run of process 0; the trainings here are the same calls in the same
order. Nothing is written.
"""

from __future__ import annotations

from pathlib import Path

import torch

from core.config import RunConfig
from core.engine import Engine
from core.labels import read_labels
from core.parallel.group import current
from core.parallel.launch import check_together
from core.parallel.stages import FollowingStages
from core.pipeline import reproducible
from core.types import Dataset, ignore_progress
from core.warm_start import from_scratch


def follow_pipeline(
    dataset: Dataset,
    config: RunConfig,
    device: torch.device,
    folder: Path,
    cache: Path,
    labels: Path | None = None,
    with_parent: bool = False,
) -> None:
    """Take part in the trainings of a run.

    Args:
        dataset: The dataset of the run.
        config: Its settings.
        device: Where to train.
        folder: Its folder, for the checkpoints that process 0 writes.
        cache: Folder of the caches.
        labels: Parquet file of people's labels.
        with_parent: Whether the run has a parent to begin with.

    Raises:
        core.parallel.group.ProcessLostError: If process 0 ended before the run did.
    """
    check_together(config, device, current())
    said = None if labels is None else read_labels(labels, dataset, config.labels).labels
    engine = Engine(dataset, config, device, folder / "checkpoints", cache, ignore_progress, said)
    stages = FollowingStages(current())
    with reproducible(device):
        start = stages.hear("start") if with_parent else from_scratch("there is no parent")
        aligned = stages.hear("align")
        pretrained = stages.join("pretrain", engine.pretrain)
        stages.join("out-of-fold", lambda: engine.out_of_fold(aligned, pretrained))
        judged, scored = stages.hear("judge"), stages.hear("score")
        stages.join("train", lambda: engine.train(aligned, judged, scored, start))
