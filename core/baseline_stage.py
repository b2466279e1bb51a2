"""A run of a baseline: its training, and its suspicion in the place of p_noisy.

Everything before is shared with LLMHNI, so that a run of a baseline can be laid beside one of
LLMHNI in every view. A baseline flags as many interactions as LLMHNI estimates to be noise: what
differs is which.

Shape letters: E train interactions, K epochs kept.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.stats import rankdata

from core.baselines.method import HeldOut, Inputs
from core.baselines.run import WHAT_TO_DO, method_of, run_method
from core.config import RunConfig
from core.errors import ConfigError
from core.graph.adjacency import normalized_graph
from core.graph.refine import untouched
from core.method_names import OURS
from core.method_options import METHOD_SETTINGS
from core.packing import judgements_of, pack_final
from core.stages import Arrays
from core.train.final import FinalTraining
from core.train.trainer import TrainResult
from core.types import UNJUDGED, Dataset, Embeddings, FloatArray, OnProgress, Progress

SUSPICION: Final = "suspicion"
"""Name of the suspicion among the arrays of the training; not there where there is none."""


def train_baseline(
    dataset: Dataset,
    config: RunConfig,
    device: torch.device,
    checkpoints: Path,
    on_progress: OnProgress,
    texts: Arrays,
    aligned: Arrays,
    pretrained: Arrays,
    behaviour: Arrays,
    judged: Arrays,
) -> dict[str, Any]:
    """Train ``config.method`` with its options; arrays as of the final training.

    Whoever only looks (a detector) ranks as the plain backbone does.

    Raises:
        ConfigError: If there is no such method, or something that it needs is not there.
    """
    train = dataset.train
    n_rows = len(train)
    place = behaviour["among_items"]
    inputs = Inputs(
        train=train,
        valid=dataset.valid,
        graph=normalized_graph(train, device=device, dtype=config.backbone.dtype),
        backbone=config.backbone,
        optimiser=config.train,
        device=device,
        seed=config.seed,
        text=Embeddings(texts["user"], texts["item"]),
        aligned=Embeddings(aligned["user"], aligned["item"]),
        judgements=judgements_of(judged),
        held_out=HeldOut(behaviour["loss"][:, :n_rows], place[:n_rows], place[n_rows:]),
    )

    def told(progress: Progress) -> None:
        on_progress(Progress("train", progress.fraction, progress.values))

    options = METHOD_SETTINGS[config.method].model_validate(dict(config.method_options))
    found = run_method(config.method, inputs, options, checkpoints, told)
    plain = Embeddings(pretrained["user"], pretrained["item"])
    result = TrainResult(
        embeddings=found.embeddings or plain,
        best_epoch=found.best_epoch,
        history=found.history,
        recorded=np.zeros((0, n_rows), np.float32),
    )
    arrays = pack_final(FinalTraining(untouched(train), result, {}))
    return arrays if found.suspicion is None else {**arrays, SUSPICION: found.suspicion}


def check_baseline(config: RunConfig) -> None:
    """Look for what a baseline needs, before hours of work that it could not use.

    Raises:
        ConfigError: If a library is missing, or an option does not fit the backbone.
    """
    if config.method == OURS:
        return
    if "cleanlab" in method_of(config.method).needs and find_spec("cleanlab") is None:
        raise ConfigError(f"The method {config.method} needs {WHAT_TO_DO['cleanlab']}.")
    layer, n_layers = config.method_options.get("contrast_layer", 1), config.backbone.n_layers
    if int(layer) > n_layers:
        raise ConfigError(
            f"method_options.contrast_layer is {layer}, but the backbone has {n_layers} layers; "
            "lower the one or raise backbone.n_layers."
        )


def suspected(signals: Arrays, trained: Arrays) -> dict[str, Any]:
    """Signals of the run with p_noisy by the suspicion of the baseline, without grades.

    p_noisy is the rank of the suspicion, 0..1: baselines give orders, not probabilities. Where a
    method says nothing of interactions, nothing is called noisy.
    """
    n_rows = len(signals["p_noisy"])
    nothing, unasked = np.zeros(n_rows, np.float32), np.full(n_rows, UNJUDGED, np.int8)
    known = SUSPICION in trained
    p_noisy: FloatArray = ranks(trained[SUSPICION]) if known else nothing
    return {
        **signals,
        "p_noisy": p_noisy,
        "from_language": nothing,
        "from_behaviour": nothing,
        "from_grades": nothing,
        "user_grade": unasked,
        "item_grade": unasked,
        "noise_rate": signals["noise_rate"] if known else np.array(0.0),
    }


def ranks(suspicion: FloatArray) -> FloatArray:
    """Share of the interactions that are less suspect, ties in the middle, 0..1, ``(E,)``."""
    place: FloatArray = (rankdata(suspicion) - 0.5) / max(len(suspicion), 1)
    return place.astype(np.float32)


def baseline_note(name: str) -> str:
    """What a run of a baseline is, for people."""
    method = method_of(name)
    return (
        f"A baseline: {method.title} ({method.paper}). Its P(noisy) is the rank of "
        f"{method.suspicion}: an order, no probability. It flags as many interactions as LLMHNI "
        "estimates to be noise (from texts, behaviour and, where all pairs were judged, the "
        "judge), takes no verdict from a judge, and keeps every edge."
    )
