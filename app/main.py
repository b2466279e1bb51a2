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
page = st.navigation(
    {
        "Inspect": [
            st.Page(PAGES / "overview.py", title="Overview", default=True),
        ],
    }
)
state.choose_run()
try:
    page.run()
except WorkbenchError as error:
    components.explain(error)
