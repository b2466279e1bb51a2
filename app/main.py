"""Entry point of the screens: ``streamlit run app/main.py``, better ``python -m app``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# First of all: ``streamlit run`` puts app/ on the path, not the folder above it.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st

from app.ui import components, jobs_notice, navigation, state
from core.errors import WorkbenchError

st.set_page_config(
    page_title="LLMHNI Workbench",
    page_icon=str(ROOT / "app" / "ui" / "icon.png"),  # a font icon would be fetched from the web
    layout="wide",
)
st.html(ROOT / "app" / "ui" / "style.css")
page = navigation.choose_page(ROOT / "pages")
state.choose_run()
jobs_notice.draw()
components.display_settings()
try:
    page.run()
except WorkbenchError as error:
    components.explain(error)
