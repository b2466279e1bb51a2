"""Label: say of interactions whether they are clean, hard or noisy, and use what was said."""

from __future__ import annotations

import streamlit as st

from app.ui import analyst, components, retrain
from app.ui.label import bulk, component, desk, opinions, queue, transfer

QUEUE, BULK, OPINIONS, FILES, RETRAIN = (
    "Queue",
    "Bulk",
    "Second opinions",
    "Import and export",
    "Retrain",
)


def need_name(who: str | None) -> str:
    """The name of the person; without one, ask for it and end the page."""
    if who is None:
        analyst.ask()
        st.caption(
            "Nothing can be labelled without a name. Labels are about a user and an item of the "
            "dataset, so they carry over to other runs on it."
        )
        st.stop()
    return who


st.title("Label")
run = components.need_run()
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    view = st.segmented_control(
        "View",
        [QUEUE, BULK, OPINIONS, FILES, RETRAIN],
        default=QUEUE,
        required=True,
        key="la_tab",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.container(width="content"):
        name = analyst.draw()
if view != QUEUE and name is not None:  # before anything that counts or uses labels
    component.draw_sender(desk.acks(), desk.problem(), desk.receive)
if view == QUEUE:
    component.draw_ears()  # before anything that takes time
    # What an address names is drawn even before the name is known: it would be forgotten.
    order, chosen = queue.choose(run)
    queue.draw(run, need_name(name), order, chosen)
elif view == BULK:
    label, chosen, keep = bulk.choose(run)
    bulk.draw(run, need_name(name), label, chosen, keep=keep)
elif view == OPINIONS:
    opinions.draw(run, need_name(name))
elif view == FILES:
    transfer.draw(run, need_name(name))
else:
    need_name(name)
    retrain.panel(run)
