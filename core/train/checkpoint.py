"""Checkpoints: written aside and moved into place, read without unpickling code."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


@dataclass
class TrainingState:
    """Everything that changes between epochs besides weights and optimiser."""

    epoch: int = 0
    best_value: float = -1.0
    best_epoch: int = 0
    waited: int = 0
    best_user: Tensor | None = None
    best_item: Tensor | None = None
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    recorded: list[Tensor] = field(default_factory=list)


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and dicts; a kill leaves the previous file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    torch.save(content, aside)
    os.replace(aside, path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, ``None`` if there is none that can be read.

    A damaged file means starting again, which costs time and nothing else.
    """
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:  # PyTorch itself does not look at the checksums
            if archive.testzip() is not None:
                return None
        # weights_only: tensors and plain containers; a checkpoint cannot run code.
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        # What a damaged file raises depends on the byte: UnpicklingError, IndexError and more.
        return None
    return content
