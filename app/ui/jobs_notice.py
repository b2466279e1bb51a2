"""In the sidebar of every page: what runs, and, when it has ended, how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app.services import job_list, jobs
from app.services.records import Status
from app.ui import jobs_live, state
from app.ui.jobs_live import CHOSEN

_SEEN: Final = "_jobs_seen"
"""Runs that were going on when this session last looked."""
_ENDED: Final = "_jobs_ended"
"""Those that have ended since, until they are looked at: name -> state."""
EVERY_S: Final = 2.0
WORDS: Final = {
    "done": "A run has finished:",
    "failed": "A run has failed:",
    "cancelled": "A run was stopped:",
    "interrupted": "A run was interrupted:",
}
TITLES: Final = {"done": "Open it", "cancelled": "Show it"}
"""Of the button that leads to a run that has ended; there a stopped one can be resumed."""
ICONS: Final = {"done": ":material/check:", "failed": ":material/error:"}


def draw() -> None:
    """Draw what is going on, and what has ended since the session began to look."""
    going_on = _going_on()
    before = st.session_state.get(_SEEN, set())
    st.session_state[_SEEN] = going_on
    for run_id in going_on:
        _forget(run_id)  # stopped a while ago, and resumed since
    for run_id in sorted(before - going_on - {""}):
        _note(run_id)
    with st.sidebar:
        if going_on:
            _watch()
        for run_id, ended in list(st.session_state.get(_ENDED, {}).items()):
            _ended(run_id, ended)


def _going_on() -> set[str]:
    """Runs that work or wait; empty text for a job that has no run yet."""
    return {job.run_id or "" for job in jobs.active(state.workspace())}


def _note(run_id: str) -> None:
    """Remember that a run has ended, and say so."""
    folder = state.workspace() / "runs" / run_id
    if not folder.is_dir():
        return
    ended = job_list.read(folder).state
    st.session_state[_ENDED] = {**st.session_state.get(_ENDED, {}), run_id: ended}
    # Names come from folders: they are shown as text, below.
    st.toast(WORDS.get(ended, "A run has ended:").rstrip(":") + ".", icon=ICONS.get(ended))


@st.fragment(run_every=EVERY_S)
def _watch() -> None:
    """One line about what runs; draws the page again when something began or ended."""
    found = jobs.active(state.workspace())
    if {job.run_id or "" for job in found} != st.session_state.get(_SEEN):
        st.rerun()
    if not found:
        return
    with st.container(key="jobs_notice"):
        st.progress(_done(found[0]), text=heading([job.status.state for job in found]))
        st.text(_stands(found[0].status))
        if st.button("Jobs", icon=":material/list:", key="jobs_show", type="tertiary"):
            state.go("../pages/jobs.py")


def heading(states: Sequence[str]) -> str:
    """How many jobs run and wait, such as ``Running, 2 waiting``; those that run come first."""
    n_running = sum(state == "running" for state in states)
    running = "running" if n_running == 1 else f"{n_running} running"
    n_waiting = len(states) - n_running
    waiting = "waiting" if len(states) == 1 else f"{n_waiting} waiting"
    parts = [said for said, n in ((running, n_running), (waiting, n_waiting)) if n]
    return ", ".join(parts).capitalize()


def _stands(status: Status) -> str:
    """What the first of them does, in a few words."""
    if status.state == "queued" and status.waits_for:
        return f"for {status.waits_for}"
    return status.stage or "starting"


def _done(job: jobs.Job) -> float:
    """Share that is done, 0..1, as the card of the job shows it."""
    if job.run_id is None:
        return min(1.0, max(0.0, job.status.fraction))
    entry = job_list.read(state.workspace() / "runs" / job.run_id)
    return jobs_live.share_done(entry, jobs_live.earlier_seconds(entry))


def _ended(run_id: str, ended: str) -> None:
    """Tell how a run ended, with a way to it."""
    with st.container(border=True, key=f"jobs_ended_{run_id}"):
        st.caption(WORDS.get(ended, "A run has ended:"))
        st.text(run_id)
        with st.container(horizontal=True):
            title = TITLES.get(ended, "See why")
            if st.button(title, key=f"jobs_open_{run_id}", type="primary"):
                _forget(run_id)
                _open(run_id, ended)
            if st.button("Dismiss", key=f"jobs_dismiss_{run_id}"):
                _forget(run_id)
                st.rerun()


def _open(run_id: str, ended: str) -> None:
    if ended == "done":
        state.set_next(**{state.RUN_KEY: run_id})
        state.go("../pages/overview.py")
    state.set_next(**{CHOSEN: run_id})
    state.go("../pages/jobs.py")


def _forget(run_id: str) -> None:
    kept = st.session_state.get(_ENDED, {})
    st.session_state[_ENDED] = {name: how for name, how in kept.items() if name != run_id}
