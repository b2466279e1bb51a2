"""Method."""

import streamlit as st

from app.ui import components

st.title("Method")
run = components.need_run()
