"""Loss distributions: what the loss sees, what a loss cut would drop, and where it is blind."""

import streamlit as st

from app.ui import components, data_map, loss_curves, loss_cut, loss_distribution

VIEW = "ls_view"
VIEWS = {
    "Distribution": loss_distribution.draw,
    "Threshold": loss_cut.draw,
    "Data map": data_map.draw,
    "Loss curves": loss_curves.draw,
}

st.title("Loss distributions")
run = components.need_run()
if VIEW not in st.session_state and VIEW not in st.query_params:
    st.session_state[VIEW] = next(iter(VIEWS))
view = st.segmented_control(
    "View",
    list(VIEWS),
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS.get(str(view), loss_distribution.draw)(run)
