"""Tables of what was measured epoch by epoch.

Shape letters: E train interactions, K epochs kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.stages import Arrays
from core.types import Dataset


def loss_history(dataset: Dataset, pretrained: Arrays, behaviour: Arrays) -> dict[str, Any]:
    """Columns of ``loss_history``, out of fold and in sample where both were kept."""
    n_train = len(dataset.train)
    held_out = behaviour["loss"][:, :n_train]  # (K, E)
    fitted = pretrained["recorded"][: len(held_out)]
    n_epochs = min(len(held_out), len(fitted))
    step = int(pretrained["keep_every"])
    return {
        "row": np.tile(np.arange(n_train), n_epochs),
        "epoch": np.repeat((np.arange(n_epochs) + 1) * step, n_train),
        "loss": held_out[:n_epochs].ravel(),
        "loss_in_sample": fitted[:n_epochs].ravel(),
    }


def metrics(aligned: Arrays, pretrained: Arrays, trained: Arrays) -> dict[str, Any]:
    """Columns of ``metrics``: one row per number that a training measured."""
    stage: list[str] = []
    epoch, name, value = [], [], []
    for label, found in (("pretrain", pretrained), ("train", trained)):
        stage += [label] * len(found["metric_epoch"])
        epoch.append(found["metric_epoch"])
        name += found["metric_name"].tolist()
        value.append(found["metric_value"])
    for fold, at, loss, held_out in aligned["history"].tolist():
        label = "align final" if fold < 0 else f"align fold {int(fold)}"
        stage += [label, label]
        epoch.append(np.array([at, at], np.int64))
        name += ["loss", "held_out"]
        value.append(np.array([loss, held_out]))
    return {
        "stage": stage,
        "epoch": np.concatenate(epoch),
        "name": name,
        "value": np.concatenate(value),
    }
