"""One job that is not going on: how it ended, what can be done, where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from app.services import job_actions, job_log, job_progress, lineage
from app.services.job_list import JobEntry
from app.services.lineage import Generation
from app.ui import jobs_live, state
from core.errors import WorkbenchError

ENDED: Final = {
    "done": "Finished.",
    "failed": "Failed.",
    "cancelled": "Stopped on request.",
    "interrupted": "Interrupted.",
}
LOG_LINES: Final = 200


def draw(entry: JobEntry) -> None:
    """Draw how a job ended, its buttons, its curves, its line and its log."""
    show = st.error if entry.state in ("failed", "interrupted") else st.info
    if entry.state == "done":
        show = st.success
    show(ENDED.get(entry.state, ""))
    if entry.reason:
        st.text(entry.reason)
    if entry.message:
        st.text(f"“{entry.message}”")
    _buttons(entry)
    folder = state.workspace() / "runs" / entry.run_id
    progress = job_progress.read(folder, False)
    if progress.stages:
        jobs_live.stages(progress)
        jobs_live.curves(progress, "jo_curves", f"{entry.run_id}-training")
    _line(entry)
    _log(entry)


def card(entry: JobEntry) -> None:
    """Draw in short how a job stands that was stopped, on a page that is about something else."""
    with st.container(border=True, key=f"jo_ended_{entry.run_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{ENDED.get(entry.state, '').rstrip('.')}**")
            st.text(entry.run_id)
        if entry.stage:
            took = f", after {jobs_live.duration(entry.seconds)}" if entry.seconds else ""
            st.text(f"In {entry.stage}, {entry.fraction:.0%} of all{took}.")
        if entry.reason:
            st.text(entry.reason)
        with st.container(horizontal=True):
            _resume(entry, f"jo_resume_{entry.run_id}")
            if st.button("Show it on Jobs", icon=":material/list:", key=f"jo_show_{entry.run_id}"):
                state.set_next(**{jobs_live.CHOSEN: entry.run_id})
                state.go("../pages/jobs.py")


def _resume(entry: JobEntry, key: str) -> None:
    """A button to go on with it, where that is possible."""
    if entry.can_resume and st.button(
        "Resume",
        type="primary",
        icon=":material/play_arrow:",
        key=key,
        help="It goes on where it stopped, and ends as if it had never stopped.",
    ):
        _do(lambda: job_actions.resume(state.workspace(), entry.run_id))


def _buttons(entry: JobEntry) -> None:
    """What can be done with it."""
    place = state.workspace()
    with st.container(horizontal=True):
        if entry.state == "done" and st.button(
            "Open the run", type="primary", icon=":material/arrow_forward:", key="jo_open"
        ):
            state.set_next(**{state.RUN_KEY: entry.run_id})
            state.go("../pages/overview.py")
        _resume(entry, "jo_resume")
        if job_actions.can_start_again(place, entry.run_id) and st.button(
            "Start again",
            icon=":material/replay:",
            key="jo_again",
            help="A new run with the same data, settings, labels and parent.",
        ):
            _do(lambda: job_actions.start_again(place, entry.run_id))


def _do(action: Callable[[], object]) -> None:
    try:
        action()
    except WorkbenchError as error:
        st.error("That was not possible.", icon=":material/error:")
        st.text(str(error))
    else:
        st.rerun()


def _line(entry: JobEntry) -> None:
    """Where the run comes from."""
    found = lineage.chain(state.workspace(), entry.run_id)
    if len(found) < 2 and not entry.revision:
        return
    st.markdown("**Where it comes from**")
    st.dataframe(
        pd.DataFrame([_row(one) for one in found]),
        hide_index=True,
        column_config={
            "Started (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Labels used": st.column_config.NumberColumn(
                help="Labels that decided or corrected something; those held out are not counted."
            ),
            "Began with": st.column_config.TextColumn(
                help="Weights the final training began with."
            ),
            "Settings that differ from the parent's": st.column_config.TextColumn(width="large"),
        },
        placeholder="–",
        key="jo_line",
    )


def _row(one: Generation) -> dict[str, object]:
    began = {True: "weights of the parent", False: "scratch", None: None}[one.warm_start]
    changes = "; ".join(f"{name}: {old} → {new}" for name, (old, new) in one.changes.items())
    return {
        "Run": one.run_id,
        "Started (UTC)": one.created,
        "Revision of the labels": one.revision[:12] or None,
        "Labels used": one.n_labels,
        "Message": one.message or None,
        "Began with": began if one.parent else None,
        "Settings that differ from the parent's": changes or None,
    }


def _log(entry: JobEntry) -> None:
    """What it printed, to be read, copied and sent."""
    failed = entry.state in ("failed", "interrupted")
    printed = job_log.read(entry.log, LOG_LINES)
    if printed:
        with st.expander("Log", expanded=failed, icon=":material/terminal:"):
            st.code(printed, language=None, height=260, wrap_lines=True)
    elif failed:
        st.caption("It was started in a terminal: what it printed is there.")
    if failed:
        st.download_button(
            "Report for somebody who helps",
            lambda: job_actions.report(entry),
            f"{entry.run_id}-report.txt",
            "text/plain",
            key="jo_report",
            icon=":material/download:",
            on_click="ignore",
            help="Reason, settings of the job and its log. Keys are taken out; titles and ids "
            "that were printed are not.",
        )
