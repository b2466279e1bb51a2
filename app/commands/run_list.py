"""``runs`` and ``cancel``: all runs with how they ended, and a stop to one that is going on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from app.commands.output import clean
from app.services import environment, run_list
from app.services.run_list import KnownRun


def list_runs(workspace: Path, console: Console) -> dict[str, Any]:
    """Print every run of the workspace: state, dataset, date, and what can be done with it.

    Returns:
        ``runs``: the same as plain values, the latest first.
    """
    found = run_list.known_runs(workspace)
    if not found:
        demo = environment.shell_command("demo", place=workspace)
        console.print(f"There is no run yet. Start one: {clean(demo)}", soft_wrap=True)
    for run in found:
        date = f"{run.created:%Y-%m-%d %H:%M} UTC" if run.created else "date not known"
        console.print(
            f"[bold]{clean(run.run_id)}[/]: {clean(_state(run))}, on "
            f"{clean(run.dataset or 'a dataset that is not known')}, started {date}",
            soft_wrap=True,
        )
        if run.state == "failed" and run.message:
            console.print(f"    {clean(run.message)}", soft_wrap=True)
        if run.command:
            console.print(f"    {_DOING[run.state]}: {clean(run.command)}", soft_wrap=True)
    return {"runs": [as_values(run) for run in found]}


def cancel_run(run_id: str, workspace: Path, console: Console) -> dict[str, Any]:
    """Ask a run to stop or to leave the queue, wait a few seconds, and say what happened.

    Returns:
        The run as plain values; ``ok`` is False if it failed meanwhile.

    Raises:
        WorkbenchError: If there is no such run, or it is not running.
    """
    run = run_list.cancel(workspace, run_id)
    told = {
        "queued": f"Run {run_id} was asked to leave the queue; it has not come to it yet.",
        "stopped": f"Run {run_id} was stopped{where(run)}. What is done is kept.",
        "running": f"Run {run_id} was asked to stop; it has not come to it yet{where(run)}.",
        "finished": f"Run {run_id} was finished before it could be stopped.",
        "failed": f"Run {run_id} failed before it could be stopped: {run.message}",
    }
    console.print(clean(told[run.state]), soft_wrap=True)
    if run.state in run_list.ACTIVE:
        look = environment.shell_command("runs", place=workspace)
        console.print(f"Look again: {clean(look)}", soft_wrap=True)
    elif run.command:
        console.print(f"{_DOING[run.state]}: {clean(run.command)}", soft_wrap=True)
    return {"ok": run.state != "failed", **as_values(run)}


def where(run: KnownRun) -> str:
    """Where a run is or stopped, as the end of a sentence; empty where it never said."""
    return f" in the stage '{run.stage}', {run.fraction:.0%} done" if run.stage else ""


def as_values(run: KnownRun) -> dict[str, Any]:
    """A run as JSON has it; times as ISO 8601."""
    values = asdict(run)
    folder = values.pop("dataset_folder")
    for name in ("created", "finished"):
        values[name] = values[name].isoformat() if values[name] else None
    return {**values, "dataset_folder": str(folder) if folder else None}


def _state(run: KnownRun) -> str:
    if run.state == "queued":
        return f"waits for run {run.waits_for}" if run.waits_for else "waits for its turn"
    return run.state if run.state == "finished" else f"{run.state}{where(run)}"


_DOING = {
    "finished": "Report",
    "running": "Stop it",
    "queued": "Take it out of the queue",
    "stopped": "Continue it",
    "failed": "Try again",
}
