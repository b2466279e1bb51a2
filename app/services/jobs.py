"""Long work in a process of its own: start it, and tell how it is doing from its files.

A job writes ``<workspace>/runs/<run id>/status.json`` while it works, and ``manifest.json`` last.
It runs in its own session, so it goes on when the app is closed. What the job last wrote is
believed only as long as its process exists: a job that was killed shows as interrupted.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from app.services import failures, job_log, launches, process, run_folder, run_queue
from app.services.launches import Launched
from app.services.records import ACTIVE, Launch, Status
from app.services.run_folder import StatusFile
from core.errors import DataError

DEMO = ("-m", "app.cli", "demo", "--json")
"""Arguments of the interpreter that run the sample."""
RUN = ("-m", "app.cli", "run", "--json", "--resume")
"""The same for a run that was ordered; its name follows."""
DEMO_NAME = "demo"
"""Name of the work that prepares the sample before there is a run."""
OF_A_RUN = "run-"
"""How names of the work begin that does a run; the name of the run follows."""

BEFORE_A_RUN = ("Reading ", "Preparing", "Loading ", "Writing ")
"""How lines begin that say what is done before there is a run folder."""
GONE = (
    "Its process is gone without a word: it was killed, perhaps because memory ran out, or the "
    "machine was switched off. What was finished is kept: resume it."
)

_starting = threading.Lock()


@dataclass(frozen=True)
class Job:
    """A job that is running or waits, or that ended without a result."""

    run_id: str | None
    """None until the job has made its run folder."""
    status: Status
    log: Path | None
    """What the process printed; None for a job started elsewhere."""

    @property
    def active(self) -> bool:
        """Whether it runs or waits for its turn."""
        return self.status.state in ACTIVE


def start_demo(workspace: Path, arguments: Sequence[str] = DEMO) -> None:
    """Prepare and run the sample in the background, unless that is going on already."""
    launch = launches.read(launches.files(workspace, DEMO_NAME)[0])
    goes_on = launch is not None and not _has_result_since(workspace, launch.started)
    start(workspace, arguments, DEMO_NAME, keep_log=goes_on)


def start_run(workspace: Path, run_id: str, arguments: Sequence[str] = RUN) -> None:
    """Begin or continue a run in the background, when those started before it have ended.

    Args:
        workspace: Folder of all runs.
        run_id: A run that was ordered and is not finished.
        arguments: Of the interpreter; the name of the run is added.

    Raises:
        ConfigError: If it runs or waits already, or is finished.
        DataError: If it was never ordered, or nothing can be written.
    """
    folder = workspace / "runs" / run_id
    _, config = run_folder.read_order(folder)
    with _starting:
        run_folder.check_unfinished(folder)
        ticket = run_queue.draw(workspace, run_queue.device_of(config.device), run_id)
        try:
            (folder / run_folder.CANCEL).unlink(missing_ok=True)
            status = StatusFile(folder, run_folder.seconds_so_far(folder))
            handed = (ticket.descriptor,)
            _keep_log(workspace, run_id)
            words, name = (*arguments, run_id), OF_A_RUN + run_id
            child = launches.start(workspace, words, name, ticket.environment(), handed, True)
            if not _has_said(folder, child):  # on a busy machine the process may be the first
                status.queue(ticket.ahead(), child)
        except BaseException as error:
            ticket.give_back()
            if isinstance(error, OSError):
                raise DataError(failures.reason(error, workspace)) from error
            raise
        os.close(ticket.descriptor)  # the started process holds it now


def start(workspace: Path, arguments: Sequence[str], name: str, keep_log: bool = False) -> None:
    """Start some other work in the background, unless work of this name is running already.

    Args:
        workspace: Folder of everything.
        arguments: Of the interpreter.
        name: Of the work and its log; letters, digits, dot and dash.
        keep_log: Go on with the log of earlier work of this name.
    """
    with _starting:
        known = launched(workspace, name)
        if known is None or not known.running:
            launches.start(workspace, arguments, name, keep_log=keep_log)


def launched(workspace: Path, name: str) -> Launched | None:
    """Find out how work that the app started is doing; None if it never did."""
    launch_file, log = launches.files(workspace, name)
    launch = launches.read(launch_file)
    if launch is None:
        return None
    return Launched(launch.started, process.is_alive(launch.pid, launch.started), log)


def current(workspace: Path) -> Job | None:
    """Find the job to show: one that runs, else the one the app started last, else one that waits.

    Returns:
        None if nothing runs or waits, and nothing the app started ended without a result.
    """
    jobs = _unfinished(workspace)
    running = next((job for job in jobs if job.status.state == "running"), None)
    if running is not None:
        return running
    launch, name = _latest_launch(workspace)
    if launch is not None and not _has_result_since(workspace, launch.started):
        started = next((job for job in jobs if _is_of(job, launch, name)), None)
        return started or _without_folder(workspace, launch, name)
    return next((job for job in jobs if job.active), None)


def active(workspace: Path) -> list[Job]:
    """Jobs that run or wait for their turn, in the order of their turn."""
    found = [job for job in _unfinished(workspace) if job.active]
    preparing = demo(workspace)
    found += [preparing] if preparing is not None and preparing.active else []
    return sorted(found, key=lambda job: (job.status.state != "running", job.status.place))


def demo(workspace: Path) -> Job | None:
    """The sample while it has no run folder yet, or if it never came to have one."""
    launch_file, _ = launches.files(workspace, DEMO_NAME)
    launch = launches.read(launch_file)
    if launch is None or _has_result_since(workspace, launch.started):
        return None
    if any(_is_of(job, launch, DEMO_NAME) for job in _unfinished(workspace)):
        return None
    return _without_folder(workspace, launch, DEMO_NAME)


def log_of(workspace: Path, run_id: str, status: Status | None = None) -> Path | None:
    """What the process of a run printed; None for one that was started in a terminal."""
    launch_file, log = launches.files(workspace, OF_A_RUN + run_id)
    if log.is_file():
        return log
    launch_file, log = launches.files(workspace, DEMO_NAME)
    launch = launches.read(launch_file)
    mine = launch is not None and status is not None and _wrote(status, launch)
    return log if mine else None


def read_status(folder: Path) -> Status | None:
    """Read how the job of a run folder is doing; None if it never said.

    A job that says it runs or waits, or that is done but has left no manifest, while its process
    is gone, is ``interrupted``.
    """
    path = folder / run_folder.STATUS
    try:
        status = Status.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        message = "The job wrote a status.json that cannot be read."
        return Status(state="failed", message=message, updated=datetime.fromtimestamp(0, UTC))
    finished = (folder / run_folder.MANIFEST).exists()
    if status.state in ACTIVE or (status.state == "done" and not finished):
        if status.pid is None or not process.is_alive(status.pid, status.updated):
            return status.model_copy(update={"state": "interrupted", "message": GONE})
        state = "running" if status.state == "done" else status.state
        return status.model_copy(update={"state": state})
    return status


def ask_to_stop(workspace: Path, run_id: str) -> None:
    """Ask a run that works or waits to stop; what is finished is kept, and it can be continued."""
    folder = workspace / "runs" / run_id
    if (folder / run_folder.STATUS).is_file():
        (folder / run_folder.CANCEL).touch()


def _keep_log(workspace: Path, run_id: str) -> None:
    """Take over what the process of the sample printed about a run that is now resumed by name."""
    log = launches.files(workspace, OF_A_RUN + run_id)[1]
    earlier = log_of(workspace, run_id, read_status(workspace / "runs" / run_id))
    if earlier is not None and earlier != log:
        shutil.copyfile(earlier, log)


def _has_said(folder: Path, pid: int) -> bool:
    """Whether a process has written the status of a run."""
    status = read_status(folder)
    return status is not None and status.pid == pid


def _latest_launch(workspace: Path) -> tuple[Launch | None, str]:
    """The run that the app started last, and its name."""
    logs = workspace / "logs"
    paths = [*logs.glob(f"{OF_A_RUN}*.json"), *logs.glob(f"{DEMO_NAME}.json")]
    if not paths:
        return None, ""
    latest = max(paths, key=lambda path: path.stat().st_mtime_ns)
    return launches.read(latest), latest.name.removesuffix(".json")


def _is_of(job: Job, launch: Launch, name: str) -> bool:
    """Whether a job is the work that was launched."""
    named = name.startswith(OF_A_RUN)
    return job.run_id == name.removeprefix(OF_A_RUN) if named else _wrote(job.status, launch)


def _wrote(status: Status, launch: Launch) -> bool:
    """Whether a started process wrote a status; jobs may write whole seconds."""
    since = launch.started - timedelta(seconds=2)
    return status.pid == launch.pid and status.updated >= since


def _unfinished(workspace: Path) -> list[Job]:
    """Jobs that have written a status but no result, the latest first."""
    jobs = []
    for path in workspace.glob("runs/*/status.json"):
        if not (path.parent / run_folder.MANIFEST).exists():
            status = read_status(path.parent)
            if status is not None:
                run_id = path.parent.name
                jobs.append(Job(run_id, status, log_of(workspace, run_id, status)))
    return sorted(jobs, key=lambda job: job.status.updated, reverse=True)


def _has_result_since(workspace: Path, moment: datetime) -> bool:
    """Whether any run was finished after ``moment``."""
    finished = [path.stat().st_mtime for path in workspace.glob("runs/*/manifest.json")]
    return max(finished, default=0.0) >= moment.timestamp()


def _without_folder(workspace: Path, launch: Launch, name: str) -> Job:
    """A started process that has made no run folder yet, from what it printed."""
    _, log = launches.files(workspace, name)
    if process.is_alive(launch.pid, launch.started):
        lines = job_log.end(log).splitlines()
        said = [line for line in lines if line.startswith((*BEFORE_A_RUN, launches.RESUMED))]
        told = bool(said) and said[-1].startswith(BEFORE_A_RUN)  # else by an earlier process
        stage = said[-1][:60].lower() if told else "loading libraries"
        status = Status(state="running", stage=stage, pid=launch.pid, updated=launch.started)
        return Job(None, status, log)
    message = "The job ended before it began to work."
    status = Status(state="interrupted", message=message, pid=launch.pid, updated=launch.started)
    return Job(None, status, log)
