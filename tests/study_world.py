"""A small world for the study: a prepared dataset with known noise, and runs that take a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import RunConfig
from core.data.dataset import save_dataset
from core.data.noise import PlantedTruth
from core.study.data import Places
from core.study.variants import Variant
from tests.worlds import TINY_RUN, fewer_trees, tastes

NAME = "tiny"


def flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings by dotted name."""
    found = {}
    for name, value in settings.items():
        inner = isinstance(value, dict)
        found |= flat(value, f"{before}{name}.") if inner else {before + name: value}
    return found


def tiny_places(folder: Path) -> tuple[Places, int, int]:
    """A workspace with the dataset ``tiny``; how many train rows are noise, and how many hard."""
    data, noise = tastes()
    clean = np.flatnonzero(~noise)
    hard = clean[::10]
    rows = np.concatenate([np.flatnonzero(noise), hard])
    kind = ("uniform",) * int(noise.sum()) + ("minority",) * len(hard)
    truth = PlantedTruth(data.train.user[rows], data.train.item[rows], kind)
    save_dataset(data, folder / NAME, {"source": "test"}, truth)
    return Places(folder / "no-sample", None, folder), int(noise.sum()), len(hard)


def tiny_runs(patch: pytest.MonkeyPatch) -> None:
    """Let every variant run with the settings of a tiny run under its own."""
    own = Variant.config

    def config(self: Variant, options: dict[str, Any], seed: int) -> RunConfig:
        return own(self, {**flat(TINY_RUN), **options}, seed)

    patch.setattr(Variant, "config", config)
    fewer_trees(patch)
