"""Data."""

import streamlit as st

from app.ui import components

st.title("Data")
run = components.need_run()
