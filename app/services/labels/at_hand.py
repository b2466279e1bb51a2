"""Labels as a small file beside a run, so that questions to its tables can join them.

The database belongs to the app, and questions to runs are asked over Parquet files. A file is named
by the last event in it, so an answer that was kept for its name never becomes wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from app.services import whole_file
from app.services.labels import current

N_KEPT: Final = 5
"""Files per dataset; windows that were opened a moment ago may still read older ones."""


def table(cursor: duckdb.DuckDBPyConnection, dataset: str, workspace: Path) -> Path | None:
    """File of the labels that all people together give, written unless it is there.

    Returns:
        Parquet file with the columns of :func:`app.services.labels.current.effective`, one row per
        pair; None as long as nobody has labelled anything of the dataset.

    Raises:
        core.errors.DataError: If the database fails.
        OSError: If the file cannot be written.
    """
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
            current.effective(cursor, dataset).to_parquet(aside, index=False)
        _forget_old(folder, path)
    return path


def _forget_old(folder: Path, newest: Path) -> None:
    files = [path for path in folder.glob("*.parquet") if path != newest]
    for path in sorted(files, key=lambda path: path.stat().st_mtime)[: -(N_KEPT - 1)]:
        path.unlink(missing_ok=True)
