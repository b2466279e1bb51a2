"""Judging a dataset from the app: a preview, then the questions, each in a process of its own.

Everything is found by the name that dataset and settings give to the judgements, so that a preview
is of exactly these settings or is not there. Settings go to the process as a file; no key is among
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from app.services import background, datasets, job_log, jobs, judging, launches, whole_file
from app.services.background import Work
from core.config import RunConfig
from core.errors import DataError

STOPPED: Final = "Stopped."
"""What the command line says when it was asked to end."""
PROGRESS: Final = "progress"
"""Name in a line that says how far the judging is."""
LINES: Final = 4
State = Literal["running", "stopping", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Judging:
    """How the judging of a dataset is doing."""

    state: State
    seconds: float
    """Since it began."""
    stage: str = ""
    fraction: float = 0.0
    """Share of the stage that is done, 0..1."""
    values: Mapping[str, float] = field(default_factory=dict)
    """``n_judged``, ``n_calls``, ``n_cached``, ``n_unparsed``, ``tokens``, ``money`` of the last
    report of the judge; empty before it."""
    said: tuple[str, ...] = ()
    """The last lines that it printed for people."""
    error: str = ""
    """Why it failed."""
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What came of it; empty while it works."""


def name_of(workspace: Path, dataset: str, config: RunConfig) -> str:
    """Name of the judgements of a dataset with these settings.

    Raises:
        core.errors.DataError: If there is no such dataset.
    """
    fingerprint = datasets.load(workspace, dataset).manifest.fingerprint
    return judging.name_of(dataset, fingerprint, config)


def start_preview(workspace: Path, dataset: str, config: RunConfig) -> None:
    """Estimate what judging would take; nothing is sent.

    Raises:
        core.errors.DataError: If there is no such dataset, or nothing can be written.
    """
    name = name_of(workspace, dataset, config)
    arguments = _arguments(workspace, "--preview", dataset, config, name)
    jobs.start(workspace, arguments, f"judge-preview-{name}")


def preview(workspace: Path, dataset: str, config: RunConfig) -> Work | None:
    """The estimate for exactly these settings; None if there was none."""
    name = name_of(workspace, dataset, config)
    return background.work_of(workspace, f"judge-preview-{name}")


def start(workspace: Path, dataset: str, config: RunConfig) -> str:
    """Ask the judge, or go on asking; answers that were paid for are not asked for again.

    Returns:
        The name of the judgements.

    Raises:
        core.errors.DataError: If there is no such dataset, or nothing can be written.
    """
    name = name_of(workspace, dataset, config)
    arguments = _arguments(workspace, "--run", dataset, config, name)
    _stop_mark(workspace, name).unlink(missing_ok=True)
    jobs.start(workspace, arguments, f"judging-{name}")
    return name


def stop(workspace: Path, name: str) -> None:
    """End a judging in order; what was paid for is kept, and starting again goes on."""
    if launches.stop(workspace, f"judging-{name}"):
        _stop_mark(workspace, name).touch()


def going_on(workspace: Path) -> list[str]:
    """Names of the judgings that work now."""
    paths = (workspace / "logs").glob("judging-*.json")
    names = [path.stem.removeprefix("judging-") for path in paths]
    found = {name: jobs.launched(workspace, f"judging-{name}") for name in names}
    return sorted(name for name, launched in found.items() if launched and launched.running)


def progress(workspace: Path, name: str) -> Judging | None:
    """How a judging is doing; None if it was never started from here."""
    launched = jobs.launched(workspace, f"judging-{name}")
    if launched is None:
        return None
    lines = job_log.end(launched.log, background.MOST_BYTES).splitlines()
    objects = [found for line in lines if (found := _object(line))]
    told = [one[PROGRESS] for one in objects if isinstance(one.get(PROGRESS), dict)]
    answer: dict[str, Any] = next((one for one in reversed(objects) if PROGRESS not in one), {})
    people = tuple(line for line in lines if line.strip() and not line.startswith("{"))[-LINES:]
    seconds = (datetime.now(UTC) - launched.started).total_seconds()
    return _judging(answer, told, people, seconds, launched.running, _stop_mark(workspace, name))


def _judging(
    answer: Mapping[str, Any],
    told: list[dict[str, Any]],
    people: tuple[str, ...],
    seconds: float,
    running: bool,
    mark: Path,
) -> Judging:
    last = told[-1] if told else {}
    error = str(answer.get("error", ""))
    state: State = "running"
    if error:
        state = "stopped" if error == STOPPED else "failed"
    elif answer:
        state = "done"
    elif running:
        state = "stopping" if mark.exists() else "running"
    else:
        state = "stopped" if mark.exists() else "failed"
        error = "" if mark.exists() else "\n".join(["It ended without a word.", *people])
    return Judging(
        state=state,
        seconds=seconds,
        stage=str(last.get("stage", "")),
        fraction=float(last.get("fraction", 0.0)),
        values=_values(told),
        said=people,
        error=error,
        answer={} if "error" in answer else answer,
    )


def _values(told: list[dict[str, Any]]) -> dict[str, float]:
    """What the judge reported last; pairs asked once more are no fewer pairs judged."""
    reports = [one["values"] for one in told if one.get("stage") == "judge" and one.get("values")]
    if not reports:
        return {}
    return {**reports[-1], "n_judged": max(one.get("n_judged", 0.0) for one in reports)}


def _arguments(
    workspace: Path, what: str, dataset: str, config: RunConfig, name: str
) -> tuple[str, ...]:
    """Of the interpreter; the settings are written to a file."""
    path = workspace / "logs" / f"judge-{name}.settings.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file.replacing(path) as aside:
            aside.write_text(config.model_dump_json(), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.") from error
    return (*background.COMMAND, "judge", what, dataset, "--config", str(path), "--json")


def _stop_mark(workspace: Path, name: str) -> Path:
    """Says that a person asked it to stop."""
    return workspace / "logs" / f"judging-{name}.stop"


def _object(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
