"""Whose judgements a view is about: the run of the sidebar, or judgements of the workspace."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.services import judge_subject, judging
from app.services.judge_subject import Subject
from app.ui import state

OF: Final = "ju_of"
THE_RUN: Final = "run"
"""Stands in the address for the run of the sidebar."""


def draw() -> Subject | None:
    """Draw the picker; None where there is neither a run nor judgements."""
    run = state.current_run()
    known = judging.known(state.workspace())
    found = {str(one["name"]): one for one in known}
    options = [*([THE_RUN] if run is not None else []), *found]
    if not options:
        st.info(
            "Nothing was judged yet. Ask a judge in the view Ask, or run the method: it grades "
            "with the evidence judge unless another one is set.",
            icon=":material/info:",
        )
        return None
    if st.session_state.get(OF) not in (None, *options):
        st.session_state[OF] = options[0]
    called = {THE_RUN: f"Run {run.id}" if run is not None else ""}
    chosen = st.selectbox(
        "Judgements of",
        options,
        key=OF,
        bind="query-params",
        format_func=lambda name: called.get(name, f"Judgements {name}"),
        width=460,
        help="The run of the sidebar, or judgements that were made or imported apart from a run.",
    )
    if run is not None and chosen == THE_RUN:
        return judge_subject.of_run(run)
    return judge_subject.of_judgements(found[str(chosen)], state.workspace())
