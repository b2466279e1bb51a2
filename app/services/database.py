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

from app.services import failures, views
from app.services.labels import schema
from core.errors import DataError

NAME: Final = "workspace.duckdb"


def connect(workspace: Path) -> duckdb.DuckDBPyConnection:
    """Open the database of a workspace; it is made if there is none.

    Raises:
        DataError: If another process has it open (named by its number), it is damaged (and left
            as it is), or the folder cannot be written to.
    """
    path = workspace / NAME
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path))
    except (duckdb.Error, OSError) as error:
        raise DataError(_reason(path, error)) from error


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are missing; a database of an earlier version keeps what it has.

    Raises:
        DataError: If a table cannot be made, or is of another version.
    """
    try:
        views.prepare(connection)
        schema.prepare(connection)
    except duckdb.Error as error:
        raise DataError(
            f"The database of the workspace cannot be written to: {failures.first_line(error)}. "
            "Make room on the disk, make its folder writable, and reload the page."
        ) from error


def works(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether it still answers: after some failures of the disk it has to be opened anew."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1").fetchall()
    except duckdb.Error:
        return False
    return True


FAILURES: Final = (duckdb.OperationalError, duckdb.FatalException, duckdb.InternalException)
"""What a disk, or too little memory, does to a question; other errors are mistakes of ours."""


def failed(error: Exception) -> DataError:
    """Say what a person can do when the database fails in the middle of a question."""
    return DataError(
        f"The database of the workspace failed: {failures.first_line(error)}. See that its disk "
        "has room and can be read, then reload the page. What was saved before is safe."
    )


def _reason(path: Path, error: Exception) -> str:
    holder = re.search(r"PID (\d+)", str(error))
    if holder:
        return (
            f"{path} is in use by process {holder[1]}{_command(int(holder[1]))}. "
            "One workbench at a time can use a workspace: stop that process, or use its window."
        )
    denied = isinstance(error, PermissionError) or "Permission denied" in str(error)
    if denied or "Read-only file system" in str(error):
        return f"{path} cannot be opened for writing. Make it and its folder writable."
    return (
        f"{path} cannot be opened: {failures.first_line(error)}. Nothing was changed. Move it away "
        "to start with an empty one, or put a copy of it in its place."
    )


def _command(pid: int) -> str:
    """Command of a process, in brackets; empty where the system does not tell."""
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    named = " ".join(os.path.basename(word.decode(errors="replace")) for word in words[:4] if word)
    return f" ({named})" if named else ""
