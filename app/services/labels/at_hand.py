"""Labels as a small file beside a run, so that questions to its tables can join them.

The database belongs to the app, and questions to runs are asked over Parquet files. A file is named
by the last event in it, so an answer that was kept for its name never becomes wrong.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

import duckdb

from app.services import whole_file
from app.services.labels import current
from core.errors import DataError

KEPT_S: Final = 3600
"""Seconds for which a file stays after it was last asked for: open windows still read it."""
MAX_BYTES: Final = 2**30
"""Of the files of a dataset; above it the oldest make way before their time."""


def table(cursor: duckdb.DuckDBPyConnection, dataset: str, workspace: Path) -> Path | None:
    """File of the labels that all people together give, written unless it is there.

    Returns:
        Parquet file with the columns of :func:`app.services.labels.current.effective`, one row per
        pair; None as long as nobody has labelled anything of the dataset.

    Raises:
        core.errors.DataError: If the database fails, or the dataset has no name of a folder.
        OSError: If the file cannot be written.
    """
    # The name comes from the manifest of a run, which may be of anybody.
    if dataset in ("", ".", "..") or Path(dataset).name != dataset or {"\\", "\0"} & {*dataset}:
        raise DataError(f"{dataset!r} is no name of a dataset. Prepare and run it under another.")
    found = cursor.execute(
        'SELECT max(seq), arg_max(epoch_us("at"), seq) FROM label_event WHERE dataset = $dataset',
        {"dataset": dataset},
    ).fetchall()
    last, moment = found[0]
    if last is None:
        return None
    folder = workspace / "cache" / "labels" / dataset
    path = folder / f"{last}-{moment}.parquet"  # the moment: another database has other events
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file.replacing(path) as aside:
            _write(cursor, dataset, aside)
        _forget_old(folder, path)
    else:
        with contextlib.suppress(OSError):  # another session may tidy up, or the disk be read-only
            os.utime(path)
    return path


def _write(cursor: duckdb.DuckDBPyConnection, dataset: str, path: Path) -> None:
    """By the database itself, in no order: half a million labels in a fifth of a second."""
    quoted = str(path).replace("'", "''")
    sql = f"COPY (WITH {current.EFFECTIVE} {current.TOLD}) TO '{quoted}' (FORMAT parquet)"
    try:
        cursor.execute(sql, {"dataset": dataset}).fetchall()
    except duckdb.IOException as error:
        raise OSError(f"{path.parent} cannot be written to: {error}") from error


def _forget_old(folder: Path, newest: Path) -> None:
    """Delete what nobody has asked for in the last hour; other sessions may do so just now."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.glob("*.parquet"):
        with contextlib.suppress(OSError):
            stat = path.stat()
            found.append((stat.st_mtime, stat.st_size, path))
    n_bytes = 0
    for asked, size, path in sorted(found, reverse=True):
        n_bytes += size
        if path != newest and (time.time() - asked > KEPT_S or n_bytes > MAX_BYTES):
            with contextlib.suppress(OSError):
                path.unlink()
