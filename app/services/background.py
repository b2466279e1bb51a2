"""Checking, preparing and running in the background: the command line in a process of its own.

What the command printed last, one JSON object, is its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.services import importing, job_log, jobs, run_orders
from app.services.importing import ImportPlan
from app.services.run_orders import Retraining
from core.config import PrepareConfig, RunConfig

COMMAND: Final = ("-m", "app.cli")
MOST_BYTES: Final = 20_000_000
"""An answer is never that long."""


@dataclass(frozen=True)
class Work:
    """How some work is doing."""

    running: bool
    seconds: float
    """Since it began."""
    said: tuple[str, ...]
    """What it has printed so far, the last few lines."""
    answer: Mapping[str, Any]
    """What came out; empty while it works, and if it failed."""
    error: str
    """Why it failed; empty if it did not."""


def start_check(plan: ImportPlan, workspace: Path) -> None:
    """Look for problems in the files of an import; it is kept once there are no errors."""
    importing.save_draft(plan, workspace)
    arguments = (*COMMAND, "import", "--again", plan.name, "--json")
    jobs.start(workspace, arguments, f"check-{plan.name}")


def check(plan: ImportPlan, workspace: Path) -> Work | None:
    """How the check of an import is doing; None if it was not checked as it is now."""
    work = work_of(workspace, f"check-{plan.name}")
    if work is None or (work.answer and work.answer.get("plan") != _plain(plan)):
        return None
    return work


def start_prepare(plan: ImportPlan, config: PrepareConfig, workspace: Path) -> None:
    """Make a dataset of an import."""
    values = config.model_dump(mode="json", exclude_none=True)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    arguments = (*COMMAND, "prepare", plan.name, "--json", *options)
    jobs.start(workspace, arguments, f"prepare-{plan.name}")


def preparation(plan: ImportPlan, workspace: Path) -> Work | None:
    """How preparing an import is doing; None if it was never begun."""
    return work_of(workspace, f"prepare-{plan.name}")


def start_run(
    dataset: str, config: RunConfig, workspace: Path, retraining: Retraining | None = None
) -> str:
    """Run the method on a dataset, after the runs that were started before it.

    Returns:
        The name of the run; its folder is there, with everything it is to do.

    Raises:
        DataError: If there is no such dataset or parent, or the labels cannot be read.
    """
    folder = run_orders.place(workspace, workspace / "datasets" / dataset, config, retraining)
    jobs.start_run(workspace, folder.name)
    return folder.name


def work_of(workspace: Path, name: str) -> Work | None:
    """How some work is doing, by the name it was started under; None if it never was."""
    launched = jobs.launched(workspace, name)
    if launched is None:
        return None
    seconds = (datetime.now(UTC) - launched.started).total_seconds()
    lines = [line for line in job_log.end(launched.log, MOST_BYTES).splitlines() if line]
    answer = next((found for line in reversed(lines) if (found := _object(line))), {})
    if "error" in answer:
        return Work(False, seconds, (), {}, str(answer["error"]))
    if answer:
        return Work(False, seconds, (), answer, "")
    if launched.running:
        return Work(True, seconds, tuple(lines[-6:]), {}, "")
    ended = "\n".join(["It ended without an answer. The last it printed:", *lines[-8:]])
    return Work(False, seconds, (), {}, ended)


def _object(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _plain(plan: ImportPlan) -> dict[str, Any]:
    """A plan as it looks after a way through JSON."""
    return dict(json.loads(plan.model_dump_json()))
