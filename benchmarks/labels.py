"""What labels buy: an analyst who labels the sample, simulated from planted truth.

``python -m benchmarks.labels`` runs the sample once per seed, puts its interactions in every
order of the label queue, and lets an analyst label the first of them, right or with some labels
wrong. Each finished cell (seed, order, wrong labels, budget) is a line of ``OUT.jsonl``; called
again, only what is missing is measured. ``OUT.md`` says what came out.

The analyst reads the planted truth; the method sees nothing but the labels. The order is that of
the first run: nobody retrains half-way, which favours no order over another.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services import environment

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from app.services import store
from app.services.labels import queue
from app.worker import execute
from benchmarks import labels_report
from benchmarks.cells import SAMPLE, Plan, fingerprint_of_code, prepare_cell
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.engine import Engine
from core.evaluation.truth import Truth, read_truth
from core.labels import held_out_pairs
from core.packing import scores_of
from core.pipeline import reproducible, run_pipeline
from core.stage_keys import stage_keys
from core.stages import Arrays, Stages
from core.types import LABELS, VERDICTS, Dataset, Labels, ignore_progress

ORDERS: Final = tuple(name for name in queue.ORDERS if name != "additions")
BUDGETS: Final = (0, 50, 100, 200, 500, 1000)
WRONG: Final = (0.0, 0.1, 0.2)
"""Share of the labels that say the opposite."""
STREAM: Final = 20_261_121
"""Sets the draws of the analyst apart from those of the method."""
CPU: Final = torch.device("cpu")


@dataclass(frozen=True)
class Parent:
    """One run without labels, and what is known about its data."""

    dataset: Dataset
    folder: Path
    config: RunConfig
    truth: Truth
    scratch: Path
    """Folder for unfinished work of this run alone."""
    signals: Arrays
    judged: Arrays
    rows: dict[str, np.ndarray]
    """Train rows by order, the first to be labelled first."""


def prepare_parent(place: Path, seed: int, most: int) -> Parent:
    """Run the sample with a seed, unless that was done, and put its interactions in order.

    Args:
        place: Workspace of this benchmark.
        seed: Of the run.
        most: Interactions needed of each order.
    """
    data = prepare_cell(Plan(SAMPLE, None, 0, ()), "as given", seed, place / "datasets" / SAMPLE)
    config = RunConfig.model_validate({"seed": seed, "projection": {"method": "none"}})
    run_id = f"seed-{seed}-{fingerprint_of_code()}"
    if not (place / "runs" / run_id / "manifest.json").is_file():
        shutil.rmtree(place / "runs" / run_id, ignore_errors=True)
        execute(data, config, place, run_id)
    run, dataset = store.load_run(place, run_id), load_dataset(data)
    truth = read_truth(data, dataset)
    if truth is None:
        raise ValueError("the sample has lost its truth")
    nobody = pd.DataFrame({"user_id": [], "item_id": []}, dtype=str)
    rows = {
        order: queue.next_items(run, order, nobody, n=most)["row"].to_numpy(np.int64)
        for order in ORDERS
    }
    scratch = place / "scratch" / run_id  # stages of another seed would be taken for these
    signals, judged = _stages(dataset, config, place, scratch)
    return Parent(dataset, run.folder, config, truth, scratch, signals, judged, rows)


def labels_of(parent: Parent, seed: int, order: str, wrong: float, budget: int) -> Labels:
    """What the analyst says of the first interactions of an order."""
    rows = parent.rows[order][:budget]
    said = np.full(len(rows), LABELS.index("clean"), np.int8)
    said[parent.truth.is_planted_hard[rows]] = LABELS.index("hard")
    said[parent.truth.is_noise[rows]] = LABELS.index("noisy")
    # One draw per train row: the same interaction is mistaken in every order and budget.
    rng = np.random.default_rng([STREAM, seed])
    mistaken = rng.random(len(parent.dataset.train))[rows] < wrong
    noisy = said == LABELS.index("noisy")
    said[mistaken] = np.where(noisy, LABELS.index("clean"), LABELS.index("noisy"))[mistaken]
    train, data = parent.dataset.train, parent.dataset
    user, item = train.user[rows], train.item[rows]
    held_out = held_out_pairs(
        [data.users.id[number] for number in user.tolist()],
        [data.items.id[number] for number in item.tolist()],
        parent.config.labels.held_out,
    )
    return Labels(user, item, said, held_out)


def detection(parent: Parent, labels: Labels, rows: np.ndarray, place: Path) -> dict[str, Any]:
    """Score again with labels, and compare with the truth; no training.

    Args:
        parent: Run without labels.
        labels: What the analyst said.
        rows: Train rows that the analyst saw, in use or held out.
        place: Workspace of this benchmark.

    Returns:
        Over all interactions, and, as ``..._rest``, over those that nobody labelled.
    """
    engine = Engine(
        parent.dataset, parent.config, CPU, parent.scratch, place / "cache",
        ignore_progress, labels,
    )  # fmt: skip
    scored = engine.score(parent.signals, parent.judged)
    scores = scores_of(scored)
    everything = np.ones(len(scores.p_noisy), bool)
    rest = everything.copy()
    rest[rows] = False
    said = json.loads(str(scored["calibration"]))
    return {
        **_measure(scores.p_noisy, scores.verdict, parent.truth, everything),
        **{
            f"{name}_rest": value
            for name, value in _measure(
                scores.p_noisy, scores.verdict, parent.truth, rest
            ).items()
        },
        "noise_rate": float(scored["noise_rate"]),
        "calibrated": bool(said["calibrated"]),
        "n_noisy_labels": int((labels.label == LABELS.index("noisy")).sum()),
    }  # fmt: skip


def ranking(parent: Parent, labels: Labels, place: Path) -> dict[str, Any]:
    """Retrain with labels from the weights of the parent, as the app does."""
    data, folder = parent.dataset, parent.scratch / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    snapshot = place / "labels.parquet"
    pq.write_table(
        pa.table(
            {
                "user_id": [data.users.id[number] for number in labels.user.tolist()],
                "item_id": [data.items.id[number] for number in labels.item.tolist()],
                "label": [LABELS[code] for code in labels.label.tolist()],
            }
        ),
        snapshot,
    )
    outcome = run_pipeline(
        data, parent.config, folder, place / "cache", labels=snapshot, parent=parent.folder
    )
    return {
        "recall20": float(outcome.ranking["recall20"]),
        "ndcg20": float(outcome.ranking["ndcg20"]),
        "plain_recall20": float(outcome.ranking["bpr_recall20"]),
        "warm_start": outcome.warm_start,
        "train_seconds": float(outcome.seconds["train"]),
    }


def _measure(
    p_noisy: np.ndarray, verdict: np.ndarray, truth: Truth, rows: np.ndarray
) -> dict[str, float]:
    """Detection of planted noise among some interactions."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - heavy

    noise, hard = truth.is_noise[rows], truth.is_planted_hard[rows]
    noisy = verdict[rows] == VERDICTS.index("noisy")
    return {
        "auc": float(roc_auc_score(noise, p_noisy[rows])),
        "noise_found": float(noisy[noise].mean()),
        "precision": float(noise[noisy].mean()) if noisy.any() else 0.0,
        "hard_kept": float(1.0 - noisy[hard].mean()),
    }


def _stages(
    dataset: Dataset, config: RunConfig, place: Path, scratch: Path
) -> tuple[Arrays, Arrays]:
    """What the run found before any label, from the cache of its stages."""
    keys = stage_keys(dataset.fingerprint, config, CPU)
    stages = Stages(scratch / "stages", place / "cache", keys)

    def missing() -> Arrays:
        raise ValueError("the stages of the run are not in the cache: remove its folder")

    return stages.keep("signals", missing), stages.keep("judge", missing)


def _cells(options: argparse.Namespace) -> Iterator[tuple[str, float, int]]:
    """Order, share of wrong labels and budget of every cell of a seed."""
    yield "none", 0.0, 0
    for order in ORDERS:
        for wrong in options.wrong:
            for budget in options.budgets:
                if budget:
                    yield order, wrong, budget


def _seed(options: argparse.Namespace, seed: int, rows: list[dict[str, Any]], lines: Path) -> None:
    place = options.workspace
    done = {(row["seed"], row["order"], row["wrong"], row["budget"]): row for row in rows}
    parent = None
    for order, wrong, budget in _cells(options):
        wanted = _with_ranking(options, wrong, budget)
        kept = done.get((seed, order, wrong, budget))
        if kept is not None and ("recall20" in kept or not wanted):
            continue
        if parent is None:
            print(f"seed {seed}: the run without labels ...", flush=True)
            parent = prepare_parent(place, seed, max(options.budgets))
        labels = labels_of(parent, seed, order if budget else ORDERS[0], wrong, budget)
        seen = parent.rows[order][:budget] if budget else np.zeros(0, np.int64)
        row = {"seed": seed, "order": order, "wrong": wrong, "budget": budget}
        with reproducible(CPU):
            row |= detection(parent, labels, seen, place)
            row |= ranking(parent, labels, place) if wanted else {}
        if kept is not None:
            rows.remove(kept)
        rows.append(row | {"code": fingerprint_of_code()})
        print(
            f"  {order}, {wrong:.0%} wrong, {budget} labels: AUC {row['auc_rest']:.3f}", flush=True
        )
        text = "".join(json.dumps(one, allow_nan=False) + "\n" for one in rows)
        lines.write_text(text, encoding="utf-8")


def _with_ranking(options: argparse.Namespace, wrong: float, budget: int) -> bool:
    return budget == 0 or (budget in options.ranking_budgets and wrong in options.ranking_wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing and write the report; returns the exit code."""
    options = _parser().parse_args(arguments)
    lines = Path(f"{options.out}.jsonl")
    lines.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    if lines.exists():
        rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    for seed in options.seeds:
        _seed(options, seed, rows, lines)
        report = labels_report.render(rows)
        Path(f"{options.out}.md").write_text(report, encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--budgets", type=int, nargs="+", default=list(BUDGETS))
    parser.add_argument("--wrong", type=float, nargs="+", default=list(WRONG))
    parser.add_argument("--ranking-budgets", type=int, nargs="*", default=[200, 1000])
    parser.add_argument("--ranking-wrong", type=float, nargs="*", default=[0.0])
    parser.add_argument(
        "--workspace", type=Path, default=environment.workspace() / "benchmark-labels"
    )
    parser.add_argument(
        "--out", type=Path, default=environment.ROOT / "docs" / "results" / "labels"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
