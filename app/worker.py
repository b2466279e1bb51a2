"""One run from dataset folder to manifest: the process behind the command line and the app."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np

from app.services import environment, jobs, notes, run_folder
from app.services.records import RunOrder
from app.services.run_folder import StatusFile
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.errors import Cancelled, ConfigError, DataError, WorkbenchError
from core.types import VERDICTS, Dataset, OnProgress, Progress, RunOutcome, ignore_progress

PACKAGES: Final = ("torch", "numpy", "sentence-transformers", "umap-learn")
EVALUATE: Final = "evaluate"
"""Stage after those of the pipeline: comparison with planted truth."""
LIBRARIES: Final = "loading libraries"
"""Before the stages of the pipeline: seconds in which nothing else moves."""
STREAM: Final = 20_250_701
"""Sets the draws of the evaluation apart from those of the pipeline of the same seed."""


def execute(
    dataset_folder: str | Path,
    config: RunConfig,
    workspace: Path,
    run_id: str | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Run the whole method on a prepared dataset.

    Args:
        dataset_folder: Folder of the dataset.
        config: Settings.
        workspace: The run folder is ``<workspace>/runs/<run_id>``.
        run_id: Name of the run; time, dataset and a short hash if omitted.
        on_progress: Told how each stage is doing.

    Returns:
        The content of ``manifest.json``.

    Raises:
        WorkbenchError: If the data or the settings cannot be used; ``Cancelled`` if a file
            ``cancel`` appeared in the run folder or the process was interrupted.
    """
    place = Path(dataset_folder)
    dataset = load_dataset(place)
    settings = config.model_dump(mode="json")
    content = dataset.fingerprint + config.model_dump_json()
    folder = run_folder.make_folder(workspace, dataset.name, content, run_id)
    order = RunOrder(
        run_id=folder.name,
        created=run_folder.now(),
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        settings=settings,
    )
    run_folder.write_order(folder, workspace, place, order)
    return _Work(folder, workspace, place, dataset, config, order).run(on_progress)


def resume(folder: Path, on_progress: OnProgress | None = None) -> dict[str, Any]:
    """Continue a run that was stopped, where it stopped.

    Args:
        folder: The run folder, ``<workspace>/runs/<run_id>``.
        on_progress: Told how each stage is doing.

    Returns:
        The content of ``manifest.json``.

    Raises:
        ConfigError: If the run is finished or still running.
        DataError: If there is no such run, or its dataset is gone or is another one by now.
    """
    order, config = run_folder.read_order(folder)
    if (folder / run_folder.MANIFEST).exists():
        raise ConfigError(f"Run {folder.name} is finished: there is nothing to continue.")
    status = jobs.read_status(folder)
    if status is not None and status.state == "running":
        raise ConfigError(f"Run {folder.name} is still running. Wait for it, or cancel it first.")
    workspace = folder.resolve().parents[1]
    place = workspace / order.dataset_folder
    dataset = load_dataset(place)
    if dataset.fingerprint != order.dataset_fingerprint:
        raise DataError(
            f"The dataset {dataset.name} has changed since run {folder.name} began. "
            "Start a new run."
        )
    (folder / run_folder.CANCEL).unlink(missing_ok=True)
    return _Work(folder, workspace, place, dataset, config, order).run(on_progress)


class _Work:
    """One sitting of one run."""

    def __init__(
        self,
        folder: Path,
        workspace: Path,
        dataset_folder: Path,
        dataset: Dataset,
        config: RunConfig,
        order: RunOrder,
    ) -> None:
        self._folder, self._workspace = folder, workspace
        self._dataset_folder, self._dataset = dataset_folder, dataset
        self._config, self._order = config, order
        self._status = StatusFile(folder, run_folder.seconds_so_far(folder))

    def run(self, on_progress: OnProgress | None) -> dict[str, Any]:
        """Run the pipeline and the evaluation, and say how it ended."""
        try:
            return self._run(on_progress or ignore_progress)
        except (Cancelled, KeyboardInterrupt) as error:
            message = "Stopped; what is finished is kept, and the run can be resumed."
            self._status.end("cancelled", message)
            raise Cancelled(
                f"Run {self._folder.name} was stopped. What is finished is kept; continue with: "
                + environment.shell_command(
                    "run", "--resume", self._folder.name, place=self._workspace.absolute()
                )
            ) from error
        except WorkbenchError as error:
            self._status.end("failed", str(error))
            raise
        except BaseException as error:
            self._status.end("failed", f"Unexpected {type(error).__name__}: {error}")
            raise

    def _run(self, on_progress: OnProgress) -> dict[str, Any]:
        self._status.report(LIBRARIES, 0.0)
        on_progress(Progress(LIBRARIES, 0.0))
        # Heavy: only a process that works loads PyTorch.
        from core.pipeline import STAGES, run_pipeline  # noqa: PLC0415

        report = self._reporter(STAGES, on_progress)
        outcome = run_pipeline(
            self._dataset, self._config, self._folder, self._workspace / "cache", report
        )
        start = monotonic()
        report(Progress(EVALUATE, 0.0))
        detection = self._evaluate(outcome)
        report(Progress(EVALUATE, 1.0))
        manifest = self._manifest(outcome, detection, monotonic() - start)
        self._status.end("done")
        run_folder.write_json(self._folder / run_folder.MANIFEST, manifest)
        # What a resume would need: ten times the size of the tables, and finished now.
        for scratch in ("stages", "checkpoints"):
            shutil.rmtree(self._folder / scratch, ignore_errors=True)
        return manifest

    def _reporter(
        self, stages: Sequence[tuple[str, float]], on_progress: OnProgress
    ) -> Callable[[Progress], None]:
        """Callback that writes the status, looks for a request to stop, and passes on."""
        overall = overall_fraction(stages)

        def report(progress: Progress) -> None:
            due = self._status.report(progress.stage, overall(progress))
            if due and (self._folder / run_folder.CANCEL).exists():
                raise Cancelled("The run was asked to stop.")
            on_progress(progress)

        return report

    def _evaluate(self, outcome: RunOutcome) -> dict[str, Any] | None:
        """Compare with planted truth, if there is any; write ``detection.json``."""
        # Loads PyTorch; asked here only, after the pipeline has returned.
        from core.evaluation.detection import detect  # noqa: PLC0415
        from core.evaluation.judge import judge_quality  # noqa: PLC0415
        from core.evaluation.truth import read_truth, write_kinds  # noqa: PLC0415

        truth = read_truth(self._dataset_folder, self._dataset)
        for name in ("detection.json", "kinds.parquet"):
            (self._folder / name).unlink(missing_ok=True)
        if truth is None:
            return None
        write_kinds(truth, self._folder)
        rng = np.random.default_rng([STREAM, self._config.seed % 2**32])
        found = detect(outcome.scores, truth, rng)
        found["judge"] = judge_quality(outcome.scores, truth)
        run_folder.write_json(self._folder / "detection.json", found)
        return found

    def _manifest(
        self, outcome: RunOutcome, found: dict[str, Any] | None, evaluation_seconds: float
    ) -> dict[str, Any]:
        train = self._dataset.train
        counts = np.bincount(outcome.scores.verdict, minlength=len(VERDICTS))
        known = found or {}
        aucs = ("auc_all", "auc_top_loss", "auc_matched")
        ranking = run_folder.plain(dict(outcome.ranking))
        manifest = {
            "run_id": self._folder.name,
            "created": self._order.created.isoformat(),
            "finished": run_folder.now(),
            "dataset": self._dataset.name,
            "dataset_fingerprint": self._dataset.fingerprint,
            "judge": outcome.judge,
            "n_users": train.n_users,
            "n_items": train.n_items,
            "n_interactions": len(train),
            "n_judged": outcome.n_judged,
            "verdicts": dict(zip(VERDICTS, counts.tolist(), strict=True)),
            "detection": {name: known[name] for name in aucs} if found else None,
            "noise_recall": known.get("noise_recall"),
            "precision": known.get("precision"),
            "hard_kept": known.get("hard_kept"),
            "hard_kept_by_loss_cut": known.get("hard_kept_by_loss_cut"),
            "ranking": None if None in ranking.values() else ranking,
            "seconds": round(self._status.seconds, 3),
            "stages": dict(outcome.seconds) | {EVALUATE: round(evaluation_seconds, 3)},
            "seed": self._config.seed,
            "noise_rate": outcome.noise_rate,
            "notes": notes.of_numbers(outcome.noise_rate, outcome.scores.semantic),
            "threshold": outcome.threshold,
            "preset": outcome.preset,
            "settings": self._config.model_dump(mode="json"),
            "versions": versions(),
            "device": device_name(self._config.device),
            "files": run_folder.hashes(self._folder),
        }
        plain: dict[str, Any] = run_folder.plain(manifest)
        return plain


def overall_fraction(stages: Sequence[tuple[str, float]]) -> Callable[[Progress], float]:
    """Share of the whole run that is done, from stages with their shares of the time."""
    total = sum(weight for _, weight in stages) or 1.0
    before: dict[str, tuple[float, float]] = {}
    done = 0.0
    for name, weight in stages:
        before[name] = (done / total, weight / total)
        done += weight

    def overall(progress: Progress) -> float:
        if progress.stage == EVALUATE:
            return 1.0
        start, share = before.get(progress.stage, (0.0, 0.0))
        return start + share * min(max(progress.fraction, 0.0), 1.0)

    return overall


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
