"""Semantic map."""

import streamlit as st

from app.ui import components

st.title("Semantic map")
run = components.need_run()
