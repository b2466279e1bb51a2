"""Cells that benchmarks have in common: data and settings of a run, known noise, finished rows.

A cell is one whole run, of one kind of noise and one seed. A finished one is a line of a file and
is not run again; a file never mixes data or settings.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

from app.commands.settings import build_config
from app.services import fields
from core.errors import ConfigError

SAMPLE: Final = "sample"
GIVEN: Final = "as given"
"""Kind of noise of data that brings its own truth."""
RATE: Final = 0.2
"""Planted noise as a share of the noised train set."""
SAID: Final = 5
"""Settings that an error names."""


@dataclass(frozen=True)
class Plan:
    """What is measured; a cell adds kind of noise and seed."""

    data: str
    """``sample``, or a folder: a prepared dataset, or raw data to prepare and plant in."""
    min_rating: float | None
    core: int
    assignments: tuple[str, ...]
    """``step.name=value`` settings of the runs."""

    @property
    def is_fixed(self) -> bool:
        """Whether all seeds share the same data, so that a seed changes the training alone."""
        return self.data == SAMPLE or (Path(self.data) / "manifest.json").is_file()

    def identity(self) -> dict[str, Any]:
        """What all rows of one file have in common, plain values for JSON."""
        settings = build_config(None, self.assignments).model_dump(mode="json", exclude={"seed"})
        name = self.data if self.data == SAMPLE else Path(self.data).resolve().name
        preparing = None if self.is_fixed else {"min_rating": self.min_rating, "core": self.core}
        return {"data": name, "prepare": preparing, "settings": settings}


def prepare_cell(plan: Plan, plant: str, seed: int, folder: Path) -> Path:
    """Folder of the dataset of a cell; written to ``folder`` unless it lies prepared already."""
    from core.config import PrepareConfig  # noqa: PLC0415
    from core.data.dataset import save_dataset  # noqa: PLC0415
    from core.data.prepare import prepare  # noqa: PLC0415
    from core.data.sources import load_raw  # noqa: PLC0415
    from core.evaluation.truth import read_truth_csv  # noqa: PLC0415

    if plan.data == SAMPLE:
        source = environment.ROOT / "sample_data"
        made = prepare(load_raw(source), PrepareConfig(name=SAMPLE, split="given"))
        listed = read_truth_csv(source / "truth.csv", made.dataset)
        save_dataset(made.dataset, folder, made.report, listed, made.display)
        return folder
    if plan.is_fixed:
        return Path(plan.data)
    options = {"min_rating": plan.min_rating, "core": plan.core, "seed": seed}
    config = PrepareConfig.model_validate(options | {"plant": plant, "plant_rate": RATE})
    made = prepare(load_raw(plan.data), config)
    save_dataset(made.dataset, folder, made.report, made.truth, made.display)
    return folder


def fingerprint_of_code() -> str:
    """Short hash of everything the numbers depend on in ``core``."""
    digest = hashlib.sha256()
    for path in sorted((environment.ROOT / "core").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def read_rows(path: Path, plan: Plan) -> list[dict[str, Any]]:
    """Finished cells of an earlier call.

    Raises:
        ConfigError: If the file holds cells of other data or settings.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    identity = plan.identity()
    for row in rows:
        measured = {name: row[name] for name in identity}
        if measured != identity:
            raise ConfigError(
                f"{path} holds cells of other data or settings, which must not be mixed with new "
                f"ones ({_difference(fields.flat(measured), fields.flat(identity))}). Name another "
                "file with --out, or give the settings of that time with --set."
            )
    return rows


def _difference(measured: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first settings that differ, in words."""
    names = [name for name in {**measured, **now} if measured.get(name) != now.get(name)]
    said = [
        f"{name.removeprefix('settings.')}: {measured.get(name, 'not there')} in the file, "
        f"{now.get(name, 'not there')} now"
        for name in names[:SAID]
    ]
    more = [f"and {len(names) - SAID} more"] if len(names) > SAID else []
    return "; ".join([*said, *more])
