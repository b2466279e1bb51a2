"""State that pages share; session state holds ids, never values read from a run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.services import environment, store

RUN_KEY = "run"
"""Key of the run picker, and its name in the address of the page."""


def workspace() -> Path:
    """Folder of datasets, runs and logs."""
    return environment.workspace()


def choose_run() -> None:
    """Draw the run picker in the sidebar; the choice is part of the address."""
    run_ids = store.run_ids(workspace())
    if run_ids:
        st.sidebar.selectbox(
            "Run", run_ids, key=RUN_KEY, bind="query-params", help="Finished runs, newest first."
        )


def current_run() -> store.Run | None:
    """Read the chosen run; None when there is no finished run yet.

    Raises:
        core.errors.DataError: If the run is damaged.
    """
    run_id = st.session_state.get(RUN_KEY)
    return store.load_run(workspace(), run_id) if run_id else None
