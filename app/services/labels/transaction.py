"""Writing to the workspace database: all or nothing, one action after the other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

import duckdb

from app.services import failures
from core.errors import DataError

ATTEMPTS: Final = 20
_WRITING: Final = threading.RLock()
"""Actions that read what was there before they write. One process at a time has the database, so
a lock of the process puts them in a row; sessions are its threads."""

T = TypeVar("T")


def write(cursor: duckdb.DuckDBPyConnection, action: Callable[[], T]) -> T:
    """Do ``action`` in one transaction; once more where another one came in between.

    Raises:
        core.errors.DataError: If it cannot be written; then nothing of the action was.
    """
    for attempt in range(ATTEMPTS):
        try:
            with _WRITING:
                return _once(cursor, action)
        except duckdb.Error as error:
            if not _in_between(error) or attempt == ATTEMPTS - 1:
                raise not_written(error) from error
        time.sleep(0.002 * 2 ** min(attempt, 6))
    raise AssertionError("unreachable")


def _once(cursor: duckdb.DuckDBPyConnection, action: Callable[[], T]) -> T:
    cursor.execute("BEGIN TRANSACTION")
    try:
        result = action()
        cursor.execute("COMMIT")
        return result
    except BaseException:
        try:
            cursor.execute("ROLLBACK")
        except duckdb.Error:
            pass  # a failed COMMIT has ended the transaction already
        raise


def _in_between(error: duckdb.Error) -> bool:
    said = str(error).lower()
    return isinstance(error, duckdb.TransactionException | duckdb.ConstraintException) and (
        "conflict" in said or "duplicate key" in said
    )


def not_written(error: duckdb.Error) -> DataError:
    """Say what a person can do about a failed write."""
    said = failures.first_line(error)
    if any(os.strerror(number).lower() in said.lower() for number in failures.FULL):
        advice = "The disk is full (or a limit is reached): make room, then do it once more."
    elif isinstance(error, duckdb.FatalException):
        advice = "The database has closed itself: reload the page, then do it once more."
    else:
        advice = "See that the folder of the workspace can be written to, then do it once more."
    return DataError(
        f"This was not saved, and nothing of it was: {advice} Earlier labels are safe. ({said})"
    )
