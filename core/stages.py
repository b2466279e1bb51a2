"""Finished stages of a run: kept as arrays, so that a killed run goes on where it was.

A stage is a function that returns named arrays. Its result is written aside, moved into place,
and read back instead of being computed again. Arrays only: nothing is pickled. A stage with a key
is looked for in the cache of all runs first, and put there when it was computed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from core.stage_cache import StageCache

Arrays: TypeAlias = Mapping[str, Any]
"""Named arrays of a stage."""

CACHE_FOLDER = "stages"
"""Folder of the kept stages within the cache of the workspace."""
_SECONDS = "_seconds"


class Stages:
    """The stages of one run.

    Args:
        folder: Where results are kept until the run is finished.
        cache: Cache of the workspace, or none.
        keys: Key of each stage that may be shared with other runs; the others never are.
        on_reuse: Told the name of each stage that was just taken from the cache.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path | None = None,
        keys: Mapping[str, str] | None = None,
        on_reuse: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.keys, self.on_reuse = folder, keys or {}, on_reuse
        self.cache = None if cache is None else StageCache(cache / CACHE_FOLDER)
        self.seconds: dict[str, float] = {}
        self.reused: list[str] = []

    def run(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of a stage, computed now, by an earlier process or by another run."""
        arrays, seconds, reused = self._get(name, compute)
        self.seconds[name] = seconds
        if reused:
            self.reused.append(name)
        return arrays

    def keep(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """The same for a part of a stage: whoever asks for it counts its time."""
        return self._get(name, compute)[0]

    def _get(self, name: str, compute: Callable[[], Arrays]) -> tuple[Arrays, float, bool]:
        """Arrays, seconds they took this run, and whether another run made them."""
        path, mark = self.folder / f"{name}.npz", self.folder / f"{name}.reused"
        kept = read_arrays(path)
        if kept is None:
            kept = self._fetch(name, path, mark)
        if kept is None:
            kept = self._compute(name, path, mark, compute)
        reused = mark.exists()
        seconds = _seconds_of(mark) if reused else float(kept[_SECONDS])
        return {key: value for key, value in kept.items() if key != _SECONDS}, seconds, reused

    def _fetch(self, name: str, path: Path, mark: Path) -> dict[str, np.ndarray] | None:
        """Take a stage from the cache; ``None`` if it is not there or damaged."""
        key = self.keys.get(name)
        if self.cache is None or key is None:
            return None
        started = time.perf_counter()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()  # first: a fetched file without its mark would pass for computed
        if not self.cache.fetch(key, path):  # not there, or no room here: the file is no worse
            return None
        kept = read_arrays(path)
        if kept is None:
            self.cache.forget(key)
            return None
        mark.write_text(str(time.perf_counter() - started))
        self.on_reuse(name)
        return kept

    def _compute(
        self, name: str, path: Path, mark: Path, compute: Callable[[], Arrays]
    ) -> dict[str, np.ndarray]:
        mark.unlink(missing_ok=True)
        started = time.perf_counter()
        result = dict(compute())
        result[_SECONDS] = np.array(time.perf_counter() - started)
        write_arrays(path, result)
        if self.cache is not None and name in self.keys:
            self.cache.store(self.keys[name], path)
        return {key: np.asarray(value) for key, value in result.items()}


def _seconds_of(mark: Path) -> float:
    try:
        return float(mark.read_text())
    except (OSError, ValueError):  # killed before it was written
        return 0.0


def read_arrays(path: Path, needed: str = _SECONDS) -> dict[str, np.ndarray] | None:
    """Arrays of a file; ``None`` if there is none, it is damaged or lacks the array ``needed``."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            arrays = dict(kept)
    except Exception:
        # What a damaged file raises depends on the byte: EOFError, NotImplementedError and more.
        return None
    return arrays if needed in arrays else None


def write_arrays(path: Path, arrays: Mapping[str, object]) -> None:
    """Write arrays aside and move them into place.

    Raises:
        ValueError: For an array of objects, which would have to be pickled.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with aside.open("wb") as file:
        values = {key: np.asarray(value) for key, value in arrays.items()}
        np.savez(file, allow_pickle=False, **values)
    os.replace(aside, path)
