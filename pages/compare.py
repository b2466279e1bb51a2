"""Compare: two or more runs side by side, what other rules would do, and the data to take away."""

import streamlit as st

from app.ui import components, export
from app.ui.compare import graph, labels, losses, picker, settings, users, verdicts, what_if

VIEW = "co_view"
MANY = {"Settings": settings.draw, "Metrics": settings.draw_metrics, "Losses": losses.draw}
TWO = {
    "Verdicts": verdicts.draw,
    "Graph": graph.draw,
    "Users": users.draw,
    "Labels": labels.draw,
}
WHAT_IF, TAKE = "What if", "Take it away"

st.title("Compare")
run = components.need_run()
runs = picker.draw(run)
view = st.segmented_control(
    "View",
    ["Settings", "Metrics", "Verdicts", "Graph", "Losses", "Users", "Labels", WHAT_IF, TAKE],
    default="Settings",
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
if view == WHAT_IF:
    what_if.draw(run)
elif view == TAKE:
    export.panel(run)
elif not runs:
    st.info("Choose the runs to compare above.", icon=":material/info:")
elif view in TWO:
    pair = picker.two(runs)
    if pair:
        TWO[view](*pair, picker.letters(runs)[pair[1].id])
else:
    MANY[str(view)](runs)
