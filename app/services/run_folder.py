"""What a run writes into its folder about itself: the order, the status and the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from app.services import whole_file
from app.services.records import RunOrder, State
from core.config import RunConfig
from core.errors import ConfigError, DataError

ORDER: Final = "run.json"
STATUS: Final = "status.json"
MANIFEST: Final = "manifest.json"
PROGRESS: Final = "progress.jsonl"
LABELS: Final = "labels.parquet"
"""What people had said when the run was ordered, where it was given any."""
LABEL_QUALITY: Final = "label_quality.json"
JUDGE_QUALITY: Final = "judge_quality.json"
SCRATCH: Final = ("stages", "checkpoints")
"""Folders with unfinished work."""
CANCEL: Final = "cancel"
"""A file of this name in the run folder asks the run to stop."""
NOT_RESULTS: Final = frozenset({STATUS, MANIFEST, CANCEL, PROGRESS})
SECONDS_BETWEEN: Final = 0.2
"""Shortest time between two writes of the status."""


class StatusFile:
    """Writes ``status.json``, whole or not at all, a few times per second at most.

    Args:
        folder: The run folder.
        seconds_before: Seconds that earlier sittings of this run took.
    """

    def __init__(self, folder: Path, seconds_before: float = 0.0) -> None:
        self._folder, self._before = folder, seconds_before
        self._start = time.monotonic() - seconds_before
        self._written = -math.inf
        self._stage, self._fraction = "", 0.0
        self._waited: tuple[int, str] | None = None

    @property
    def seconds(self) -> float:
        """Seconds of work so far, earlier sittings included."""
        return time.monotonic() - self._start

    def wait(self, others: Sequence[str]) -> None:
        """Say that the run waits for others; that time is no work."""
        self._start = time.monotonic() - self._before
        waits_for = others[0] if others else ""
        if (len(others), waits_for) != self._waited:
            self._waited = (len(others), waits_for)
            self._write("queued", "", {"place": len(others), "waits_for": waits_for})

    def queue(self, others: Sequence[str], pid: int) -> None:
        """Say that a started process has its place, before it comes to say anything itself."""
        place = {"place": len(others), "waits_for": others[0] if others else "", "pid": pid}
        self._write("queued", "", place)

    def report(self, stage: str, fraction: float) -> bool:
        """Say that the run works; return whether it was time to write."""
        due = time.monotonic() - self._written >= SECONDS_BETWEEN
        is_new = stage != self._stage
        # A later stage never shows less than an earlier one.
        self._stage, self._fraction = stage, max(self._fraction, min(fraction, 1.0))
        if due or is_new:
            self._write("running", "")
        return due or is_new

    def end(self, state: State, message: str = "") -> None:
        """Say how the run ended."""
        if state == "done":
            self._fraction = 1.0
        self._write(state, message)

    def fail(self, state: State, message: str) -> None:
        """Say how the run ended when files may no longer be writable; never raises.

        On a full disk a new file cannot be written, but the old one can be written over: it has
        its block already, and a status fits into one.
        """
        try:
            self._write(state, message)
        except OSError:
            with contextlib.suppress(OSError), (self._folder / STATUS).open("r+b") as file:
                file.write(as_json(self._status(state, message)).encode())
                file.truncate()

    def _write(self, state: State, message: str, more: Mapping[str, Any] | None = None) -> None:
        write_json(self._folder / STATUS, self._status(state, message) | dict(more or {}))
        self._written = time.monotonic()

    def _status(self, state: State, message: str) -> dict[str, Any]:
        return {
            "state": state,
            "stage": self._stage,
            "fraction": round(self._fraction, 4),
            "message": message,
            "pid": os.getpid(),
            "updated": now(),
            "seconds": round(self.seconds, 3),
        }


def now() -> str:
    """Time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all; numbers that are not finite become null."""
    with whole_file.replacing(path) as aside:
        aside.write_text(as_json(values), encoding="utf-8")


def as_json(values: Mapping[str, Any]) -> str:
    """Values as JSON; numbers that are not finite become null."""
    return json.dumps(plain(values), indent=2, allow_nan=False)


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any of several types
    """Replace NaN and infinity by None, in nested values too."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def make_folder(workspace: Path, dataset: str, content: str, run_id: str | None) -> Path:
    """Make the folder of a new run.

    Args:
        workspace: Folder of all runs and datasets.
        dataset: Name of the dataset.
        content: What the short hash in the name is of: fingerprint and settings.
        run_id: Name of the run, or None for time + dataset + short hash.

    Raises:
        DataError: If a run of this name exists.
    """
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    short = hashlib.sha256(content.encode()).hexdigest()[:6]
    base = run_id or f"{moment}-{dataset}-{short}"
    names = [base] if run_id else [base, *(f"{base}-{number}" for number in range(2, 100))]
    for name in names:
        folder = workspace / "runs" / name
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise DataError(f"There is a run {base} already. Choose another name, or resume it.")


def write_order(folder: Path, workspace: Path, dataset_folder: Path, order: RunOrder) -> None:
    """Write what the run is to do, before anything else."""
    place = dataset_folder.resolve()
    root = workspace.resolve()
    inside = place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)
    values = order.model_copy(update={"dataset_folder": inside})
    write_json(folder / ORDER, values.model_dump(mode="json"))


def read_order(folder: Path) -> tuple[RunOrder, RunConfig]:
    """Read what a run is to do.

    Raises:
        DataError: If there is no such run, or its order cannot be read.
    """
    path = folder / ORDER
    if not path.is_file():
        raise DataError(f"There is no run {folder.name} that could be continued. Check the name.")
    try:
        order = RunOrder.model_validate_json(path.read_bytes())
        return order, RunConfig.model_validate(order.settings)
    except (OSError, ValidationError) as error:
        raise DataError(
            f"Run {folder.name} cannot be continued: {ORDER} is damaged or of another version. "
            "Start a new run."
        ) from error


def check_unfinished(folder: Path) -> None:
    """Refuse a run that has its result.

    Raises:
        ConfigError: If it is finished.
    """
    if (folder / MANIFEST).exists():
        raise ConfigError(f"Run {folder.name} is finished: there is nothing to continue.")


def remove_scratch(folder: Path) -> None:
    """Remove what only a resume would need: ten times the size of the tables."""
    for name in SCRATCH:
        shutil.rmtree(folder / name, ignore_errors=True)


def sweep(workspace: Path) -> None:
    """Remove the same of every finished run: one whose process was killed at its very end kept it.

    A run without a manifest keeps everything, so that it can be resumed.
    """
    for name in SCRATCH:
        for left in workspace.glob(f"runs/*/{name}"):
            if (left.parent / MANIFEST).exists():
                shutil.rmtree(left, ignore_errors=True)


def seconds_so_far(folder: Path) -> float:
    """Seconds that earlier sittings of a run took, 0 if that is not known."""
    try:
        return float(json.loads((folder / STATUS).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def hashes(folder: Path) -> dict[str, str]:
    """Sha256 of each result file of a run, by name."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    found = {}
    for path in paths:
        if path.name not in NOT_RESULTS and path.suffix != ".tmp":
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
