"""Final training that goes on from the weights of an earlier run.

A run leaves its trained parameters in ``warm.npz``. A later run of the same data and backbone may
begin with them: after a handful of labels the graph is nearly the same, and so is the solution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig
from core.packing import WEIGHT, weights_of
from core.stages import Arrays, read_arrays, write_arrays
from core.types import Dataset, FloatArray

FILE = "warm.npz"
ABOUT = "about"
"""Array with a JSON text: what the weights were trained on."""


def save_weights(folder: Path, dataset: Dataset, config: RunConfig, trained: Arrays) -> None:
    """Write the parameters of the best epoch for later runs."""
    weights = {WEIGHT + name: value for name, value in weights_of(trained).items()}
    about = _about(dataset, config) | {"preset": str(trained["preset"])}
    write_arrays(folder / FILE, {**weights, ABOUT: json.dumps(about, sort_keys=True)})


def read_start(parent: Path, dataset: Dataset, config: RunConfig) -> Arrays:
    """Weights to begin with, or why there are none.

    Returns:
        ``use`` (bool), ``reason`` (text), ``preset`` (text), and the parameters if used.
    """
    arrays = read_arrays(parent / FILE, needed=ABOUT)
    if arrays is None:
        return _none("the parent run left no weights that can be read")
    try:
        about = json.loads(str(arrays.pop(ABOUT)))
        preset = str(about.pop("preset"))
    except (ValueError, KeyError, AttributeError, TypeError):
        return _none("the weights of the parent run are damaged")
    why_not = _why_not(about, preset, dataset, config) or _unfit(arrays, dataset, config)
    if why_not:
        return _none(why_not)
    reason = f"goes on from the weights of the parent run, preset {preset}"
    return {"use": np.array(True), "reason": reason, "preset": preset, **arrays}


def start_weights(start: Arrays) -> Mapping[str, FloatArray] | None:
    """Parameters to begin with, ``None`` for a training from scratch."""
    return weights_of(start) if bool(start["use"]) else None


def from_scratch(reason: str) -> Arrays:
    """The start of a training that begins with nothing."""
    return _none(reason)


def _none(reason: str) -> Arrays:
    return {"use": np.array(False), "reason": np.array(reason), "preset": np.array("")}


def _about(dataset: Dataset, config: RunConfig) -> dict[str, Any]:
    return {
        "dataset": dataset.fingerprint,
        "backbone": config.backbone.model_dump(mode="json"),
        "denoising": config.train.interaction_denoising,
        "outer": config.leaves_input_layer_out,
    }


def _why_not(
    about: Mapping[str, Any], preset: str, dataset: Dataset, config: RunConfig
) -> str | None:
    """What the parent did otherwise, if anything that matters."""
    ours = _about(dataset, config)
    if about.get("dataset") != ours["dataset"]:
        return "the parent run had another dataset"
    if about.get("backbone") != ours["backbone"]:
        return "the parent run had other backbone settings"
    if about.get("denoising") != ours["denoising"]:
        return "the parent run had another setting of train.interaction_denoising"
    if about.get("outer", False) != ours["outer"]:  # older weights do not say: layer 0 was in
        return "the parent run had another setting of train.layer_contrast"
    wanted = config.refine.preset
    if ours["denoising"] and wanted not in ("auto", preset):
        return f"the parent run used the preset {preset}, this one asks for {wanted}"
    return None


def _unfit(arrays: Arrays, dataset: Dataset, config: RunConfig) -> str | None:
    """Whether the parameters fit the backbone in size and are numbers."""
    weights = weights_of(arrays)
    n_nodes = dataset.train.n_users + dataset.train.n_items
    size, n_layers = config.backbone.embedding_size, config.backbone.n_layers
    shapes: dict[str, tuple[int, ...]] = {"embedding": (n_nodes, size)}
    if config.backbone.kind == "ngcf":
        layers = (n_layers, size, size)
        shapes |= {"neighbour_weight": layers, "interaction_weight": layers}
    found = {name: value.shape for name, value in weights.items()}
    if found != shapes or not all(map(_finite, weights.values())):
        return "the weights of the parent run do not fit"
    return None


def _finite(value: FloatArray) -> bool:
    return value.dtype == np.float32 and bool(np.isfinite(value).all())
