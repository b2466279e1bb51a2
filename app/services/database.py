"""``<workspace>/workspace.duckdb``: what people decide and keep.

One process may have the file open, and that is the app: jobs and commands never open it. Within
the process there is one connection, with a cursor per use, because sessions run in threads.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import duckdb

from core.errors import DataError

NAME: Final = "workspace.duckdb"


def connect(workspace: Path) -> duckdb.DuckDBPyConnection:
    """Open the database of a workspace; it is made if there is none.

    Raises:
        DataError: If another process has it open (named by its number), or it is damaged.
    """
    path = workspace / NAME
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path))
    except (duckdb.Error, OSError) as error:
        raise DataError(_reason(path, error)) from error


def _reason(path: Path, error: Exception) -> str:
    holder = re.search(r"PID (\d+)", str(error))
    if holder:
        return (
            f"{path} is in use by process {holder[1]}{_command(int(holder[1]))}. "
            "One workbench at a time can use a workspace: stop that process, or use its window."
        )
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return f"{path} cannot be opened: {first}. Move it away to start with an empty one."


def _command(pid: int) -> str:
    """Command of a process, in brackets; empty where the system does not tell."""
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    named = " ".join(os.path.basename(word.decode(errors="replace")) for word in words[:4] if word)
    return f" ({named})" if named else ""
