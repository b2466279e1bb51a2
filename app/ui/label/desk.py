"""What a session knows of its labelling: acknowledgements, skipped pairs, the card that is open."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import duckdb
import streamlit as st

from app.services import store
from app.services.labels import current
from app.ui import analyst, database, state
from app.ui.label import component, inbox
from app.ui.label.labels import signed
from core.errors import WorkbenchError

_ACKS: Final = "_la_acks"
_NOTICES: Final = "_la_notices"
_PROBLEM: Final = "_la_problem"
_SKIPPED: Final = "_la_skipped"
_RESTORED: Final = "_la_restored"
_VERSION: Final = "_la_version"
_CARD: Final = "_la_card"
_ROUND: Final = "_la_round"
MAX_NOTICES: Final = 5
MAX_CLIENTS: Final = 40

Pair = tuple[str, str]


class _Inbox:
    """One for all sessions: two windows may send the same events, after a tab was duplicated."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.seen: dict[str, int] = {}
        """Page load -> highest number of its events that was dealt with since the app started."""


def receive() -> None:
    """Take a parcel of events from the queue; what could not be saved is sent again."""
    parcel = (st.session_state[component.KEY].get("events") or {}).get("events") or []
    workspace = state.workspace()
    try:
        with _inbox().lock, database.cursor() as cursor:
            answer = inbox.receive(
                cursor, parcel, _datasets(workspace), analyst.may_sign, _inbox().seen
            )
    except WorkbenchError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    st.session_state[_PROBLEM] = ""
    st.session_state[_CARD] = None  # another item is on screen now
    _acknowledge(answer.acks)
    _notice([_conflict(one) for one in answer.conflicts] + answer.refused)
    if answer.skipped:
        st.session_state[_SKIPPED] = list(dict.fromkeys([*skipped(), *answer.skipped]))
    if answer.undone or answer.out_of_step:
        renew()
    for kind, done in answer.undone:
        if kind == "undo" and len(done.pairs) == 1:
            st.session_state[_RESTORED] = (time.time_ns(), done.pairs[0])


def acks() -> dict[str, int]:
    """Page load -> highest number of its events that is in the database."""
    return dict(st.session_state.get(_ACKS, {}))


def notices() -> list[dict[str, Any]]:
    """What people should know about their labels: ``at`` (rises) and ``text``."""
    return list(st.session_state.get(_NOTICES, []))


def problem() -> str:
    """Why the last parcel could not be saved; empty if it could."""
    return str(st.session_state.get(_PROBLEM, ""))


def skipped() -> list[Pair]:
    """Pairs put off in this session."""
    return list(st.session_state.get(_SKIPPED, []))


def bring_back_skipped() -> None:
    """Ask about skipped pairs again."""
    st.session_state[_SKIPPED] = []
    renew()


def restored() -> tuple[int, Pair] | None:
    """The pair that undo took back last, and when: to be shown again."""
    found: tuple[int, Pair] | None = st.session_state.get(_RESTORED)
    return found


def version() -> int:
    """Rises when labels changed otherwise than by the queue itself."""
    return int(st.session_state.get(_VERSION, 0))


def renew() -> None:
    """Let the queue start afresh: labels changed otherwise than by its keys."""
    st.session_state[_VERSION] = version() + 1


def card() -> int | None:
    """Row of the card that is open."""
    row: int | None = st.session_state.get(_CARD)
    return row


def toggle_card() -> None:
    """Open the card of the item on screen, or close it."""
    asked = st.session_state[component.KEY].get("card") or {}
    row = asked.get("row")
    same = not isinstance(row, int) or row == card()
    st.session_state[_CARD] = None if same else row


def close_card() -> None:
    """Close the card."""
    st.session_state[_CARD] = None


def rest() -> None:
    """Nobody labels at the moment: time to count anew."""
    st.session_state[_ROUND] = time.time_ns()


def round_of_counts() -> int:
    """Names the state that counts are of: while somebody labels fast they stay as they are."""
    return int(st.session_state.get(_ROUND, 0))


def labels_of_others(
    cursor: duckdb.DuckDBPyConnection, dataset: str, who: str
) -> dict[str, dict[Pair, str]]:
    """Current labels of everybody else: person -> pair -> label."""
    found = {}
    for one in current.people(cursor, dataset).to_dict("records"):
        person = str(one["who"])
        if person != who:
            stamp = (str(state.workspace()), repr((one["n"], one["last"])))
            found[person] = _labels_of(dataset, person, stamp, cursor)
    return found


@st.cache_data(max_entries=20, show_spinner=False)
def _labels_of(
    dataset: str,
    person: str,
    stamp: tuple[str, str],  # noqa: ARG001 - part of the key
    _cursor: duckdb.DuckDBPyConnection,
) -> dict[Pair, str]:
    table = current.own(_cursor, dataset, person)
    pairs = zip(table["user_id"], table["item_id"], strict=True)
    return dict(zip(pairs, table["label"], strict=True))


@st.cache_resource(show_spinner=False)
def _inbox() -> _Inbox:
    return _Inbox()


def _datasets(workspace: Path) -> Any:  # noqa: ANN401 - a cached function
    @cache
    def dataset_of(run_id: str) -> str:
        return store.load_run(workspace, run_id).manifest.dataset

    return dataset_of


def _acknowledge(new: dict[str, int]) -> None:
    known = acks()
    for client, cid in new.items():
        known[client] = max(cid, known.pop(client, 0))  # the latest last
    st.session_state[_ACKS] = dict(list(known.items())[-MAX_CLIENTS:])


def _notice(texts: list[str]) -> None:
    if texts:
        now = time.time_ns() // 1_000_000  # JavaScript counts exactly to 2^53
        made = [{"at": now, "text": text} for text in dict.fromkeys(texts)]
        st.session_state[_NOTICES] = [*notices(), *made][-MAX_NOTICES:]


def _conflict(one: Any) -> str:  # noqa: ANN401 - events.Conflict
    return (
        f"User {one.user_id}, item {one.item_id}: labelled {signed(one.found)} elsewhere, while "
        f"this window showed {signed(one.expected)}; now it is {signed(one.new)}."
    )
