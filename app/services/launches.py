"""Processes that the app started: each has a record of its number and a log, by name.

They run in sessions of their own, so they go on when the app is closed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.services import environment, process, whole_file
from app.services.records import Launch

RESUMED: Final = "resumed at"
"""How the line of a log begins after which a further process prints."""


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
    keep_log: bool = False,
) -> int:
    """Start a process of its own session.

    Args:
        workspace: Folder of everything.
        arguments: Of the interpreter.
        name: Of the record and the log.
        more: Environment variables beside the usual ones.
        descriptors: Open files that are handed on.
        keep_log: Go on with the log of an earlier process of this name, after a line that says so.

    Returns:
        Its number.
    """
    launch, log = files(workspace, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = environment.with_defaults(os.environ) | dict(more or {})
    variables[environment.WORKSPACE_VARIABLE] = str(workspace)
    started = datetime.now(UTC)
    with log.open("ab" if keep_log else "wb") as output:
        if output.tell():
            # With a line end before it: a process that was killed left its last line unfinished.
            output.write(f"\n{RESUMED} {started:%Y-%m-%d %H:%M:%S} UTC\n".encode())
            output.flush()
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


def stop(workspace: Path, name: str) -> bool:
    """Ask a process that the app started to end in order (SIGTERM); say whether it ran."""
    launch = read(files(workspace, name)[0])
    if launch is None or not process.is_alive(launch.pid, launch.started):
        return False
    try:
        os.kill(launch.pid, signal.SIGTERM)
    except ProcessLookupError:  # it has just ended by itself
        return False
    return True


def read(path: Path) -> Launch | None:
    """The record of a started process; None if there is none."""
    try:
        return Launch.model_validate(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None
