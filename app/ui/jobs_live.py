"""A job that is going on, as it goes on: stages, time, curves, what it printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.services import job_list, job_log, job_progress, jobs, run_folder
from app.services.job_list import JobEntry
from app.services.job_progress import JobProgress
from app.ui import components, state
from app.ui.figures import jobs as figures

SIGNS: Final = {"done": "✓", "running": "▶", "waiting": "○"}
CHOSEN: Final = "jo_id"
"""Key of the job that the Jobs page shows, and its name in the address."""
EVERY_S: Final = 1.0
LOG_LINES: Final = 8


@st.fragment(run_every=EVERY_S)
def draw(
    run_id: str, earlier: Mapping[str, float], choose: bool = False, state_there: str = ""
) -> None:
    """Draw a job that runs or waits, every second anew; draws the page again when it has ended.

    Args:
        run_id: Which one.
        earlier: Seconds of each stage of an earlier run, for the time that is left.
        choose: Whether the page is to show how it ended.
        state_there: How the rest of the page says that it stands; drawn again when it is not so.
    """
    entry = job_list.read(state.workspace() / "runs" / run_id)
    if not entry.active:
        if choose:
            state.set_next(**{CHOSEN: run_id})
        st.rerun()
    if state_there not in ("", entry.state):
        st.rerun()
    with st.container(border=True, key=f"jo_live_{run_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Running**" if entry.state == "running" else "**Waiting**")
            st.text(run_id)
            st.space("stretch")
            _stop(entry)
        if entry.state == "queued":
            _waits(entry)
        else:
            _works(entry, earlier)
        st.caption("It goes on when this page, or the workbench, is closed.")


def earlier_seconds(entry: JobEntry) -> Mapping[str, float]:
    """Seconds of each stage of an earlier run like this one."""
    return job_list.seconds_of_stages(state.workspace(), entry)


def share_done(entry: JobEntry, earlier: Mapping[str, float]) -> float:
    """Share of a job that is done, 0..1: by time where it can be told, else by stages."""
    folder = state.workspace() / "runs" / entry.run_id
    return _share(entry, job_progress.read(folder, entry.state == "running", earlier))


def _share(entry: JobEntry, progress: JobProgress) -> float:
    left, seconds = progress.seconds_left, entry.seconds or 0.0
    done = entry.fraction if left is None else seconds / max(seconds + left, 1e-9)
    return min(1.0, max(0.0, done))


def duration(seconds: float | None) -> str:
    """Seconds as people say them; a dash where they are not known."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def stages(progress: JobProgress) -> None:
    """Draw the stages: done, going on, still to come."""
    with st.container(horizontal=True, gap="medium"):
        for stage in progress.stages:
            took = f" {duration(stage.seconds)}" if stage.seconds >= 0.5 else ""
            st.text(f"{SIGNS[stage.state]} {stage.name}{took}", width="content")


def curves(progress: JobProgress, key: str, name: str) -> None:
    """Draw loss and validation so far."""
    if progress.curves["stage"].isin(figures.STAGES).any():
        components.chart(figures.curves(progress.curves), key, name)


def _works(entry: JobEntry, earlier: Mapping[str, float]) -> None:
    folder = state.workspace() / "runs" / entry.run_id
    progress = job_progress.read(folder, True, earlier)
    st.progress(_share(entry, progress))
    st.text(_said(entry, progress))
    if progress.stages:
        stages(progress)
        curves(progress, f"jo_curves_{entry.run_id}", f"{entry.run_id}-training")
    printed = job_log.read(entry.log, LOG_LINES)
    if printed:
        st.code(printed, language=None, wrap_lines=True)


def _said(entry: JobEntry, progress: JobProgress) -> str:
    """Where it is and how long it takes, in one line."""
    parts = [entry.stage or "starting"]
    if progress.stage == entry.stage and progress.fraction > 0:
        parts[0] += f", {progress.fraction:.0%} of this stage"
    if progress.stage == entry.stage and progress.epoch is not None:
        parts.append(f"epoch {progress.epoch}")
    parts.append(f"{duration(entry.seconds)} so far")
    if progress.seconds_left is not None:
        parts.append(f"about {duration(progress.seconds_left)} left")
    return " · ".join(parts)


def _waits(entry: JobEntry) -> None:
    before = f"{entry.place} before it" if entry.place > 1 else "next in turn"
    st.text(
        f"Waits for run {entry.waits_for} to end ({before})." if entry.waits_for else "Starting."
    )
    st.caption("Runs on the same device work one after the other, in the order of their start.")


def _stop(entry: JobEntry) -> None:
    """A button that asks to stop, until it was asked."""
    folder = state.workspace() / "runs" / entry.run_id
    if (folder / run_folder.CANCEL).exists():
        st.text("Stopping …")
        return
    st.button(
        "Stop" if entry.state == "running" else "Take out",
        icon=":material/stop:",
        key=f"jo_stop_{entry.run_id}",
        help="What is finished is kept, and the run can be resumed.",
        on_click=jobs.ask_to_stop,
        args=(state.workspace(), entry.run_id),
    )
