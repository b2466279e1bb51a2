"""One run from dataset folder to manifest: the process behind the command line and the app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from app import run_result
from app.services import environment, failures, run_folder, run_orders, run_queue
from app.services.cancel_watch import CancelWatch
from app.services.progress_file import ProgressFile
from app.services.records import RunOrder, State
from app.services.run_folder import StatusFile
from app.services.run_orders import Retraining
from app.services.run_queue import Ticket
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.errors import Cancelled, DataError, WorkbenchError
from core.types import Dataset, OnProgress, Progress, RunOutcome, ignore_progress

EVALUATE: Final = "evaluate"
"""Stage after those of the pipeline: comparison with planted truth."""
LIBRARIES: Final = "loading libraries"
"""Before the stages of the pipeline: seconds in which nothing else moves."""
STOPPED: Final = "Stopped; what is finished is kept, and the run can be resumed."


def execute(
    dataset_folder: str | Path,
    config: RunConfig,
    workspace: Path,
    run_id: str | None = None,
    on_progress: OnProgress | None = None,
    retraining: Retraining | None = None,
    watcher: Watcher | None = None,
) -> dict[str, Any]:
    """Run the whole method on a prepared dataset, after the runs that were started before.

    Args:
        dataset_folder: Folder of the dataset.
        config: Settings.
        workspace: The run folder is ``<workspace>/runs/<run_id>``.
        run_id: Name of the run; time, dataset and a short hash if omitted.
        on_progress: Told how each stage is doing.
        retraining: Labels and parent, if there are any.
        watcher: Who is told about what happens beside the stages.

    Returns:
        The content of ``manifest.json``.

    Raises:
        WorkbenchError: If the data or the settings cannot be used; ``Cancelled`` if a file
            ``cancel`` appeared in the run folder or the process was interrupted.
    """
    folder = run_orders.place(workspace, Path(dataset_folder), config, retraining, run_id)
    return _work(folder, on_progress, watcher)


def resume(
    folder: Path, on_progress: OnProgress | None = None, watcher: Watcher | None = None
) -> dict[str, Any]:
    """Continue a run that was stopped where it stopped, or begin one that was only ordered.

    Args:
        folder: The run folder, ``<workspace>/runs/<run_id>``.
        on_progress: Told how each stage is doing.
        watcher: Who is told about what happens beside the stages.

    Returns:
        The content of ``manifest.json``.

    Raises:
        ConfigError: If the run is finished or still running.
        DataError: If there is no such run, or its dataset is gone or is another one by now.
    """
    run_folder.read_order(folder)
    run_folder.check_unfinished(folder)
    return _work(folder, on_progress, watcher, again=True)


def _work(
    folder: Path, on_progress: OnProgress | None, watcher: Watcher | None, again: bool = False
) -> dict[str, Any]:
    """Take a place in the queue, or the one the process was started with, and work."""
    order, config = run_folder.read_order(folder)
    workspace = folder.resolve().parents[1]
    run_folder.sweep(workspace)
    ticket = run_queue.take_over(order.run_id)
    if ticket is None:
        ticket = run_queue.draw(workspace, run_queue.device_of(config.device), folder.name)
        if again:  # whoever drew the ticket that was taken over has done so, and may ask again
            (folder / run_folder.CANCEL).unlink(missing_ok=True)
    try:
        return _Work(folder, workspace, config, order, watcher or Watcher()).run(
            ticket, on_progress or ignore_progress
        )
    finally:
        ticket.give_back()


@dataclass(frozen=True)
class Watcher:
    """Who is told about what happens beside the stages."""

    on_wait: Callable[[list[str]], None] = lambda _: None
    """Called now and then with the runs that come before this one."""
    on_stuck: Callable[[str], None] | None = None
    """Ends the process, after a request to stop that a silent stage does not see; told what to say.
    None = wait until the stage reports."""


class _Work:
    """One sitting of one run."""

    def __init__(
        self, folder: Path, workspace: Path, config: RunConfig, order: RunOrder, watcher: Watcher
    ) -> None:
        self._folder, self._workspace = folder, workspace
        self._dataset_folder = workspace / order.dataset_folder
        self._config, self._order, self._watcher = config, order, watcher
        self._status = StatusFile(folder, run_folder.seconds_so_far(folder))
        self._progress = ProgressFile(folder)
        self._ending, self._ended = threading.Lock(), False

    def run(self, ticket: Ticket, on_progress: OnProgress) -> dict[str, Any]:
        """Wait for its turn, run the pipeline and the evaluation, and say how it ended."""
        try:
            self._check()  # somebody may have asked while the program was still starting
            run_queue.wait(ticket, self._wait)
            return self._watched(on_progress)
        except (Cancelled, KeyboardInterrupt) as error:
            self._end("cancelled", STOPPED)
            raise Cancelled(self._how_to_continue()) from error
        except BaseException as error:
            told = failures.reason(error, self._folder)
            self._end("failed", told)
            if failures.is_known(told) and not isinstance(error, WorkbenchError):
                raise DataError(told) from error
            raise

    def _check(self) -> None:
        """Stop where somebody asked to, before there is a stage that would look."""
        if (self._folder / run_folder.CANCEL).exists():
            raise Cancelled("The run was asked not to begin.")

    def _wait(self, others: list[str]) -> None:
        self._check()
        self._status.wait(others)
        self._watcher.on_wait(others)

    def _watched(self, on_progress: OnProgress) -> dict[str, Any]:
        leave = self._leave if self._watcher.on_stuck else None
        watch = CancelWatch(self._folder / run_folder.CANCEL, leave)
        try:
            return self._run(on_progress, watch)
        finally:
            watch.close()

    def _leave(self) -> None:
        """End the process in the middle of a stage that does not come to look."""
        with self._ending:  # kept until the end, so that nobody says anything else
            if not self._ended and self._watcher.on_stuck is not None:
                self._status.fail("cancelled", STOPPED)
                self._watcher.on_stuck(self._how_to_continue())

    def _end(self, state: State, message: str = "") -> None:
        with self._ending:
            self._ended = True
            self._status.fail(state, message)

    def _how_to_continue(self) -> str:
        words = ("run", "--resume", self._folder.name)
        command = environment.shell_command(*words, place=self._workspace.absolute())
        return (
            f"Run {self._folder.name} was stopped. What is finished is kept; continue with: "
            f"{command}"
        )

    def _run(self, on_progress: OnProgress, watch: CancelWatch) -> dict[str, Any]:
        self._progress.go_on()
        self._status.report(LIBRARIES, 0.0)
        on_progress(Progress(LIBRARIES, 0.0))
        self._check()
        dataset = self._dataset()
        # Heavy: only a process that works loads PyTorch.
        from core.pipeline import STAGES, run_pipeline  # noqa: PLC0415

        self._check()
        self._progress.begin([*STAGES, (EVALUATE, 0.0)])
        report = self._reporter(STAGES, on_progress, watch)
        cache = self._workspace / "cache"
        outcome = run_pipeline(dataset, self._config, self._folder, cache, report, **self._given())
        start = monotonic()
        report(Progress(EVALUATE, 0.0))
        place, seed = self._dataset_folder, self._config.seed
        accept = self._config.refine.accept
        detection = run_result.evaluate(outcome, dataset, place, self._folder, seed, accept)
        labels = self._label_quality(outcome)
        run_folder.write_json(self._folder / run_folder.JUDGE_QUALITY, outcome.judging)
        report(Progress(EVALUATE, 1.0))
        told = run_result.manifest(
            outcome, dataset, self._folder, self._config, self._order, detection, labels
        )
        manifest = {
            **told,
            "finished": run_folder.now(),
            "seconds": round(self._status.seconds, 3),
            "stages": dict(outcome.seconds) | {EVALUATE: round(monotonic() - start, 3)},
        }
        with self._ending:  # from here on it is too late to stop it
            self._ended = True
            self._status.end("done")
            run_folder.write_json(self._folder / run_folder.MANIFEST, manifest)
        run_folder.remove_scratch(self._folder)
        return manifest

    def _dataset(self) -> Dataset:
        """Read the dataset, which must be the one that was ordered."""
        dataset = load_dataset(self._dataset_folder)
        if dataset.fingerprint != self._order.dataset_fingerprint:
            raise DataError(
                f"The dataset {dataset.name} has changed since run {self._folder.name} began. "
                "Start a new run."
            )
        return dataset

    def _given(self) -> dict[str, Any]:
        """Labels and parent for the pipeline, where the run has them."""
        given: dict[str, Any] = {}
        if self._order.labels:
            given["labels"] = self._folder / self._order.labels
        if self._order.parent and self._order.warm_start:
            given["parent"] = self._workspace / "runs" / self._order.parent
        return given

    def _label_quality(self, outcome: RunOutcome) -> dict[str, Any] | None:
        """Write what became of the labels; None for a run without any."""
        found = outcome.labels
        path = self._folder / run_folder.LABEL_QUALITY
        path.unlink(missing_ok=True)
        if not self._order.labels or found is None:
            return None
        told: dict[str, Any] = {**run_folder.plain(dict(found)), "revision": self._order.revision}
        run_folder.write_json(path, told)
        return told

    def _reporter(
        self, stages: Sequence[tuple[str, float]], on_progress: OnProgress, watch: CancelWatch
    ) -> Callable[[Progress], None]:
        """Callback that writes the status, looks for a request to stop, and passes on."""
        overall = overall_fraction(stages)

        def report(progress: Progress) -> None:
            due = self._status.report(progress.stage, overall(progress))
            self._progress.report(progress)
            if watch.asked or (due and (self._folder / run_folder.CANCEL).exists()):
                raise Cancelled("The run was asked to stop.")
            on_progress(progress)

        return report


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
