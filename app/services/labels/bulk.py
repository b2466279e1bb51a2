"""Many labels at once: one question to the database, one batch, one undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb
import pandas as pd

from app.services.labels import transaction
from app.services.labels.decisions import Context, Recorded, text

KNOWN: Final = "CASE WHEN isfinite(p_noisy) THEN p_noisy END"
"""p_noisy of a data frame, where not known is NaN."""
_OPTIONAL: Final[Mapping[str, str | float]] = {
    "p_noisy": float("nan"),
    "verdict": "",
    "note": "",
    "origin": "",
}


def write(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    frame: pd.DataFrame,
    batch: str,
    only_changes: bool = False,
) -> Recorded:
    """Write a table of labels as one batch; a known batch is left out.

    Args:
        cursor: Of the workspace database.
        context: ``who`` does it, which is not always whose label it is.
        frame: Columns ``who, user_id, item_id, observed, new`` (null clears) and, if known,
            ``p_noisy, verdict, note``, ``origin`` (how the label came to be, if not by this
            action); of repeated pairs of a person one counts. Written in the order of the rows.
        batch: Its name.
        only_changes: Leave out labels that are there already, with the same note.

    Raises:
        ValueError: If a column is missing, or the batch has no name.
        core.errors.DataError: If it cannot be written; then nothing was.
    """
    missing = {"who", "user_id", "item_id", "observed", "new"}.difference(frame.columns)
    if missing or not batch:
        raise ValueError(f"A table of labels needs a batch, and {sorted(missing)}.")
    rows = frame[["who", "user_id", "item_id", "observed", "new"]].copy()
    for name, value in _OPTIONAL.items():
        rows[name] = frame[name] if name in frame else value
    if frame["new"].isna().all():
        rows["new"] = ""  # a column of nothing has no type
    if "note" in frame:
        rows["note"] = rows["note"].fillna("").map(text)
    rows["place"] = range(len(rows))
    return transaction.write(cursor, lambda: _write(cursor, context, rows, batch, only_changes))


def _write(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    rows: pd.DataFrame,
    batch: str,
    only_changes: bool,
) -> Recorded:
    known = cursor.execute(
        "SELECT count(*) FROM label_event WHERE batch = $batch", {"batch": batch}
    ).fetchall()
    if known[0][0]:
        return Recorded(0, len(rows))
    # Numbers for all rows, used or not: one action at a time writes, so they are in a row.
    numbers = cursor.execute(
        "SELECT max(nextval('label_seq')) FROM range($n)", {"n": len(rows)}
    ).fetchall()
    values = {"actor": text(context.who.strip()), "dataset": context.dataset, "batch": batch}
    values |= {"source": context.source, "run_id": context.run_id}
    after = (numbers[0][0] or 0) - len(rows)
    cursor.register("label_rows", rows)
    try:
        written = cursor.execute(
            _INSERT, values | {"only_changes": only_changes, "after": after}
        ).fetchall()
    finally:
        cursor.unregister("label_rows")
    return Recorded(int(written[0][0]), len(rows) - int(written[0][0]))


_INSERT: Final = f"""
    INSERT INTO label_event (seq, "at", who, actor, dataset, user_id, item_id, observed, old, new,
                             note, source, origin, batch, run_id, p_noisy, verdict)
    WITH wanted AS (
        SELECT who, user_id, item_id, observed, nullif(new, '') AS new, note, {KNOWN} AS p_noisy,
               coalesce(verdict, '') AS verdict,
               coalesce(nullif(origin, ''), $source) AS origin, place
        FROM label_rows
    ),
    once AS (
        SELECT who, user_id, item_id, any_value(observed) AS observed, any_value(new) AS new,
               any_value(note) AS note, any_value(p_noisy) AS p_noisy,
               any_value(verdict) AS verdict, any_value(origin) AS origin, min(place) AS place
        FROM wanted GROUP BY who, user_id, item_id
    ),
    there AS (
        SELECT who, user_id, item_id, arg_max(coalesce(new, ''), seq) AS label,
               arg_max(note, seq) AS note
        FROM label_event WHERE dataset = $dataset AND who IN (SELECT who FROM once)
        GROUP BY who, user_id, item_id
    )
    SELECT $after + row_number() OVER (ORDER BY once.place), now(), once.who, $actor, $dataset,
           once.user_id, once.item_id, once.observed, nullif(there.label, ''), once.new, once.note,
           $source, once.origin, $batch, $run_id, once.p_noisy, once.verdict
    FROM once LEFT JOIN there USING (who, user_id, item_id)
    WHERE NOT ($only_changes AND coalesce(there.label, '') = coalesce(once.new, '')
               AND coalesce(there.note, '') = once.note)
"""
