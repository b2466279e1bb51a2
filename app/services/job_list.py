"""All jobs that make runs, from their folders alone: who looks, and when, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from app.services import jobs, run_folder, whole_file
from app.services.records import ACTIVE, Manifest, RunOrder, State, Status
from core.errors import DataError

UNFINISHED: Final = frozenset({"failed", "cancelled", "interrupted"})
"""States in which a run may be continued."""


@dataclass(frozen=True)
class JobEntry:
    """One run, finished or not."""

    run_id: str
    state: State
    dataset: str
    """Empty where that cannot be read."""
    created: datetime | None
    ended: datetime | None
    seconds: float | None
    """Of work, over all sittings."""
    parent: str
    message: str
    """What the person said who started it."""
    revision: str
    reason: str
    """Why it ended without a result, and what to do; empty otherwise."""
    stage: str
    fraction: float
    """Share of the whole run, 0..1."""
    place: int
    """Of a queued one: how many come before it."""
    waits_for: str
    log: Path | None
    """What its process printed; None where it was started in a terminal."""
    can_resume: bool

    @property
    def active(self) -> bool:
        """Whether it runs or waits."""
        return self.state in ACTIVE


def every(workspace: Path) -> list[JobEntry]:
    """All runs: those that run or wait in the order of their turn, then the rest, latest first."""
    folders = {path.parent for path in workspace.glob("runs/*/*.json")}
    return sorted((read(folder) for folder in folders), key=_place)


def unfinished(workspace: Path) -> list[JobEntry]:
    """Runs without a result, in the same order."""
    folders = {path.parent for path in workspace.glob("runs/*/*.json")}
    without = (folder for folder in folders if not (folder / run_folder.MANIFEST).exists())
    return sorted((read(folder) for folder in without), key=_place)


def read(folder: Path) -> JobEntry:
    """How one run is doing; what cannot be read is empty."""
    status, order = jobs.read_status(folder), _order(folder)
    manifest = finished(folder)
    log = jobs.log_of(folder.parents[1], folder.name, status)
    if manifest is not None:
        return _finished(manifest, folder, log)
    damaged = (folder / run_folder.MANIFEST).exists()
    state = "failed" if damaged else status.state if status else "interrupted"
    reason = "Its manifest.json is damaged. Delete the folder, or run it again." if damaged else ""
    return _unfinished(folder, status, order, state, reason, log)


def finished(folder: Path) -> Manifest | None:
    """What a finished run says about itself; None if it is not finished, or damaged."""
    try:
        return _manifest(whole_file.stamp(folder / run_folder.MANIFEST))
    except (OSError, ValidationError):
        return None


def seconds_of_stages(workspace: Path, entry: JobEntry) -> Mapping[str, float]:
    """Seconds of each stage of an earlier run: the parent, else the latest on the same dataset.

    Empty where there is none.
    """
    parent = finished(workspace / "runs" / entry.parent) if entry.parent else None
    if parent is not None and parent.stages:
        return parent.stages
    folders = (path.parent for path in workspace.glob(f"runs/*/{run_folder.MANIFEST}"))
    known = [manifest for folder in folders if (manifest := finished(folder)) is not None]
    same = [one for one in known if one.dataset == entry.dataset and one.stages]
    return max(same, key=lambda one: one.created).stages if same else {}


@lru_cache(maxsize=2000)
def _manifest(stamp: tuple[str, int, int]) -> Manifest:
    return Manifest.model_validate_json(Path(stamp[0]).read_bytes())


def _order(folder: Path) -> RunOrder | None:
    try:
        return run_folder.read_order(folder)[0]
    except DataError:
        return None


def _finished(manifest: Manifest, folder: Path, log: Path | None) -> JobEntry:
    return JobEntry(
        run_id=folder.name,
        state="done",
        dataset=manifest.dataset,
        created=manifest.created,
        ended=manifest.finished,
        seconds=manifest.seconds,
        parent=manifest.parent,
        message=manifest.message,
        revision=manifest.revision,
        reason="",
        stage="",
        fraction=1.0,
        place=0,
        waits_for="",
        log=log,
        can_resume=False,
    )


def _unfinished(
    folder: Path,
    status: Status | None,
    order: RunOrder | None,
    state: State,
    reason: str,
    log: Path | None,
) -> JobEntry:
    said = status or Status(state=state, message=jobs.GONE, updated=datetime.fromtimestamp(0, UTC))
    known = status is not None
    return JobEntry(
        run_id=folder.name,
        state=state,
        dataset=order.dataset if order else "",
        created=order.created if order else (said.updated if known else None),
        ended=said.updated if known and state not in ACTIVE else None,
        seconds=_seconds(said) if known else None,
        parent=order.parent if order else "",
        message=order.message if order else "",
        revision=order.revision if order else "",
        reason=reason or ("" if state in ACTIVE else said.message),
        stage=said.stage,
        fraction=said.fraction,
        place=said.place,
        waits_for=said.waits_for,
        log=log,
        can_resume=order is not None and state in UNFINISHED and not reason,
    )


def _seconds(status: Status) -> float:
    """Seconds of work so far; the status of a running job is a moment old."""
    if status.state != "running":
        return status.seconds
    return status.seconds + max(0.0, (datetime.now(UTC) - status.updated).total_seconds())


def _place(entry: JobEntry) -> tuple[int, float, str]:
    rank = {"running": 0, "queued": 1}.get(entry.state, 2)
    if rank == 1:
        return rank, float(entry.place), entry.run_id
    return rank, -(entry.created.timestamp() if entry.created else 0.0), entry.run_id
