"""Measure the method on data with known noise: ``python -m benchmarks.quality --data sample``.

One cell = one kind of noise and one seed = one whole run, each in a process of its own so that
memory is given back. A finished cell is a line of ``OUT.jsonl``; called again, only what is missing
is run. ``OUT.md`` is written anew after every cell.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

from app.commands.settings import build_config
from app.services import fields
from benchmarks.quality_report import render
from core.errors import ConfigError, WorkbenchError

SAMPLE: Final = "sample"
GIVEN: Final = "as given"
"""Kind of noise of data that brings its own truth."""
KINDS: Final = ("none", "uniform", "position", "co-click", "lookalike", "mixed")
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


def measure(plan: Plan, plant: str, seed: int, cache: Path) -> dict[str, Any]:
    """Run one cell.

    Args:
        plan: Data and settings.
        plant: Kind of noise; :data:`GIVEN` where the data brings its own.
        seed: Of the run, and of split and planting where the data is prepared here.
        cache: Folder of text embeddings.

    Returns:
        Plain values for JSON.

    Raises:
        WorkbenchError: If data or settings cannot be used.
    """
    # Heavy: the process that only hands out cells loads none of it.
    import numpy as np  # noqa: PLC0415

    from app.run_result import STREAM, device_name, versions  # noqa: PLC0415
    from core.data.dataset import load_dataset  # noqa: PLC0415
    from core.evaluation.detection import detect  # noqa: PLC0415
    from core.evaluation.judge import judge_quality  # noqa: PLC0415
    from core.evaluation.truth import read_truth  # noqa: PLC0415
    from core.pipeline import run_pipeline  # noqa: PLC0415

    code = fingerprint_of_code()
    config = build_config(None, plan.assignments, seed=seed)
    with tempfile.TemporaryDirectory(prefix="workbench-quality-") as scratch:
        place = prepare_cell(plan, plant, seed, Path(scratch) / "dataset")
        dataset = load_dataset(place)
        outcome = run_pipeline(dataset, config, Path(scratch) / "run", cache)
        truth = read_truth(place, dataset)  # after the run: no stage can have seen it
    # The same draws as in detection.json of a run with this seed.
    rng = np.random.default_rng([STREAM, seed % 2**32])
    found = None if truth is None else detect(outcome.scores, truth, rng)
    return plan.identity() | {
        "plant": plant,
        "seed": seed,
        "fingerprint": dataset.fingerprint,
        "n_users": dataset.train.n_users,
        "n_items": dataset.train.n_items,
        "n_train": len(dataset.train),
        "detection": found,
        "judged": None
        if truth is None
        else judge_quality(outcome.scores, truth, config.refine.accept),
        "ranking": {name: float(value) for name, value in outcome.ranking.items()},
        "judge": outcome.judge,
        "noise_rate": outcome.noise_rate,
        "preset": outcome.preset,
        "seconds": dict(outcome.seconds),
        "device": device_name(config.device),
        "versions": versions(),
        "code": code,
    }


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run what is missing, write the report; returns the exit code."""
    options = _parser().parse_args(arguments)
    plan = Plan(options.data, options.min_rating, options.core, tuple(options.set))
    try:
        if plan.is_fixed and options.plant:
            raise ConfigError("This data brings its own noise: leave --plant out.")
        if options.data != SAMPLE and not Path(options.data).exists():
            raise ConfigError(f"There is nothing at {options.data}. Check the path.")
        targets = dict(_target(text) for text in options.target)
        kinds = [GIVEN] if plan.is_fixed else options.plant or ["position", "uniform"]
        cells = [(kind, seed) for kind in kinds for seed in options.seeds]
        _run(plan, cells, options.out or Path(f"docs/results/{plan.identity()['data']}"), targets)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(plan: Plan, cells: list[tuple[str, int]], out: Path, targets: dict[str, float]) -> None:
    lines, report = Path(f"{out}.jsonl"), Path(f"{out}.md")
    lines.parent.mkdir(parents=True, exist_ok=True)
    rows = read_rows(lines, plan)
    cache = environment.workspace() / "cache"
    for kind, seed in cells:
        if any((row["plant"], row["seed"]) == (kind, seed) for row in rows):
            print(f"{kind}, seed {seed}: finished before")
            continue
        print(f"{kind}, seed {seed} ...", flush=True)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            row = pool.submit(measure, plan, kind, seed, cache).result()
        rows.append(row)
        with lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")
        report.write_text(render(rows, plan.is_fixed, targets), encoding="utf-8")
        print(f"    {sum(row['seconds'].values()):.0f} s")
    report.write_text(render(rows, plan.is_fixed, targets), encoding="utf-8")
    print(f"Report: {report}")


def _target(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise ConfigError(f"'{text}' is no target. Write auc_matched.p_noisy=0.7") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    add = parser.add_argument
    add("--data", default=SAMPLE, help="sample, a prepared dataset, or a folder of raw data")
    add("--min-rating", type=float, help="raw data: keep interactions rated at least this")
    add("--core", type=int, default=0, help="raw data: k of the k-core (0)")
    add("--plant", nargs="+", choices=KINDS, help="raw data: kinds of noise (position uniform)")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    add("--set", nargs="+", action="extend", default=[], metavar="STEP.NAME=VALUE")
    add("--target", nargs="+", action="extend", default=[], metavar="TABLE.SIGNAL=LEAST")
    add("--out", type=Path, metavar="NAME", help="files without ending (docs/results/DATA)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
