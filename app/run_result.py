"""What a run leaves at its end: the comparison with planted truth, and what the manifest says."""

from __future__ import annotations

import importlib.metadata
import platform
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq

from app.services import environment, notes, run_folder
from app.services.records import RunOrder
from core.config import Accept, RunConfig
from core.method_names import OURS
from core.types import DECIDERS, VERDICTS, Dataset, GradeArray, RunOutcome

if TYPE_CHECKING:
    from core.evaluation.truth import Truth

PACKAGES: Final = ("torch", "numpy", "sentence-transformers", "umap-learn")
STREAM: Final = 20_250_701
"""Sets the draws of the evaluation apart from those of the pipeline of the same seed."""


def evaluate(
    outcome: RunOutcome,
    dataset: Dataset,
    dataset_folder: Path,
    folder: Path,
    seed: int,
    accept: Accept = "high",
) -> dict[str, Any] | None:
    """Compare with planted truth, if there is any; write ``detection.json``.

    Args:
        outcome: What the pipeline found.
        dataset: What it was given.
        dataset_folder: Where the truth is.
        folder: The run folder.
        seed: Of the run.
        accept: Grade that both views must give at least.

    Returns:
        The content of ``detection.json``; None where nothing was planted.
    """
    # Loads PyTorch; asked here only, after the pipeline has returned.
    from core.evaluation.detection import detect  # noqa: PLC0415
    from core.evaluation.judge import judge_quality  # noqa: PLC0415
    from core.evaluation.truth import read_truth, write_kinds  # noqa: PLC0415

    truth = read_truth(dataset_folder, dataset)
    for name in ("detection.json", "kinds.parquet"):
        (folder / name).unlink(missing_ok=True)
    if truth is None:
        return None
    write_kinds(truth, folder)
    rng = np.random.default_rng([STREAM, seed % 2**32])
    found = detect(outcome.scores, truth, rng)
    found["judge"] = judge_quality(outcome.scores, truth, accept)
    found["edges"] = edge_edits(outcome.judge, dataset, truth, folder)
    run_folder.write_json(folder / "detection.json", found)
    return found


def edge_edits(judge: str, dataset: Dataset, truth: Truth | None, folder: Path) -> dict[str, Any]:
    """What the judge did to the graph of a finished run, beside the truth: see ``edge_quality``."""
    from core.evaluation.judge import edge_quality  # noqa: PLC0415
    from core.graph.refine import ORIGINS  # noqa: PLC0415

    columns = ("user", "item", "origin", "decided_by")
    table = pq.read_table(folder / "edges.parquet", columns=list(columns))
    user, item, origin, decided = (table[name].to_numpy() for name in columns)
    return edge_quality(
        judge,
        (user, item),
        _codes(origin, ORIGINS),
        _codes(decided, DECIDERS),
        dataset,
        truth,
    )


def _codes(names: np.ndarray, known: tuple[str, ...]) -> GradeArray:
    """Numbers of names, as they stand in ``known``."""
    number = {name: place for place, name in enumerate(known)}
    return np.array([number[name] for name in names.tolist()], np.int8)


def manifest(
    outcome: RunOutcome,
    dataset: Dataset,
    folder: Path,
    config: RunConfig,
    order: RunOrder,
    found: Mapping[str, Any] | None,
    labels: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Everything a finished run says about itself, but for its times.

    Args:
        outcome: What the pipeline found.
        dataset: What it was given.
        folder: The run folder, with all its results.
        config: Settings.
        order: What the run was to do.
        found: Comparison with planted truth, if there is any.
        labels: What became of the labels, if there were any.
    """
    told = {
        "run_id": folder.name,
        "created": order.created.isoformat(),
        **_data(dataset),
        **_results(outcome, config),
        **_detected(found),
        "seed": config.seed,
        "settings": config.model_dump(mode="json"),
        "versions": versions(),
        "device": device_name(config.device),
        "parent": order.parent,
        "revision": order.revision,
        "message": order.message,
        "warm_start": outcome.warm_start,
        "warm_reason": outcome.warm_reason,
        "reused": list(outcome.reused),
        "labels": labels,
        "files": run_folder.hashes(folder),
    }
    plain: dict[str, Any] = run_folder.plain(told)
    return plain


def _data(dataset: Dataset) -> dict[str, Any]:
    """What the run was given."""
    train = dataset.train
    return {
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "n_users": train.n_users,
        "n_items": train.n_items,
        "n_interactions": len(train),
    }


def _results(outcome: RunOutcome, config: RunConfig) -> dict[str, Any]:
    """What the pipeline found."""
    counts = np.bincount(outcome.scores.verdict, minlength=len(VERDICTS))
    ranking = run_folder.plain(dict(outcome.ranking))
    return {
        "judge": outcome.judge,
        "n_judged": outcome.n_judged,
        "verdicts": dict(zip(VERDICTS, counts.tolist(), strict=True)),
        "ranking": None if None in ranking.values() else ranking,
        "noise_rate": outcome.noise_rate,
        "notes": [
            *_of_method(config),
            *notes.of_numbers(outcome.noise_rate, outcome.scores.semantic),
        ],
        "threshold": outcome.threshold,
        "preset": outcome.preset,
    }


def _of_method(config: RunConfig) -> list[str]:
    if config.method == OURS:
        return []
    from core.baseline_stage import baseline_note  # noqa: PLC0415 - loads PyTorch

    return [baseline_note(config.method)]


def _detected(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The comparison with planted truth in short; null where nothing was planted."""
    shares = ("noise_recall", "precision", "hard_kept", "hard_kept_by_loss_cut")
    aucs = ("auc_all", "auc_top_loss", "auc_matched")
    known = found or {}
    return {
        "detection": {name: known[name] for name in aucs} if found else None,
        **{name: known.get(name) for name in shares},
        "hard_kept_at": {recall: kept["p_noisy"] for recall, kept in known["hard_kept_at"].items()}
        if found
        else None,
    }


def versions() -> dict[str, str]:
    """Versions that numbers may depend on; empty where a package is not installed."""
    with (environment.ROOT / "pyproject.toml").open("rb") as file:
        project = str(tomllib.load(file)["project"]["version"])
    found = {"project": project, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found


def device_name(wanted: str) -> str:
    """Name of the device that a run with this setting uses, such as ``cpu``."""
    import torch  # noqa: PLC0415 - heavy

    if wanted != "cpu" and torch.cuda.is_available():
        return f"cuda ({torch.cuda.get_device_name()})"
    return "cpu"
