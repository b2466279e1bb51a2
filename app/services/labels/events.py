"""Recording what people decide: one transaction per action, nothing is ever changed or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pandas as pd

from app.services.labels import bulk, transaction
from app.services.labels.decisions import (
    UNKNOWN,
    Conflict,
    Context,
    Decision,
    Recorded,
    check_context,
    check_label,
    new_batch,
    probability,
    text,
)
from app.services.labels.stack import Step, Undone, can_redo, can_undo, redo, undo

__all__ = [
    "UNKNOWN",
    "Conflict",
    "Context",
    "Decision",
    "Recorded",
    "Step",
    "Undone",
    "can_redo",
    "can_undo",
    "new_batch",
    "record",
    "record_table",
    "redo",
    "undo",
]

_KINDS: Final = {"seq": "BIGINT", "cid": "BIGINT", "observed": "BOOLEAN", "p_noisy": "FLOAT"}
"""Of the columns that are no texts."""


def record(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    decisions: Sequence[Decision],
    batch: str | None = None,
) -> Recorded:
    """Write decisions in their order, all or none; what is there already is left out.

    Args:
        cursor: Of the workspace database.
        context: Who decides.
        decisions: In the order in which they were made.
        batch: Name under which they are undone together; None makes each its own batch.

    Raises:
        ValueError: If a label does not fit its pair, or a source or person is missing.
        core.errors.DataError: If it cannot be written, such as on a full disk; then nothing was.
    """
    check_context(context)
    for decision in decisions:
        check_label(decision.new, decision.observed, context.source)
    if not decisions:
        return Recorded(0, 0)
    return transaction.write(cursor, lambda: _record(cursor, context, decisions, batch))


def _record(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    decisions: Sequence[Decision],
    batch: str | None,
) -> Recorded:
    known = _known(cursor, context.client, [decision.cid for decision in decisions])
    labels = _labels(cursor, context, decisions)
    rows: list[dict[str, Any]] = []
    conflicts: list[Conflict] = []
    for decision in decisions:
        if context.client and decision.cid in known:
            continue
        known.add(decision.cid)
        pair = (decision.user_id, decision.item_id)
        found = labels.get(pair)
        if decision.expected is not UNKNOWN and decision.expected != found:
            conflicts.append(Conflict(*pair, decision.expected, found, decision.new))
        rows.append(_row(context, decision, found, batch))
        labels[pair] = decision.new
    if rows:
        _insert(cursor, rows)
    return Recorded(len(rows), len(decisions) - len(rows), tuple(conflicts))


def _known(cursor: duckdb.DuckDBPyConnection, client: str, cids: list[int]) -> set[int]:
    """Numbers of decisions of a window that are in the database."""
    found = cursor.execute(
        "SELECT cid FROM label_event WHERE client = $client AND list_contains($cids, cid)",
        {"client": client, "cids": cids},
    ).fetchall()
    return {int(row[0]) for row in found}


def _labels(
    cursor: duckdb.DuckDBPyConnection, context: Context, decisions: Sequence[Decision]
) -> dict[tuple[str, str], str | None]:
    """The person's labels of the pairs that are decided about."""
    users = list({decision.user_id for decision in decisions})
    items = list({decision.item_id for decision in decisions})
    # More pairs than asked for, where several users and items meet; that does no harm.
    found = cursor.execute(
        """
        SELECT user_id, item_id, arg_max(coalesce(new, ''), seq) FROM label_event
        WHERE dataset = $dataset AND who = $who
          AND user_id IN (SELECT unnest($users)) AND item_id IN (SELECT unnest($items))
        GROUP BY user_id, item_id
        """,
        {"dataset": context.dataset, "who": context.who.strip(), "users": users, "items": items},
    ).fetchall()
    return {(user, item): label or None for user, item, label in found}


def _row(
    context: Context, decision: Decision, old: str | None, batch: str | None
) -> dict[str, Any]:
    return {
        "who": text(context.who.strip()),
        "actor": text(context.who.strip()),
        "dataset": context.dataset,
        "user_id": decision.user_id,
        "item_id": decision.item_id,
        "observed": decision.observed,
        "old": old,
        "new": decision.new,
        "note": text(decision.note),
        "source": context.source,
        "origin": context.source,
        "batch": decision.batch or batch or new_batch(),
        "client": context.client or None,
        "cid": decision.cid if context.client else None,
        "run_id": context.run_id,
        "p_noisy": probability(decision.p_noisy),
        "verdict": text(decision.verdict),
    }


def _insert(cursor: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    numbers = cursor.execute(
        "SELECT nextval('label_seq') FROM range($n)", {"n": len(rows)}
    ).fetchall()
    for row, number in zip(rows, sorted(numbers), strict=True):
        row["seq"] = number[0]  # in the order of the decisions
    # Lists, not a data frame: of one decision, making the frame would take the most time.
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    lists = ", ".join(f"unnest(${name}::{_KINDS.get(name, 'VARCHAR')}[])" for name in columns)
    cursor.execute(
        f'INSERT INTO label_event ("at", {", ".join(columns)}) SELECT now(), {lists}', columns
    )


def record_table(
    cursor: duckdb.DuckDBPyConnection,
    context: Context,
    frame: pd.DataFrame,
    new: str | None,
    batch: str,
) -> Recorded:
    """Give every pair of a table the same label, as one batch; a known batch is left out.

    Args:
        cursor: Of the workspace database.
        context: Who decides; ``client`` is not read.
        frame: Columns ``user_id, item_id, observed`` and, if known, ``p_noisy, verdict, note``;
            a pair that occurs twice counts once.
        new: The label; None clears.
        batch: From :func:`new_batch`, made before the action, so that sending it twice is harmless.

    Raises:
        ValueError: As :func:`record`; or if a column is missing.
        core.errors.DataError: As :func:`record`.
    """
    check_context(context)
    for observed in frame["observed"].unique():
        check_label(new, bool(observed), context.source)
    rows = frame.assign(who=context.who.strip(), new=new)
    return bulk.write(cursor, context, rows, batch)
