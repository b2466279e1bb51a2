"""Loss distributions."""

import streamlit as st

from app.ui import components

st.title("Loss distributions")
run = components.need_run()
