"""Write a large finished run of invented numbers, for measuring the pages and nothing else.

``python -m benchmarks.large_run --out WORKSPACE --interactions 1000000`` writes a dataset and a
run with every table of docs/run-folder.md. Both are called synthetic; no number in them says
anything about the method.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import large_tables
from benchmarks.synthetic import KINDS, THRESHOLD, VERDICTS, World, make_world

CREATED: Final = "2030-01-01T00:00:00+00:00"
JUDGE: Final = "synthetic: invented grades, for measuring the pages only"
FINGERPRINT: Final = "synthetic"


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and write the dataset and the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the workspace")
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=60_000)
    parser.add_argument("--items", type=int, default=40_000)
    parser.add_argument("--points", type=int, help="nodes on the map: scales users and items")
    parser.add_argument("--epochs", type=int, default=10, help="kept epochs of the loss history")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    users, items = given.users, given.items
    if given.points:
        users = max(1, round(given.points * users / (users + items)))
        items = given.points - users
    start = time.perf_counter()
    folder = write(given.out, given.interactions, users, items, given.epochs, given.seed)
    print(f"{folder}: {given.interactions:,} interactions, {users + items:,} nodes, "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip


def write(
    workspace: Path, n_interactions: int, n_users: int, n_items: int, epochs: int, seed: int
) -> Path:
    """Write dataset and run into ``workspace``.

    Returns:
        Folder of the run.
    """
    rng = np.random.default_rng(seed)
    world = make_world(n_interactions, n_users, n_items, rng)
    name = f"synthetic-{n_interactions}-{n_users}-{n_items}"
    dataset = workspace / "datasets" / name
    run = workspace / "runs" / f"20300101-000000-{name}"
    for folder in (dataset, run):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
    _write_dataset(dataset, world, rng)
    _write_run(run, world, name, epochs, rng)
    return run


def _write_dataset(folder: Path, world: World, rng: np.random.Generator) -> None:
    for name, table in large_tables.of_dataset(world, rng):
        pq.write_table(table, folder / f"{name}.parquet")
    counts = {"n_users": len(world.user_group), "n_items": len(world.item_group),
              "n_train": len(world.user)}  # fmt: skip
    held = {f"n_{part}": pq.read_metadata(folder / f"{part}.parquet").num_rows
            for part in ("valid", "test")}  # fmt: skip
    _save(folder / "manifest.json", {
        "format": "llmhni-dataset", "version": 1, "name": folder.name, "fingerprint": FINGERPRINT,
        "counts": counts | held, "has_truth": True,
        "report": {"source": "synthetic, for measuring the pages only", "settings": {},
                   "split_rule": "invented", "left_out": [], **counts, **held},
    })  # fmt: skip


def _write_run(
    folder: Path, world: World, dataset: str, epochs: int, rng: np.random.Generator
) -> None:
    settings: dict[str, Any] = {"seed": 0}
    _save(folder / "run.json", {
        "format": "llmhni-run", "version": 1, "run_id": folder.name, "created": CREATED,
        "dataset": dataset, "dataset_folder": f"datasets/{dataset}",
        "dataset_fingerprint": FINGERPRINT, "settings": settings,
    })  # fmt: skip
    _save(folder / "settings.json", {"dataset": FINGERPRINT, "settings": settings})
    _save(folder / "status.json", {
        "state": "done", "stage": "evaluate", "fraction": 1.0, "message": "", "pid": 1,
        "updated": CREATED, "seconds": 1.0,
    })  # fmt: skip
    for name, table in large_tables.of_run(world, rng):
        pq.write_table(table, folder / f"{name}.parquet")
    with pq.ParquetWriter(folder / "loss_history.parquet", large_tables.HISTORY) as writer:
        for part in large_tables.loss_history(world, epochs, rng):
            writer.write_table(part)
    detection = detect(world, rng)
    _save(folder / "detection.json", detection)
    _save(folder / "manifest.json", _manifest(folder, world, dataset, detection))


def _manifest(
    folder: Path, world: World, dataset: str, detection: dict[str, Any]
) -> dict[str, Any]:
    counts = np.bincount(world.verdict, minlength=len(VERDICTS))
    shares = ("noise_recall", "precision", "hard_kept", "hard_kept_by_loss_cut")
    return {
        "run_id": folder.name, "created": CREATED, "dataset": dataset,
        "dataset_fingerprint": FINGERPRINT, "judge": JUDGE,
        "n_users": len(world.user_group), "n_items": len(world.item_group),
        "n_interactions": len(world.user),
        "n_judged": pq.read_metadata(folder / "judgements.parquet").num_rows,
        "verdicts": dict(zip(VERDICTS, map(int, counts), strict=True)),
        "detection": {name: detection[name] for name in ("auc_all", "auc_top_loss", "auc_matched")},
        **{name: detection[name] for name in shares},
        "ranking": {"recall20": 0.2, "ndcg20": 0.1, "bpr_recall20": 0.19, "bpr_ndcg20": 0.095},
        "seconds": 1.0, "stages": {"synthetic": 1.0}, "seed": 0, "preset": "paper",
        "noise_rate": float(world.noise.mean()), "threshold": THRESHOLD, "settings": {"seed": 0},
        "versions": {}, "device": "none: synthetic", "files": {},
    }  # fmt: skip


def detect(world: World, rng: np.random.Generator) -> dict[str, Any]:
    """Make a ``detection.json`` that agrees with the tables; its intervals are invented."""
    signals = {
        "loss": world.signals["loss"], "score": -world.signals["score"],
        "semantic": -world.signals["semantic"],
        "logical": -np.nan_to_num(world.signals["logical"], nan=1.0),
        "p_noisy": world.signals["p_noisy"],
    }  # fmt: skip
    top = signals["loss"] >= np.quantile(signals["loss"], 0.8)
    everything = np.ones(len(top), bool)

    def by_signal(rows: np.ndarray) -> dict[str, float]:
        return {name: _auc(value[rows], world.noise[rows], rng) for name, value in signals.items()}

    found, top_found = by_signal(everything), by_signal(top)
    noisy = world.verdict == VERDICTS.index("noisy")
    caught = (noisy & world.noise).sum()
    cut = signals["loss"] >= np.sort(signals["loss"][world.noise])[-max(1, caught)]
    kinds = {name: int((world.kind == place).sum()) for place, name in enumerate(KINDS) if name}
    return {
        "auc_all": found, "auc_top_loss": top_found, "auc_matched": top_found,
        "auc_hard": by_signal(world.noise | world.hard), "auc_kind": {},
        "ci_all": {name: [value - 0.002, value + 0.002] for name, value in found.items()},
        "ci_top_loss": {name: [value - 0.004, value + 0.004] for name, value in top_found.items()},
        "noise_recall": float(caught / world.noise.sum()),
        "precision": float(caught / max(1, noisy.sum())),
        "hard_kept": float(1 - noisy[world.hard].mean()),
        "hard_kept_by_loss_cut": float(1 - cut[world.hard].mean()),
        "hard_kept_at": {}, "hard_source": "planted",
        "counts": {"interactions": len(top), "noise": int(world.noise.sum()),
                   "genuine": int((~world.noise).sum()), "hard": int(world.hard.sum()),
                   "called_noisy": int(noisy.sum()), "noise_called_noisy": int(caught),
                   "hard_called_noisy": int((noisy & world.hard).sum()), "kinds": kinds},
        "judge": {"noise": _grid(world, world.noise), "genuine": _grid(world, ~world.noise)},
    }  # fmt: skip


def _auc(value: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> float:
    """Chance that noise lies above a genuine one, from 200,000 drawn pairs; ties count half."""
    above = rng.choice(value[noise], 200_000)
    below = rng.choice(value[~noise], 200_000)
    return float((above > below).mean() + 0.5 * (above == below).mean())


def _grid(world: World, rows: np.ndarray) -> list[list[int]]:
    grades = world.grades[rows & (world.grades[:, 0] >= 0)].astype(int)
    return np.bincount(grades[:, 0] * 3 + grades[:, 1], minlength=9).reshape(3, 3).tolist()


def _save(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2))


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main()
