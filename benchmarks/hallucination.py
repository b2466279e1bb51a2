"""What a hallucinating judge harms: ``python -m benchmarks.hallucination``.

The grades of the sample's judge are flipped at random, and the whole method is run with and
without the edge-drop contrast L_hal, which is there to make up for such errors. A cell is a seed,
a share of flipped grades, a preset of the refined graph, and L_hal on or off; each finished cell
is a line of ``OUT.jsonl``; called again, only what is missing is run. ``OUT.md`` is written anew
after every cell. The presets are fixed: choosing one on validation would hide the harm.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

import numpy as np
import pyarrow.parquet as pq

from app.commands.settings import build_config
from app.run_result import STREAM
from benchmarks.cells import GIVEN, SAMPLE, Plan, fingerprint_of_code, prepare_cell, read_rows
from benchmarks.hallucination_report import render
from core.config import RunConfig
from core.errors import ConfigError, WorkbenchError
from core.types import DECIDERS, Dataset, RunOutcome

FLIPS: Final = (0.0, 0.1, 0.2, 0.3)
PRESETS: Final = ("paper", "soft")
SEEDS: Final = (0, 1, 2)
ADDED_SHARES: Final = ("n", "n_held_out", "hit_share", "by_chance")


@dataclass(frozen=True)
class Cell:
    """One run."""

    seed: int
    flip: float
    """Share of the grades that is flipped."""
    preset: str
    """``paper`` or ``soft``."""
    suppression: bool
    """Whether L_hal is on."""

    def assignments(self) -> tuple[str, ...]:
        """Settings of the run, over those of the plan."""
        return (
            f"judge.flip={self.flip}",
            f"refine.preset={self.preset}",
            f"train.hallucination_suppression={str(self.suppression).lower()}",
            "train.lambda_hallucination=0.01",
            "projection.method=none",
        )

    def is_in(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether it was finished before."""
        ours = {name: getattr(self, name) for name in ("seed", "flip", "preset", "suppression")}
        return any({name: row[name] for name in ours} == ours for row in rows)


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    """All cells, seed by seed, so that stages before the judge are shared from the cache."""
    for seed in options.seeds:
        for flip in sorted(options.flips):  # without any flip first: the others are set beside it
            for preset in options.presets:
                for suppression in (True, False):
                    yield Cell(seed, flip, preset, suppression)


def measure(plan: Plan, cell: Cell, workspace: Path) -> dict[str, Any]:
    """Run one cell.

    Args:
        plan: Data and settings that all cells share.
        cell: What is different.
        workspace: Its ``cache`` holds the stages that cells share.

    Returns:
        Plain values for JSON.

    Raises:
        ConfigError: If the flips changed no grade.
        WorkbenchError: If data or settings cannot be used.
    """
    from core.data.dataset import load_dataset  # noqa: PLC0415 - heavy
    from core.pipeline import run_pipeline  # noqa: PLC0415 - heavy

    code = fingerprint_of_code()
    config = build_config(None, (*plan.assignments, *cell.assignments()), seed=cell.seed)
    workspace.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hallucination-", dir=workspace) as scratch:
        place = prepare_cell(plan, GIVEN, cell.seed, Path(scratch) / "dataset")
        dataset = load_dataset(place)
        folder = Path(scratch) / "run"
        outcome = run_pipeline(dataset, config, folder, workspace / "cache")
        changed = changed_share(_grades(folder), cell, workspace / "grades", code)
        found = _found(outcome, dataset, place, folder, config)
    return plan.identity() | {
        "seed": cell.seed,
        "flip": cell.flip,
        "preset": cell.preset,
        "suppression": cell.suppression,
        **found,
        "changed_share": changed,
        "judge": outcome.judge,
        "seconds": sum(outcome.seconds.values()),
        "code": code,
    }


def _found(
    outcome: RunOutcome, dataset: Dataset, place: Path, folder: Path, config: RunConfig
) -> dict[str, Any]:
    """Ranking, detection, and what became of the edges."""
    from core.evaluation.detection import detect  # noqa: PLC0415 - heavy
    from core.evaluation.judge import edge_quality, judge_quality  # noqa: PLC0415 - heavy
    from core.evaluation.truth import read_truth  # noqa: PLC0415 - heavy
    from core.graph.refine import ORIGINS  # noqa: PLC0415 - heavy

    truth = read_truth(place, dataset)  # after the run: no stage can have seen it
    if truth is None:
        raise ValueError("the sample has lost its truth")
    rng = np.random.default_rng([STREAM, config.seed % 2**32])
    detected = detect(outcome.scores, truth, rng)
    edges = pq.read_table(
        folder / "edges.parquet", columns=["user", "item", "origin", "decided_by"]
    ).to_pydict()
    origin = np.array([ORIGINS.index(name) for name in edges["origin"]], np.int8)
    decided = np.array([DECIDERS.index(name) for name in edges["decided_by"]], np.int8)
    edge = (np.array(edges["user"], np.int64), np.array(edges["item"], np.int64))
    quality = edge_quality(outcome.judge, edge, origin, decided, dataset, truth)
    by_rule = judge_quality(outcome.scores, truth, config.refine.accept)
    ranking = {name: float(value) for name, value in outcome.ranking.items()}
    return {
        **ranking,
        **{name: detected[name]["p_noisy"] for name in ("auc_all", "auc_top_loss", "auc_hard")},
        "dropped": quality["dropped"],
        "added": {name: quality["added"][name] for name in ADDED_SHARES},
        "rule_precision": by_rule["dropped_precision"],
        "rule_recall": by_rule["dropped_recall"],
    }


def _grades(folder: Path) -> np.ndarray:
    """Both grades of the judged pairs of a run, ``(2, P)``."""
    table = pq.read_table(folder / "judgements.parquet", columns=["user_grade", "item_grade"])
    return np.stack([column.to_numpy() for column in table.columns]).astype(np.int8)


def changed_share(grades: np.ndarray, cell: Cell, folder: Path, code: str) -> float | None:
    """Share of the grades that differ from those without any flip.

    Args:
        grades: Of this cell, ``(2, P)``.
        cell: Where they come from.
        folder: Where the grades without flips are kept, by seed and code.
        code: Fingerprint of the code.

    Returns:
        0 for a cell without flips, whose grades are kept; None where those are not known.

    Raises:
        ConfigError: If there should be flips and no grade differs.
    """
    path = folder / f"seed-{cell.seed}-{code}.npy"
    if cell.flip == 0:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, grades)
        return 0.0
    if not path.is_file():
        return None
    base = np.load(path, allow_pickle=False)
    if base.shape != grades.shape:
        return None
    changed = float((base != grades).mean())
    if changed == 0:
        raise ConfigError(
            f"judge.flip={cell.flip} changed no grade: nothing would be measured. Check that the "
            "judge of these settings is one whose grades are flipped."
        )
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and write the report; returns the exit code."""
    options = _parser().parse_args(arguments)
    plan = Plan(SAMPLE, None, 0, tuple(options.set))
    try:
        _run(plan, options)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(plan: Plan, options: argparse.Namespace) -> None:
    lines, report = Path(f"{options.out}.jsonl"), Path(f"{options.out}.md")
    lines.parent.mkdir(parents=True, exist_ok=True)
    rows = _rows(lines, plan, options.fresh)
    for cell in cells(options):
        if cell.is_in(rows):
            continue
        name = f"seed {cell.seed}, {cell.flip:.0%} flipped, {cell.preset}"
        print(f"{name}, L_hal {'on' if cell.suppression else 'off'} ...", flush=True)
        row = measure(plan, cell, options.workspace)
        rows.append(row)
        with lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")
        report.write_text(render(rows), encoding="utf-8")
        print(f"    Recall@20 {row['recall20']:.4f}, {row['seconds']:.0f} s", flush=True)
    report.write_text(render(rows), encoding="utf-8")
    print(f"Report: {report}")


def _rows(lines: Path, plan: Plan, fresh: bool) -> list[dict[str, Any]]:
    """Finished cells; of a fresh start none, and those there were lie beside it from then on.

    Raises:
        ConfigError: If they are of other settings.
    """
    if fresh and lines.exists():
        aside = lines.with_suffix(".before.jsonl")
        os.replace(lines, aside)
        print(f"All cells are measured anew; those there were: {aside}")
    try:
        return read_rows(lines, plan)
    except ConfigError as error:
        raise ConfigError(f"{error} With --fresh all cells are measured anew.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hallucination", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=list(SEEDS))
    add("--flips", type=float, nargs="+", default=list(FLIPS), help="shares of the grades, 0..1")
    add("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    add("--set", nargs="+", action="extend", default=[], metavar="STEP.NAME=VALUE")
    add("--workspace", type=Path, default=environment.workspace() / "benchmark-hallucination")
    add("--fresh", action="store_true", help="measure all cells anew, whatever there is")
    out = environment.ROOT / "docs" / "results" / "hallucination"
    add("--out", type=Path, default=out, metavar="NAME", help="files without ending")
    return parser


if __name__ == "__main__":
    sys.exit(main())
