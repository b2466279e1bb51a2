"""Labels as CSV and Parquet files, out and in again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb

from app.services import spreadsheet, whole_file
from app.services.labels import bulk
from app.services.labels.current import AT, LATEST
from app.services.labels.decisions import Context, Recorded, check_context, new_batch
from app.services.labels.label_file import COLUMNS, NEEDED, Checked, Problem, read
from core.errors import DataError

__all__ = ["COLUMNS", "NEEDED", "Checked", "Problem", "export", "import_", "read"]

_MARKED: Final = r"^''*[=+@\t\r-]"
"""Text that a reader would take for one that was marked against spreadsheets."""


def export(cursor: duckdb.DuckDBPyConnection, dataset: str, path: Path) -> int:
    """Write the current labels of all people, unsure ones included; :data:`COLUMNS`.

    Args:
        cursor: Of the workspace database.
        dataset: Name of the dataset.
        path: Ends in ``.parquet``, or is written as CSV (harmless to spreadsheets).

    Returns:
        Number of labels.

    Raises:
        core.errors.DataError: If the file cannot be written.
    """
    values = {"dataset": dataset}
    texts = ("who", "user_id", "item_id", "note")
    # Text that looks marked already gets one mark more, so that reading takes off what is ours.
    marked = ", ".join(
        f"CASE WHEN regexp_matches({name}, '{_MARKED}') AND {name}[1] = chr(39) "
        f"THEN chr(39) || {name} ELSE {name} END AS {name}"
        for name in texts
    )
    sql = (
        f"WITH {LATEST} SELECT who, user_id, item_id, observed, label, note, {AT} FROM latest "
        "WHERE label <> '' ORDER BY user_id, item_id, who"
    )
    if path.suffix != ".parquet":
        sql = f"SELECT * REPLACE ({marked}) FROM ({sql})"
    try:
        with whole_file.replacing(path) as aside:
            # Named by its suffix, which the name aside has not.
            target = aside.with_name(f"{aside.name}{path.suffix}")
            try:
                spreadsheet.copy(cursor, sql, target, values)
                target.replace(aside)
            finally:
                target.unlink(missing_ok=True)
    except (OSError, duckdb.IOException) as error:
        raise DataError(f"{path} cannot be written: {error}. Choose another place.") from error
    found = cursor.execute(
        f"WITH {LATEST} SELECT count(*) FROM latest WHERE label <> ''", values
    ).fetchall()
    return int(found[0][0])


def import_(cursor: duckdb.DuckDBPyConnection, context: Context, checked: Checked) -> Recorded:
    """Write the checked labels as one batch of the person who imports, who can undo it.

    Labels keep the person named in the file. Labels that are there already are left out, so that
    an import over what it came from changes nothing.

    Raises:
        ValueError: If the context names nobody or no dataset.
        core.errors.DataError: If it cannot be written; then nothing was.
    """
    context = replace(context, source="import")
    check_context(context)
    if checked.frame.empty:
        return Recorded(0, 0)
    named = checked.frame["who"]
    rows = checked.frame.assign(
        who=named.where(named != "", context.who.strip()), new=checked.frame["label"]
    )
    return bulk.write(cursor, context, rows, new_batch(), only_changes=True)
