"""Import in five steps; what is chosen so far is kept in the workspace under its name.

So every step can be opened by its address, and the command line goes on where the page stopped.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.services import importing
from app.ui import data_columns, data_prepare, data_problems, data_source, state
from app.ui.data_state import COLUMNS, IMPORT, NEW, PREPARE, PROBLEMS, RESULT, SOURCE, STEP, STEPS
from core.errors import DataError

DRAW: Final = {
    COLUMNS: data_columns.draw,
    PROBLEMS: data_problems.draw,
    PREPARE: data_prepare.draw,
    RESULT: data_prepare.result,
}


def draw() -> None:
    """Draw the picker of the import, the steps, and the step that is open."""
    known = importing.open_names(state.workspace())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=280):
            chosen = st.selectbox(
                "Import",
                [NEW, *known],
                key=IMPORT,
                bind="query-params",
                help="Where the files lie and what their columns mean, kept by name.",
            )
        step = st.segmented_control(
            "Step",
            list(STEPS),
            default=SOURCE,
            required=True,
            key=STEP,
            bind="query-params",
            label_visibility="collapsed",
        )
    if step == SOURCE:
        data_source.draw(chosen)
    elif chosen == NEW:
        st.info("Choose files first, in step 1, or an earlier import.", icon=":material/info:")
    else:
        try:
            plan = importing.open_plan(chosen, state.workspace())
        except DataError as error:
            st.error("This import cannot be read.", icon=":material/error:")
            st.text(str(error))
            return
        DRAW[str(step)](plan)
