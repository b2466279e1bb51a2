"""Tables of what was measured: epoch by epoch, and user by user at the end.

Shape letters: E train interactions, K epochs kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.metrics import RankingMetrics, Rankings
from core.stages import Arrays
from core.types import Dataset, FloatArray


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


def ranking(rankings: Rankings) -> dict[str, Any]:
    """Columns of ``ranking``: one row per split and user with held-out items."""
    pairs = {split: both for split, both in rankings.items() if len(both.refined.user)}
    columns: dict[str, Any] = {
        "user": _joined([both.refined.user for both in pairs.values()], np.int64),
        "split": [split for split, both in pairs.items() for _ in both.refined.user],
        "n_held_out": _joined([both.refined.n_held_out for both in pairs.values()], np.int64),
    }
    for name, measure, k in _RANKING:
        columns[name] = _joined([measure(both.refined)[k] for both in pairs.values()], np.float32)
    for name, measure, k in _RANKING[:2]:
        found = [measure(both.plain)[k] for both in pairs.values()]
        columns[f"plain_{name}"] = _joined(found, np.float32)
    return columns


def _recall(metrics: RankingMetrics) -> Mapping[int, FloatArray]:
    return metrics.user_recall


def _ndcg(metrics: RankingMetrics) -> Mapping[int, FloatArray]:
    return metrics.user_ndcg


_RANKING = (
    ("recall20", _recall, 20),
    ("ndcg20", _ndcg, 20),
    ("recall10", _recall, 10),
    ("ndcg10", _ndcg, 10),
)
"""Columns of ``ranking``: what is measured, and the cut-off."""


def _joined(parts: list[np.ndarray], kind: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)
