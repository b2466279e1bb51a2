"""All runs of a workspace, finished or not: how each ended, and how it goes on."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, cast

from pydantic import ValidationError

from app.services import environment, jobs, run_folder, store
from app.services.records import ACTIVE as ACTIVE  # noqa: PLC0414 - passed on
from app.services.records import Manifest
from core.errors import ConfigError, DataError

RunState = Literal["finished", "running", "queued", "stopped", "failed"]
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""Names of runs: never a path."""
LATEST: Final = "latest"
"""Stands for the newest finished run on the command line."""
SECONDS_TO_STOP: Final = 15.0
"""How long a request to stop is watched; a run looks for it at every report of its progress."""


def newest(workspace: Path) -> str:
    """Name of the newest finished run.

    Raises:
        DataError: If there is none yet; it says how to start one.
    """
    known = store.run_ids(workspace)
    if not known:
        demo = environment.shell_command("demo", place=workspace)
        raise DataError(f"There is no finished run yet. Start one: {demo}")
    return known[0]


@dataclass(frozen=True)
class KnownRun:
    """One run folder."""

    run_id: str
    state: RunState
    """``queued``: waits for others on its device. ``stopped``: asked to, or its process is gone; it
    and a failed one can be continued."""
    dataset: str
    """Empty where that cannot be read."""
    fingerprint: str
    """Of the dataset that it was begun on."""
    dataset_folder: Path | None
    created: datetime | None
    finished: datetime | None
    stage: str
    fraction: float
    message: str
    waits_for: str
    """Of a queued run: the one whose turn it is."""
    command: str
    """Shell command that shows it, stops it or continues it; empty where there is none."""


def known_runs(workspace: Path) -> list[KnownRun]:
    """Every run of a workspace, the latest first, those of unknown date last."""
    folders = {path.parent for path in workspace.glob("runs/*/*.json")}
    found = [read(workspace, folder.name) for folder in folders]
    return sorted(
        found,
        key=lambda run: (run.created.timestamp() if run.created else 0.0, run.run_id),
        reverse=True,
    )


def read(workspace: Path, run_id: str) -> KnownRun:
    """Find out how a run is doing.

    Raises:
        ConfigError: If that cannot be the name of a run.
        DataError: If there is no such run.
    """
    if not re.fullmatch(NAME, run_id):
        raise ConfigError(f"'{run_id}' is no name of a run.")
    folder = workspace / "runs" / run_id
    if not folder.is_dir():
        raise DataError(f"There is no run {run_id}. All runs: {environment.shell_command('runs')}")
    if (folder / run_folder.MANIFEST).exists():
        return _finished(workspace, run_id)
    return _unfinished(workspace, folder)


def cancel(workspace: Path, run_id: str, seconds: float | None = None) -> KnownRun:
    """Ask a run that works or waits to stop, and wait for it a while.

    Args:
        workspace: Folder of all runs.
        run_id: Which run.
        seconds: How long to wait; :data:`SECONDS_TO_STOP` if omitted.

    Returns:
        The run after that; still in the state it was in if it has not come to look yet.

    Raises:
        ConfigError: If it does not run.
        DataError: If there is no such run.
    """
    run = read(workspace, run_id)
    if run.state not in ACTIVE:
        then = f" Continue it with: {run.command}" if run.state == "stopped" else ""
        raise ConfigError(f"Run {run_id} is not running: it is {run.state}.{then}")
    jobs.ask_to_stop(workspace, run_id)
    end = time.monotonic() + (SECONDS_TO_STOP if seconds is None else seconds)
    while run.state in ACTIVE and time.monotonic() < end:
        time.sleep(0.1)
        run = read(workspace, run_id)
    return run


def _finished(workspace: Path, run_id: str) -> KnownRun:
    path = workspace / "runs" / run_id / run_folder.MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        message = f"{run_folder.MANIFEST} is damaged. Delete the folder, or run it again."
        return KnownRun(run_id, "failed", "", "", None, None, None, "", 1.0, message, "", "")
    return KnownRun(
        run_id,
        "finished",
        manifest.dataset,
        manifest.dataset_fingerprint,
        None,
        manifest.created,
        manifest.finished,
        "",
        1.0,
        "",
        "",
        environment.shell_command("report", run_id, place=workspace),
    )


def _unfinished(workspace: Path, folder: Path) -> KnownRun:
    status = jobs.read_status(folder)
    state: RunState = "stopped"
    if status is not None and status.state in ("running", "queued", "failed"):
        state = cast(RunState, status.state)
    words = ("cancel", folder.name) if state in ACTIVE else ("run", "--resume", folder.name)
    command = environment.shell_command(*words, place=workspace)
    try:
        order, _ = run_folder.read_order(folder)
    except DataError:
        order = None
    return KnownRun(
        folder.name,
        state,
        order.dataset if order else "",
        order.dataset_fingerprint if order else "",
        workspace / order.dataset_folder if order else None,
        order.created if order else (status.updated if status else None),
        None,
        status.stage if status else "",
        status.fraction if status else 0.0,
        status.message if status else "",
        status.waits_for if status and state == "queued" else "",
        command if order or state in ACTIVE else "",
    )
