"""Finished stages of a run: kept as arrays, so that a killed run goes on where it was.

A stage is a function that returns named arrays. Its result is written aside, moved into place,
and read back instead of being computed again. Arrays only: nothing is pickled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Arrays: TypeAlias = Mapping[str, Any]
"""Named arrays of a stage."""

_SECONDS = "_seconds"


class Stages:
    """The stages of one run.

    Args:
        folder: Where results are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds: dict[str, float] = {}

    def run(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a stage, computed now or by an earlier process."""
        path = self.folder / f"{name}.npz"
        kept = _read(path)
        if kept is None:
            started = time.perf_counter()
            result = dict(compute())
            result[_SECONDS] = np.array(time.perf_counter() - started)
            _write(path, result)
            kept = {key: np.asarray(value) for key, value in result.items()}
        self.seconds[name] = float(kept[_SECONDS])
        return {key: value for key, value in kept.items() if key != _SECONDS}


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """Arrays of a finished stage; ``None`` if there are none or they are damaged."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = dict(kept)
    except Exception:
        # What a damaged file raises depends on the byte: EOFError, NotImplementedError and more.
        return None
    return arrays if _SECONDS in arrays else None


def _write(path: Path, arrays: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with aside.open("wb") as file:
        values = {key: np.asarray(value) for key, value in arrays.items()}
        np.savez(file, allow_pickle=False, **values)  # ValueError for an array of objects
    os.replace(aside, path)
