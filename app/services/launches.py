"""Processes that the app started: each has a record of its number and a log, by name.

They run in sessions of their own, so they go on when the app is closed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.services import environment, process, whole_file
from app.services.records import Launch


@dataclass(frozen=True)
class Launched:
    """Work that the app started, whatever it is."""

    started: datetime
    running: bool
    log: Path
    """What the process printed."""


def start(
    workspace: Path,
    arguments: Sequence[str],
    name: str,
    more: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
) -> int:
    """Start a process of its own session; return its number."""
    launch, log = files(workspace, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = environment.with_defaults(os.environ) | dict(more or {})
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
            pass_fds=descriptors,
        )
    process.adopt(child)
    with whole_file.replacing(launch) as aside:
        aside.write_text(Launch(pid=child.pid, started=started).model_dump_json())
    return child.pid


def files(workspace: Path, name: str) -> tuple[Path, Path]:
    """The record of the started process, and its log."""
    return workspace / "logs" / f"{name}.json", workspace / "logs" / f"{name}.log"


def read(path: Path) -> Launch | None:
    """The record of a started process; None if there is none."""
    try:
        return Launch.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def tail(log: Path, n_lines: int = 20) -> str:
    """Last lines of a log; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-n_lines:])
