"""What the queue component gets: items, labels, counts, and what undo would do."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pandas as pd

from app.services.labels import current, events, progress
from app.services.labels import queue as orders
from app.services.store import Run
from app.ui.label import ahead, desk
from app.ui.label.labels import KINDS, entries, signed

N_ASKED: Final = ahead.N_AHEAD
N_TOLD: Final = 200
"""Labels of one's own beside which those of others are shown; the browser reaches back as far."""


def build(
    run: Run,
    cursor: duckdb.DuckDBPyConnection,
    who: str,
    found: pd.DataFrame,
    *,
    source: str,
    token: str,
    goal: int,
    blind: bool,
    empty: list[str],
) -> dict[str, Any]:
    """Make the data of :func:`app.ui.label.component.draw_queue`.

    Args:
        run: Whose items.
        cursor: Of the workspace database.
        who: Who labels.
        found: The next items, from :mod:`app.services.labels.queue`.
        source: Recorded with each label.
        token: Names the queue.
        goal: Labels for today.
        blind: Hide what the model says.
        empty: Two lines for a queue without items.
    """
    dataset = run.manifest.dataset
    items = ahead.described(run, found)
    others = desk.labels_of_others(cursor, dataset, who)
    done = progress.progress(cursor, dataset, goal, who)
    return {
        "token": token,
        "scope": {"who": who, "run": run.id, "source": source},
        "items": [_with_others(item, others) for item in items],
        "told": _told(cursor, dataset, who, others),
        "more": len(found) > len(items),
        "acks": desk.acks(),
        "problem": f"Not saved: {desk.problem()} Trying again." if desk.problem() else "",
        "notices": desk.notices(),
        "undo": _step(events.can_undo(cursor, who, dataset)),
        "redo": _step(events.can_redo(cursor, who, dataset)),
        "restored": _restored(run, others),
        "labels": entries(),
        "kinds": KINDS,
        "blind": blind,
        "counts": {"today": done.today, "goal": goal, "total": done.n + done.n_unsure},
        "empty": empty,
    }


def _with_others(
    item: dict[str, Any], others: dict[str, dict[tuple[str, str], str]]
) -> dict[str, Any]:
    """An item with the labels of other people, which the browser shows after one's own."""
    return item | {"others": _others((item["user_id"], item["item_id"]), others)}


def _told(
    cursor: duckdb.DuckDBPyConnection,
    dataset: str,
    who: str,
    others: dict[str, dict[tuple[str, str], str]],
) -> dict[str, list[dict[str, str]]]:
    """What others say of the pairs that one labelled last, by the id of the item."""
    if not others:
        return {}
    mine = current.own(cursor, dataset, who).head(N_TOLD)
    pairs = zip(mine["user_id"], mine["item_id"], strict=True)
    found = {ahead.id_of(*pair): _others(pair, others) for pair in pairs}
    return {name: said for name, said in found.items() if said}


def _others(
    pair: tuple[str, str], others: dict[str, dict[tuple[str, str], str]]
) -> list[dict[str, str]]:
    return [{"who": who, "label": labels[pair]} for who, labels in others.items() if pair in labels]


def _step(step: events.Step | None) -> dict[str, Any] | None:
    if step is None:
        return None
    what = signed(step.label) if step.label else "several labels or none"
    where = f"{step.n:,} pairs" if step.n > 1 else f"user {step.user_id}, item {step.item_id}"
    return {"batch": step.batch, "n": step.n, "text": f"{what}, {where}, {step.at:%d %b %H:%M} UTC"}


def _restored(run: Run, others: dict[str, dict[tuple[str, str], str]]) -> dict[str, Any] | None:
    """The item that undo took back, if it is in this run."""
    back = desk.restored()
    if back is None:
        return None
    at, (user_id, item_id) = back
    pairs = pd.DataFrame({"user_id": [user_id], "item_id": [item_id]})
    made = ahead.described(run, orders.items(run, pairs))
    return {"at": at // 1_000_000, "item": _with_others(made[0], others)} if made else None
