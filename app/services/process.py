"""Whether a process, known by its number and a time at which it ran, still runs."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Processes started here. One that ended keeps its number until its parent asks about it."""

CLOCK_SLACK_S = 10.0
"""The system's start time has whole seconds, and clocks are adjusted."""


def adopt(child: subprocess.Popen[bytes]) -> None:
    """Remember a process started here."""
    _children[child.pid] = child


def is_alive(pid: int, seen: datetime) -> bool:
    """Whether the process that had the number ``pid`` at the time ``seen`` still runs.

    A process that ended and was not collected (a zombie) does not run, and a process that began
    after ``seen`` is another one that was given the same number.
    """
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return False
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists and belongs to somebody else
    fields = _system_record(pid)
    if not fields:
        return True  # a system without /proc: the number has to do
    state, started = fields[0], _boot_time() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return state != "Z" and started <= seen.timestamp() + CLOCK_SLACK_S


def _system_record(pid: int) -> list[str]:
    """Fields of ``/proc/<pid>/stat`` from the state on (see proc(5)); empty if there is none."""
    try:
        # The name of the program comes before, in brackets, and may itself hold brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _boot_time() -> float:
    """When the system started, in seconds of the Unix epoch."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)
