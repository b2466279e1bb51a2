"""Long work in a process of its own: start it, and tell how it is doing from its files.

A job writes ``<workspace>/runs/<run id>/status.json`` while it works, and ``manifest.json`` last.
It runs in its own session, so it goes on when the app is closed. What the job last wrote is
believed only as long as its process exists: a job that was killed shows as interrupted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from app.services import environment, process
from app.services.records import Launch, Status

DEMO = ("-m", "app.cli", "demo", "--json")
"""Arguments of the interpreter that run the sample."""
RUNS = ("demo", "run")
"""Names of the work that makes runs; one at a time."""

BEFORE_A_RUN = ("Reading ", "Preparing", "Loading ", "Writing ")
"""How lines begin that say what is done before there is a run folder."""

_starting = threading.Lock()


@dataclass(frozen=True)
class Job:
    """A job that is running, or that ended without a result."""

    run_id: str | None
    """None until the job has made its run folder."""
    status: Status
    log: Path | None
    """What the process printed; None for a job started elsewhere."""


@dataclass(frozen=True)
class Launched:
    """Work that the app started, whatever it is."""

    started: datetime
    running: bool
    log: Path
    """What the process printed."""


def start_demo(workspace: Path, arguments: Sequence[str] = DEMO) -> None:
    """Start the sample run in the background, unless a job is running already."""
    start_run(workspace, arguments, "demo")


def start_run(workspace: Path, arguments: Sequence[str], name: str = "run") -> None:
    """Start a run in the background, unless a job is running already.

    Args:
        workspace: Folder of all runs.
        arguments: Of the interpreter, such as ``-m app.cli run <dataset> --json``.
        name: One of :data:`RUNS`.
    """
    with _starting:
        job = current(workspace)
        if job is None or job.status.state != "running":
            _start(workspace, arguments, name)


def start(workspace: Path, arguments: Sequence[str], name: str) -> None:
    """Start some other work in the background, unless work of this name is running already.

    Args:
        workspace: Folder of everything.
        arguments: Of the interpreter.
        name: Of the work and its log; letters, digits, dot and dash.
    """
    with _starting:
        known = launched(workspace, name)
        if known is None or not known.running:
            _start(workspace, arguments, name)


def launched(workspace: Path, name: str) -> Launched | None:
    """Find out how work that the app started is doing; None if it never did."""
    launch_file, log = _launch_files(workspace, name)
    launch = _read_launch(launch_file)
    if launch is None:
        return None
    return Launched(launch.started, process.is_alive(launch.pid, launch.started), log)


def _start(workspace: Path, arguments: Sequence[str], name: str) -> None:
    launch, log = _launch_files(workspace, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = environment.with_defaults(os.environ)
    variables[environment.WORKSPACE_VARIABLE] = str(workspace)
    started = datetime.now(UTC)
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=environment.ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.adopt(child)
    unfinished = launch.with_suffix(".tmp")
    unfinished.write_text(Launch(pid=child.pid, started=started).model_dump_json())
    unfinished.replace(launch)


def current(workspace: Path) -> Job | None:
    """Find the job to show: the one the app started last, else any that is running.

    Returns:
        None if nothing runs, and nothing the app started ended without a result.
    """
    jobs = _unfinished(workspace)
    launch, log = _latest_launch(workspace)
    if launch is not None and not _has_result_since(workspace, launch.started):
        since = launch.started - timedelta(seconds=2)  # a job may write whole seconds
        for job in jobs:
            if job.status.pid == launch.pid and job.status.updated >= since:
                return Job(job.run_id, job.status, log)
        return Job(None, _status_of_launch(launch, log), log)
    return next((job for job in jobs if job.status.state == "running"), None)


def read_status(folder: Path) -> Status | None:
    """Read how the job of a run folder is doing; None if it never said.

    A job that says it runs, or that is done but has left no manifest, while its process is
    gone, is ``interrupted``.
    """
    path = folder / "status.json"
    try:
        status = Status.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        message = "The job wrote a status.json that cannot be read."
        return Status(state="failed", message=message, updated=datetime.fromtimestamp(0, UTC))
    finished = (folder / "manifest.json").exists()
    if status.state == "running" or (status.state == "done" and not finished):
        running = status.pid is not None and process.is_alive(status.pid, status.updated)
        return status.model_copy(update={"state": "running" if running else "interrupted"})
    return status


def tail(log: Path, n_lines: int = 20) -> str:
    """Last lines of a log; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-n_lines:])


def ask_to_stop(workspace: Path, run_id: str) -> None:
    """Ask a running run to stop; what is finished is kept, and it can be continued."""
    folder = workspace / "runs" / run_id
    if (folder / "status.json").is_file():
        (folder / "cancel").touch()


def _launch_files(workspace: Path, name: str) -> tuple[Path, Path]:
    """The record of the started process, and its log."""
    return workspace / "logs" / f"{name}.json", workspace / "logs" / f"{name}.log"


def _latest_launch(workspace: Path) -> tuple[Launch | None, Path]:
    """The run that the app started last, and its log."""
    found = [(_read_launch(launch), log) for launch, log in _run_files(workspace)]
    return max(found, key=lambda pair: pair[0].started.timestamp() if pair[0] else 0.0)


def _run_files(workspace: Path) -> list[tuple[Path, Path]]:
    return [_launch_files(workspace, name) for name in RUNS]


def _read_launch(path: Path) -> Launch | None:
    try:
        return Launch.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def _unfinished(workspace: Path) -> list[Job]:
    """Jobs that have written a status but no result, the latest first."""
    jobs = []
    for path in workspace.glob("runs/*/status.json"):
        if not (path.parent / "manifest.json").exists():
            status = read_status(path.parent)
            if status is not None:
                jobs.append(Job(path.parent.name, status, None))
    return sorted(jobs, key=lambda job: job.status.updated, reverse=True)


def _has_result_since(workspace: Path, moment: datetime) -> bool:
    """Whether any run was finished after ``moment``."""
    finished = [path.stat().st_mtime for path in workspace.glob("runs/*/manifest.json")]
    return max(finished, default=0.0) >= moment.timestamp()


def _status_of_launch(launch: Launch, log: Path) -> Status:
    """Status of a started process that has made no run folder yet, from what it printed."""
    if process.is_alive(launch.pid, launch.started):
        said = [line for line in tail(log).splitlines() if line.startswith(BEFORE_A_RUN)]
        stage = said[-1][:60].lower() if said else "loading libraries"
        return Status(state="running", stage=stage, pid=launch.pid, updated=launch.started)
    message = "The job ended before it began to work."
    return Status(state="interrupted", message=message, pid=launch.pid, updated=launch.started)
