"""Entry point of the screens: ``streamlit run app/main.py``, better ``python -m app``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# First of all: ``streamlit run`` puts app/ on the path, not the folder above it.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st

from app.ui import components, state
from core.errors import WorkbenchError

PAGES = ROOT / "pages"

st.set_page_config(
    page_title="LLMHNI Workbench",
    page_icon=str(ROOT / "app" / "ui" / "icon.png"),  # a font icon would be fetched from the web
    layout="wide",
)
st.html(ROOT / "app" / "ui" / "style.css")
page = st.navigation(
    {
        "Inspect": [
            st.Page(PAGES / "overview.py", title="Overview", default=True),
            st.Page(PAGES / "losses.py", title="Loss distributions"),
            st.Page(PAGES / "semantic_map.py", title="Semantic map"),
            st.Page(PAGES / "flagged.py", title="Flagged interactions"),
            st.Page(PAGES / "graph_diff.py", title="Graph diff"),
        ],
        "Set up": [
            st.Page(PAGES / "data.py", title="Data"),
            st.Page(PAGES / "method.py", title="Method"),
        ],
    }
)
state.choose_run()
components.display_settings()
try:
    page.run()
except WorkbenchError as error:
    components.explain(error)
