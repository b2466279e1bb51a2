"""The Jobs page: what runs, what waits, how everything else ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import job_list, jobs, spreadsheet
from app.services.job_list import JobEntry
from app.ui import components, jobs_detail, jobs_live, state
from app.ui.jobs_live import CHOSEN

SIGNS: Final = {
    "running": "▶ running",
    "queued": "◷ waiting",
    "done": "✓ done",
    "failed": "✕ failed",
    "cancelled": "■ stopped",
    "interrupted": "⚠ interrupted",
}
"""State -> its sign and name."""


def draw() -> None:
    """Draw the page."""
    entries = job_list.every(state.workspace())
    preparing = jobs.demo(state.workspace())
    if preparing is not None:
        components.current_job()
    active = [entry for entry in entries if entry.active]
    for entry in active:
        earlier = jobs_live.earlier_seconds(entry)
        jobs_live.draw(entry.run_id, earlier, choose=True, state_there=entry.state)
    if not entries:
        if preparing is None:
            _nothing()
        return
    if not active and preparing is None:
        st.caption("Nothing is running. Runs are started on the Data page and on the Label page.")
    st.subheader("All jobs")
    _table(entries)
    ended = [entry for entry in entries if not entry.active]
    if ended:
        _chosen(ended)


def table(entries: Sequence[JobEntry]) -> pd.DataFrame:
    """All jobs as a table, one row each."""
    return pd.DataFrame(
        {
            "State": [SIGNS.get(entry.state, entry.state) for entry in entries],
            "Run": [entry.run_id for entry in entries],
            "Dataset": [entry.dataset for entry in entries],
            "Started (UTC)": pd.to_datetime(
                pd.Series([entry.created for entry in entries], dtype=object), utc=True
            ),
            # Those that go on are drawn anew every second above; here they would stand still.
            "Worked": [None if entry.active else entry.seconds for entry in entries],
            "Parent": [entry.parent or None for entry in entries],
            "Message": [entry.message or None for entry in entries],
            "How it stands": [_stands(entry) for entry in entries],
        }
    )


def _stands(entry: JobEntry) -> str | None:
    if entry.active:
        return "see above"
    if entry.state == "done":
        return None
    where = f"{entry.stage}, {entry.fraction:.0%} of all" if entry.stage else ""
    return ". ".join(part for part in (where, entry.reason) if part) or None


def _table(entries: Sequence[JobEntry]) -> None:
    frame = table(entries)
    ids = [entry.run_id for entry in entries]
    # Rows are chosen by place: another list is another table.
    key = "jo_table_" + hashlib.sha256("\n".join(ids).encode()).hexdigest()[:12]

    def choose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            st.session_state[CHOSEN] = ids[rows[0]]

    st.dataframe(
        frame.assign(Worked=frame["Worked"].map(_duration)),
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "Started (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Worked": st.column_config.TextColumn(
                help="Time of work, over all sittings; waiting is not counted."
            ),
            "Parent": st.column_config.TextColumn(help="Run that it was retrained from."),
            "Message": st.column_config.TextColumn(help="Of the person who started it."),
            "How it stands": st.column_config.TextColumn(width="large"),
        },
    )
    components.downloads(partial(spreadsheet.write, frame), "jo_jobs", "jobs", len(frame))


def _duration(seconds: Any) -> str:  # noqa: ANN401 - a cell
    return jobs_live.duration(None if pd.isna(seconds) else float(seconds))


def _chosen(ended: Sequence[JobEntry]) -> None:
    """The job that was picked, or the last one that ended."""
    known = {entry.run_id: entry for entry in ended}
    if st.session_state.get(CHOSEN, st.query_params.get(CHOSEN)) not in known:
        latest = max(ended, key=lambda entry: entry.ended.timestamp() if entry.ended else 0.0)
        state.put(CHOSEN, latest.run_id)
    st.subheader("One job")
    picked = st.selectbox(
        "Job",
        list(known),
        index=None,  # no default: an address leaves defaults out, and would mean another job later
        key=CHOSEN,
        bind="query-params",
        help="Or choose a row of the table.",
    )
    if picked in known:
        jobs_detail.draw(known[picked])


def _nothing() -> None:
    st.info("Nothing was ever run in this workspace.", icon=":material/info:")
    st.write(
        "Run the method on a dataset of yours on the Data page, or try it on the sample: some "
        "minutes, no network and no key."
    )
    components.start_button()
