"""Labels as CSV and Parquet files, out and in again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from app.services import spreadsheet, whole_file
from app.services.labels import bulk, current
from app.services.labels.current import AT, LATEST
from app.services.labels.decisions import Context, Recorded, check_context, new_batch
from app.services.labels.label_file import COLUMNS, NEEDED, Checked, Problem, read, without
from core.errors import DataError

__all__ = [
    "COLUMNS",
    "NEEDED",
    "Checked",
    "Problem",
    "against",
    "export",
    "import_",
    "n_replaced",
    "of_nobody",
    "read",
]

_BY_HAND: Final = "origin NOT IN ('bulk', 'table', 'import', 'resolve')"
_MARKED: Final = r"^''*[=+@\t\r-]"
"""Text that a reader would take for one that was marked against spreadsheets."""


def export(cursor: duckdb.DuckDBPyConnection, dataset: str, path: Path) -> int:
    """Write the current labels of all people, unsure ones included; :data:`COLUMNS`.

    ``origin`` is how the label came to be, ``random`` wherever its person met the pair in that
    order and decided by hand. Rows are in the order of the decisions, because a disagreement is
    settled by who speaks last.

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
        f"WITH {LATEST} SELECT who, user_id, item_id, observed, label, note, {AT}, "
        f"CASE WHEN sampled AND {_BY_HAND} THEN 'random' ELSE origin END AS origin "
        "FROM latest WHERE label <> '' ORDER BY seq"
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


def against(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    checked: Checked,
    may_sign: Callable[[str], bool] | None = None,
) -> Checked:
    """Leave out what may not be written over the labels that are there; nothing is written.

    Args:
        cursor: Of the workspace database.
        context: Who imports, about which dataset.
        checked: From :func:`read`.
        may_sign: Whether a label under a name may be written; None = under any name.
    """
    if checked.frame.empty:
        return checked
    if may_sign is not None:
        names = {name: may_sign(name) for name in _signed(checked, context)["who"].unique()}
        foreign = ~_signed(checked, context)["who"].map(names).astype(bool)
        checked = without(checked, foreign, "Label of another person: only your own are imported")
    older = _older(cursor, context, _signed(checked, context))
    title = "Older than what the person decided since: their later decision stands"
    return without(checked, older, title)


def of_nobody(cursor: duckdb.DuckDBPyConnection, context: Context, checked: Checked) -> Checked:
    """Leave out pairs that anybody has labelled here, unsure or not; nothing is written."""
    if checked.frame.empty:
        return checked
    said = current.about(cursor, context.dataset, checked.frame[["user_id", "item_id"]])
    known = pd.MultiIndex.from_frame(said[["user_id", "item_id"]])
    here = pd.MultiIndex.from_frame(checked.frame[["user_id", "item_id"]]).isin(known)
    which = pd.Series(here, index=checked.frame.index)
    return without(checked, which, "Somebody has labelled the pair here: that label stands")


def n_replaced(cursor: duckdb.DuckDBPyConnection, context: Context, checked: Checked) -> int:
    """How many rows replace another label of the same person."""
    rows = _signed(checked, context)
    found = current.about(cursor, context.dataset, rows[["user_id", "item_id"]])
    both = rows.merge(found, on=["who", "user_id", "item_id"], suffixes=("", "_there"))
    return int((both["label"] != both["label_there"]).sum())


def import_(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    checked: Checked,
    may_sign: Callable[[str], bool] | None = None,
) -> Recorded:
    """Write the checked labels as one batch of the person who imports, who can undo it.

    Labels keep the person named in the file, and how they came to be, if the file says so: without
    that they overrule, but neither teach nor measure. Labels that are there already are left out,
    so that an import over what it came from changes nothing; so is what :func:`against` leaves out.

    Raises:
        ValueError: If the context names nobody or no dataset.
        core.errors.DataError: If it cannot be written; then nothing was.
    """
    context = replace(context, source="import")
    check_context(context)
    n_asked = len(checked.frame)
    checked = against(cursor, context, checked, may_sign)
    if checked.frame.empty:
        return Recorded(0, n_asked)
    # A disagreement is settled by who spoke last.
    rows = _signed(checked, context).sort_values(["at", "line"], na_position="first")
    done = bulk.write(
        cursor, context, rows.assign(new=rows["label"]), new_batch(), only_changes=True
    )
    return Recorded(done.n_written, n_asked - done.n_written)


def _signed(checked: Checked, context: Context) -> pd.DataFrame:
    """Rows with the name of the person, of who imports where the file names none."""
    named = checked.frame["who"]
    return checked.frame.assign(who=named.where(named != "", context.who.strip()))


def _older(
    cursor: duckdb.DuckDBPyConnection, context: Context, rows: pd.DataFrame
) -> pd.Series[Any]:
    """Which rows are older than the last decision of their person about their pair.

    Rows without a time are not. Imports that were undone are as if they had never been.
    """
    us = rows["at"].dt.as_unit("us").astype("int64").where(rows["at"].notna())
    given = rows[["who", "user_id", "item_id"]].assign(place=range(len(rows)), us=us)
    cursor.register("label_rows", given)
    try:
        found = cursor.execute(_OLDER, {"dataset": context.dataset}).fetchnumpy()["place"]
    finally:
        cursor.unregister("label_rows")
    return pd.Series(np.isin(given["place"], found), index=rows.index)


_OLDER: Final = """
    WITH back AS (
        SELECT undo_of AS batch FROM label_event WHERE dataset = $dataset AND undo_of IS NOT NULL
        GROUP BY undo_of HAVING arg_max(source, seq) = 'undo'
    ),
    never AS (
        SELECT DISTINCT batch FROM label_event SEMI JOIN back USING (batch)
        WHERE dataset = $dataset AND source = 'import'
    )
    SELECT place
    FROM label_rows JOIN label_event AS e USING (who, user_id, item_id)
    WHERE e.dataset = $dataset AND e.batch NOT IN (SELECT batch FROM never)
      AND coalesce(e.undo_of, '') NOT IN (SELECT batch FROM never)
    GROUP BY place, us HAVING us < max(epoch_us(e."at"))
"""
