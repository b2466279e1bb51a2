"""What a person can do with a job, and what to send to somebody who is asked for help."""

from __future__ import annotations

from pathlib import Path

from app.services import job_log, jobs, run_folder, run_orders
from app.services.job_list import JobEntry
from app.services.records import RunOrder
from app.services.run_orders import Retraining
from core.errors import DataError


def resume(workspace: Path, run_id: str) -> None:
    """Go on with a run where it stopped, after the runs that were started before.

    Raises:
        WorkbenchError: If it runs or waits already, or its order cannot be read.
    """
    jobs.start_run(workspace, run_id)


def start_again(workspace: Path, run_id: str) -> str:
    """Begin a new run with data, settings, labels and parent of another one.

    Returns:
        Its name.

    Raises:
        DataError: If the order cannot be read, or dataset or parent are gone.
    """
    folder = workspace / "runs" / run_id
    order, config = run_folder.read_order(folder)
    again = run_orders.place(
        workspace, workspace / order.dataset_folder, config, _retraining(folder, order)
    )
    jobs.start_run(workspace, again.name)
    return again.name


def can_start_again(workspace: Path, run_id: str) -> bool:
    """Whether the order of a run is there and its dataset is."""
    try:
        order, _ = run_folder.read_order(workspace / "runs" / run_id)
    except DataError:
        return False
    return (workspace / order.dataset_folder / run_folder.MANIFEST).is_file()


def report(entry: JobEntry) -> str:
    """Everything about a job that helps to find out what went wrong, without keys."""
    created = f"{entry.created:%Y-%m-%d %H:%M:%S} UTC" if entry.created else "not known"
    lines = [
        f"run: {entry.run_id}",
        f"state: {entry.state}",
        f"dataset: {entry.dataset}",
        f"started: {created}",
        f"stage: {entry.stage}, {entry.fraction:.0%} done",
        f"reason: {entry.reason}",
        f"parent: {entry.parent or 'none'}",
        f"revision of the labels: {entry.revision or 'none'}",
        "",
        "log:",
        job_log.read(entry.log) or "(none: it was started in a terminal)",
    ]
    return job_log.without_secrets("\n".join(lines)) + "\n"


def _retraining(folder: Path, order: RunOrder) -> Retraining:
    labels = folder / order.labels if order.labels else None
    return Retraining(labels, order.revision, order.parent, order.message, order.warm_start)
