"""Undo and redo: whole batches of one person in one dataset, last first, across restarts.

Nothing is taken out of the log. An undo is a batch of events of its own that names the batch it
sets back; a redo names the batch it brings back. So the stack is what the log says:

* made, and not set back since: can be undone, the last one first;
* set back, and nothing made since: can be redone, the last undo first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import duckdb

from app.services.labels import transaction
from app.services.labels.decisions import new_batch


@dataclass(frozen=True)
class Step:
    """A batch that can be undone or redone."""

    batch: str
    label: str | None
    """Its label; None = cleared, or several."""
    n: int
    """Pairs in it."""
    at: datetime
    """When it was made, UTC."""
    source: str
    user_id: str
    item_id: str
    """One of its pairs, to show where it was."""


@dataclass(frozen=True)
class Undone:
    """What undo or redo did."""

    step: Step
    n: int
    """Labels that were set back, or forth again."""
    n_left: int
    """Labels left alone, because their person decided about them since (imports only)."""
    pairs: tuple[tuple[str, str], ...]
    """``(user_id, item_id)`` of the first 50 of them, to go back to."""


_STACK: Final = """
    WITH mine AS (
        SELECT batch, undo_of, source, seq FROM label_event
        WHERE actor = $who AND dataset = $dataset
    ),
    made AS (SELECT batch, max(seq) AS seq FROM mine WHERE undo_of IS NULL GROUP BY batch),
    back AS (
        SELECT undo_of AS batch, max(seq) AS seq FROM mine WHERE undo_of IS NOT NULL
        GROUP BY undo_of HAVING arg_max(source, seq) = 'undo'
    )
"""
_NEXT_UNDO: Final = f"""{_STACK}
    SELECT batch FROM made WHERE NOT EXISTS (
        SELECT 1 FROM back WHERE back.batch = made.batch AND back.seq > made.seq
    ) ORDER BY seq DESC LIMIT 1
"""
_NEXT_REDO: Final = f"""{_STACK}
    SELECT batch FROM back WHERE seq > (SELECT max(seq) FROM made) ORDER BY seq DESC LIMIT 1
"""


def undo(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str) -> Undone | None:
    """Set the last batch of a person back, with its notes; None if there is nothing to undo.

    Raises:
        core.errors.DataError: If it cannot be written; then nothing was.
    """
    return transaction.write(cursor, lambda: _turn(cursor, who.strip(), dataset, "undo"))


def redo(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str) -> Undone | None:
    """Take the last undo of a person back; None if there is none, or they decided since.

    Raises:
        core.errors.DataError: If it cannot be written; then nothing was.
    """
    return transaction.write(cursor, lambda: _turn(cursor, who.strip(), dataset, "redo"))


def can_undo(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str) -> Step | None:
    """What :func:`undo` would set back."""
    return _step(cursor, who.strip(), dataset, _NEXT_UNDO)


def can_redo(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str) -> Step | None:
    """What :func:`redo` would bring back."""
    return _step(cursor, who.strip(), dataset, _NEXT_REDO)


def _step(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str, sql: str) -> Step | None:
    mine = {"who": who, "dataset": dataset}
    for (batch,) in cursor.execute(sql, mine).fetchall():
        (found,) = cursor.execute(
            """
            SELECT CASE WHEN count(DISTINCT new) = 1 AND count(new) = count(*)
                        THEN any_value(new) END,
                   count(DISTINCT (who, user_id, item_id)), max(epoch("at")),
                   arg_max(source, seq), arg_max(user_id, seq), arg_max(item_id, seq)
            FROM label_event WHERE actor = $who AND dataset = $dataset AND batch = $batch
            """,
            mine | {"batch": batch},
        ).fetchall()
        label, n, at, source, user_id, item_id = found
        return Step(batch, label, n, datetime.fromtimestamp(at, UTC), source, user_id, item_id)
    return None


def _turn(cursor: duckdb.DuckDBPyConnection, who: str, dataset: str, way: str) -> Undone | None:
    step = _step(cursor, who, dataset, _NEXT_UNDO if way == "undo" else _NEXT_REDO)
    if step is None:
        return None
    batch = new_batch()
    values = {"who": who, "dataset": dataset, "of": step.batch}
    found = cursor.execute(_INSERT, values | {"batch": batch, "way": way}).fetchall()
    if found[0][0] == 0:  # all were left alone: without an event the stack would never move on
        cursor.execute(_MARK, values | {"batch": batch, "way": way})
    pairs = cursor.execute(
        "SELECT user_id, item_id FROM label_event WHERE batch = $batch ORDER BY seq LIMIT 50",
        {"batch": batch},
    ).fetchall()
    n = int(found[0][0])
    return Undone(step, n, step.n - n, tuple((str(user), str(item)) for user, item in pairs))


_STATES: Final = """
    WITH step AS (
        SELECT who, user_id, item_id, min(seq) AS low, arg_max(observed, seq) AS observed,
               arg_max(coalesce(new, ''), seq) AS after, arg_max(note, seq) AS after_note,
               arg_max(origin, seq) AS after_origin, max(run_id) AS run_id,
               arg_max(p_noisy, seq) AS p_noisy, arg_max(verdict, seq) AS verdict
        FROM label_event WHERE actor = $who AND dataset = $dataset AND batch = $of
        GROUP BY who, user_id, item_id
    ),
    state AS (
        SELECT who, user_id, item_id, any_value(step.observed) AS observed,
               any_value(after) AS after, any_value(after_note) AS after_note,
               any_value(after_origin) AS after_origin, any_value(step.run_id) AS run_id,
               any_value(step.p_noisy) AS p_noisy, any_value(step.verdict) AS verdict,
               arg_max(coalesce(e.new, ''), e.seq) AS label, arg_max(e.note, e.seq) AS note,
               arg_max(e.origin, e.seq) AS origin,
               arg_max(coalesce(e.new, ''), e.seq) FILTER (e.seq < low) AS before,
               arg_max(e.note, e.seq) FILTER (e.seq < low) AS before_note,
               arg_max(e.origin, e.seq) FILTER (e.seq < low) AS before_origin,
               bool_or(e.actor <> $who AND e.seq > low AND (
                   e.source NOT IN ('undo', 'redo') OR e.new IS DISTINCT FROM e.old
               )) AS touched
        FROM label_event AS e JOIN step USING (who, user_id, item_id)
        WHERE e.dataset = $dataset
        GROUP BY who, user_id, item_id
    )
"""
_COLUMNS: Final = (
    '"at", who, actor, dataset, user_id, item_id, observed, old, new, note, source, origin, batch, '
    "undo_of, run_id, p_noisy, verdict"
)
_INSERT: Final = f"""
    INSERT INTO label_event ({_COLUMNS}) {_STATES}
    SELECT now(), who, $who, $dataset, user_id, item_id, observed, nullif(label, ''),
           nullif(CASE $way WHEN 'undo' THEN coalesce(before, '') ELSE after END, ''),
           CASE $way WHEN 'undo' THEN coalesce(before_note, '') ELSE after_note END, $way,
           CASE $way WHEN 'undo' THEN coalesce(before_origin, 'undo') ELSE after_origin END,
           $batch, $of, run_id, p_noisy, verdict
    FROM state WHERE NOT touched
"""
_MARK: Final = f"""
    INSERT INTO label_event ({_COLUMNS}) {_STATES}
    SELECT now(), who, $who, $dataset, user_id, item_id, observed, nullif(label, ''),
           nullif(label, ''), note, $way, origin, $batch, $of, run_id, p_noisy, verdict
    FROM state LIMIT 1
"""
