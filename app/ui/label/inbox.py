"""Events of the queue on their way into the database, each of them once.

An event names the pair that was on screen, the person and the run, so that it means the same
whenever it arrives: after a reload, under another order, or for the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.services.labels import events
from app.services.labels.events import UNKNOWN, Conflict, Context, Decision, Undone
from app.services.labels.schema import SOURCES, allowed
from core.errors import WorkbenchError

MAX_EVENTS: Final = 500
"""Of one parcel; the browser sends fewer."""


class Event(BaseModel):
    """What a person did to one item of the queue."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    client: str = Field(min_length=8, max_length=64)
    """Name of the page load."""
    cid: int = Field(ge=1)
    """Rises within the page load."""
    kind: Literal["label", "skip", "undo", "redo"]
    who: str = Field(max_length=200)
    run: str = Field(max_length=200)
    source: str = Field(max_length=40)
    user_id: str = ""
    item_id: str = ""
    observed: bool = True
    label: str | None = None
    expected: str | None = None
    """Label that was on screen before; left out where an earlier one was hidden."""
    note: str = ""
    p_noisy: float | None = None
    verdict: str = ""
    batch: str = Field("", max_length=200)
    """What to undo or redo: nothing happens where another batch is the last one by now."""
    server_side: bool = False
    """Whether the batch was found by the server, so that the browser does not know its pairs."""


@dataclass
class Answer:
    """What became of a parcel."""

    acks: dict[str, int] = field(default_factory=dict)
    """Page load -> highest number that is dealt with."""
    conflicts: list[Conflict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why events were not recorded, and never will be."""
    skipped: list[tuple[str, str]] = field(default_factory=list)
    undone: list[tuple[str, Undone]] = field(default_factory=list)
    """``undo`` or ``redo``, and what it did, of those whose pairs the browser does not know."""
    out_of_step: bool = False
    """Whether something else was decided since what the browser wanted to undo or redo."""


def batch_of(client: str, cid: int) -> str:
    """Name of the batch of one key; the browser makes the same, to undo exactly that one."""
    return f"{client}-{cid}"


def receive(
    cursor: duckdb.DuckDBPyConnection,
    parcel: Iterable[Any],
    dataset_of: Callable[[str], str],
    may_sign: Callable[[str], bool],
    seen: dict[str, int],
) -> Answer:
    """Work through events in their order.

    Args:
        cursor: Of the workspace database.
        parcel: As it came from the browser.
        dataset_of: Name of the dataset of a run; raises ``DataError`` where there is none.
        may_sign: Whether a decision under a name may be recorded.
        seen: Page load -> highest number dealt with before; brought up to date.

    Raises:
        core.errors.DataError: If the database could not be written; send everything again.
    """
    answer = Answer()
    row: list[Event] = []
    for raw in list(parcel)[:MAX_EVENTS]:
        try:
            event = Event.model_validate(raw)
        except ValidationError:
            _leave_out(answer, raw)
            continue
        answer.acks[event.client] = max(event.cid, answer.acks.get(event.client, 0))
        if event.cid <= seen.get(event.client, 0) or not _possible(event, may_sign, answer):
            continue
        if row and not _together(row[-1], event):
            _record(cursor, row, dataset_of, answer)
            row = []
        if event.kind == "label":
            row.append(event)
        elif event.kind == "skip":
            answer.skipped.append((event.user_id, event.item_id))
        else:
            _step(cursor, event, dataset_of, answer)
    _record(cursor, row, dataset_of, answer)
    for client, cid in answer.acks.items():  # all of it is in the database
        seen[client] = max(cid, seen.get(client, 0))
    return answer


def _possible(event: Event, may_sign: Callable[[str], bool], answer: Answer) -> bool:
    """Whether an event can ever be recorded; says why where it cannot."""
    why = ""
    if not may_sign(event.who):
        why = f"made as {event.who}, who is not signed in here."
    elif event.source not in SOURCES:
        why = f"labels do not come from {event.source}."
    elif event.kind == "label" and event.label not in (None, *allowed(event.observed)):
        why = f"{event.label} is no label of such a pair."
    if why and event.kind != "skip":
        answer.refused.append(f"Not saved: {why}")
        return False
    return True


def _together(one: Event, other: Event) -> bool:
    """Whether two events can be written at once: a transaction takes longer than a label."""
    return other.kind == "label" and all(
        getattr(one, name) == getattr(other, name) for name in ("who", "run", "source", "client")
    )


def _record(
    cursor: duckdb.DuckDBPyConnection,
    row: list[Event],
    dataset_of: Callable[[str], str],
    answer: Answer,
) -> None:
    """Write labels that came one after the other."""
    if not row:
        return
    first = row[0]
    try:
        dataset = dataset_of(first.run)
    except WorkbenchError as error:
        answer.refused.append(f"Not saved: {error}")
        return
    context = Context(first.who, dataset, first.source, first.run, first.client)
    answer.conflicts += events.record(cursor, context, [_decision(one) for one in row]).conflicts


def _decision(event: Event) -> Decision:
    return Decision(
        user_id=event.user_id,
        item_id=event.item_id,
        observed=event.observed,
        new=event.label,
        cid=event.cid,
        note=event.note,
        expected=event.expected if "expected" in event.model_fields_set else UNKNOWN,
        p_noisy=event.p_noisy,
        verdict=event.verdict,
        batch=batch_of(event.client, event.cid),
    )


def _step(
    cursor: duckdb.DuckDBPyConnection,
    event: Event,
    dataset_of: Callable[[str], str],
    answer: Answer,
) -> None:
    """Undo or redo exactly what the browser meant, which another window may have outrun.

    After a restart of the app an event that came before does nothing, for the same reason.
    """
    look, do = {
        "undo": (events.can_undo, events.undo),
        "redo": (events.can_redo, events.redo),
    }[event.kind]
    try:
        dataset = dataset_of(event.run)
    except WorkbenchError as error:
        answer.refused.append(f"Not done: {error}")
        return
    step = look(cursor, event.who, dataset)
    if step is None or step.batch != event.batch:
        answer.refused.append(f"Nothing to {event.kind}: that is not the last thing done any more.")
        answer.out_of_step = True
        return
    done = do(cursor, event.who, dataset)
    if done is not None and event.server_side:
        answer.undone.append((event.kind, done))


def _leave_out(answer: Answer, raw: object) -> None:
    """Acknowledge what is no event of ours, as far as it says where it came from."""
    answer.refused.append("Not saved: an event that this version does not understand.")
    if isinstance(raw, dict):
        client, cid = raw.get("client"), raw.get("cid")
        if isinstance(client, str) and isinstance(cid, int):
            answer.acks[client] = max(cid, answer.acks.get(client, 0))
