"""Judge: have pairs graded, see how far the grades can be trusted, and take them in and out."""

from __future__ import annotations

import streamlit as st

from app.ui.judge import ask, calls, flip, judgements, trust

VIEWS = {
    "Ask": ask.draw,
    "Trust": trust.draw,
    "Calls": calls.draw,
    "Judgements": judgements.draw,
    "Hallucination": flip.draw,
}

st.title("Judge")
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Ask",
    required=True,
    key="ju_view",
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS[str(view)]()
