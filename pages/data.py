"""Data: import files, prepare and browse datasets, and run the method on them."""

import streamlit as st

from app.services import datasets
from app.ui import data_browse, data_import, data_run, state
from app.ui.data_state import BROWSE, DATASET, IMPORTS, VIEW, VIEWS

st.title("Data")
known = datasets.names(state.workspace())
view = st.segmented_control(
    "View",
    VIEWS,
    default=BROWSE if known else IMPORTS,
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
if view == IMPORTS:
    data_import.draw()
elif not known:
    st.info(
        "There is no dataset yet. Import files of your own, or run the sample on the overview.",
        icon=":material/info:",
    )
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=280):
            chosen = st.selectbox(
                "Dataset",
                known,
                key=DATASET,
                bind="query-params",
                help="Prepared datasets, the latest first.",
            )
        tab = data_browse.choose_tab() if view == BROWSE else ""
    data = datasets.load(state.workspace(), str(chosen))
    if view == BROWSE:
        data_browse.draw(data, tab)
    else:
        data_run.draw(data)
