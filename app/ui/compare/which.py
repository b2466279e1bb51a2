"""Which of the compared runs stands under other rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from app.services.method_of import method_of
from app.services.store import Run
from app.ui import state
from app.ui.compare import picker

RUN: Final = "co_w_run"
_BESIDE: Final = "_co_w_sidebar"
"""The run that the sidebar showed: with another one the choice begins anew."""


def draw(run: Run) -> Run:
    """Draw the choice among the compared runs; without any, it is the run of the sidebar."""
    compared = {one.id: one for one in picker.chosen()} or {run.id: run}
    names = list(compared)
    _forget(run, compared)
    if len(names) == 1:
        st.text(f"Run {names[0]}.")
        return compared[names[0]]
    picked = st.selectbox(
        "Run under other rules",
        names,
        index=0 if RUN in st.session_state else names.index(_telling(run, compared)),
        key=RUN,
        bind="query-params",
        width=460,
        help="One of the runs compared above; of LLMHNI at first, as a baseline has no such rules.",
    )
    return compared[str(picked)]


def _forget(run: Run, compared: Mapping[str, Run]) -> None:
    """Begin anew with another run in the sidebar, or where the chosen one is compared no more."""
    moved = st.session_state.get(_BESIDE, run.id) != run.id
    if moved or st.session_state.get(RUN) not in (None, *compared):
        state.put(RUN, _telling(run, compared))  # the address too: it would bring the old one back
    st.session_state[_BESIDE] = run.id


def _telling(run: Run, compared: Mapping[str, Run]) -> str:
    """The run of the sidebar or, if that is a baseline, the first of LLMHNI: it has rules."""
    ours = [name for name, one in compared.items() if not method_of(one.manifest).is_baseline]
    known = ours or list(compared)
    return run.id if run.id in known else known[0]
