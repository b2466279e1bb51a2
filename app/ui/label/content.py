"""What the queue component gets: items, labels, counts, and what undo would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
"""Events of one's own beside which labels of others are shown; the browser reaches back as far."""


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
    shown, told = Opinions(cursor, dataset, who, items), _told(cursor, dataset, who)
    done = progress.progress(cursor, dataset, goal, who)
    return {
        "token": token,
        "scope": {"who": who, "run": run.id, "source": source},
        "items": [shown.fill(item) for item in items],
        "told": told,
        "more": len(found) > len(items),
        "acks": desk.acks(),
        "problem": f"Not saved: {desk.problem()} Trying again." if desk.problem() else "",
        "notices": desk.notices(),
        "undo": _step(events.can_undo(cursor, who, dataset)),
        "redo": _step(events.can_redo(cursor, who, dataset)),
        "restored": _restored(run, cursor, who),
        "labels": entries(),
        "kinds": KINDS,
        "blind": blind,
        "counts": {"today": done.today, "goal": goal, "total": done.n + done.n_unsure},
        "empty": empty,
    }


class Opinions:
    """What people say of some items: asked of these alone, however many labels there are."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        dataset: str,
        who: str,
        items: Sequence[Mapping[Any, Any]],
    ) -> None:
        pairs = pd.DataFrame(
            [(item["user_id"], item["item_id"]) for item in items], columns=["user_id", "item_id"]
        )
        self.own: dict[str, tuple[str, str]] = {}
        """Label and note of this person, by the id of the item."""
        self.others: dict[str, list[dict[str, str]]] = {}
        for one in current.about(cursor, dataset, pairs).itertuples():
            name = ahead.id_of(str(one.user_id), str(one.item_id))
            if one.who == who.strip():
                self.own[name] = (str(one.label), str(one.note))
            else:
                said = {"who": str(one.who), "label": str(one.label)}
                self.others.setdefault(name, []).append(said)

    def fill(self, item: dict[str, Any]) -> dict[str, Any]:
        """An item with its labels; the browser shows those of others after one's own."""
        label, note = self.own.get(item["id"], (None, ""))
        others = self.others.get(item["id"], [])
        return item | {"label": label, "note": note, "others": others}


def _told(
    cursor: duckdb.DuckDBPyConnection, dataset: str, who: str
) -> dict[str, list[dict[str, str]]]:
    """What others say of the pairs that one labelled last, by the id of the item."""
    mine = current.recent(cursor, dataset, who, N_TOLD)
    items = mine.to_dict("records")
    return Opinions(cursor, dataset, who, items).others


def _step(step: events.Step | None) -> dict[str, Any] | None:
    if step is None:
        return None
    what = signed(step.label) if step.label else "several labels or none"
    where = f"{step.n:,} pairs" if step.n > 1 else f"user {step.user_id}, item {step.item_id}"
    return {"batch": step.batch, "n": step.n, "text": f"{what}, {where}, {step.at:%d %b %H:%M} UTC"}


def _restored(run: Run, cursor: duckdb.DuckDBPyConnection, who: str) -> dict[str, Any] | None:
    """The item that undo took back, if it is in this run, with the label that it has again."""
    back = desk.restored()
    if back is None:
        return None
    at, (user_id, item_id) = back
    pairs = pd.DataFrame({"user_id": [user_id], "item_id": [item_id]})
    made = ahead.described(run, orders.items(run, pairs))
    if not made:
        return None
    opinions = Opinions(cursor, run.manifest.dataset, who, made)
    return {"at": at // 1_000_000, "item": opinions.fill(made[0])}
