"""Jobs: what runs and waits, how it ended, and where a run comes from."""

import streamlit as st

from app.ui import jobs

st.title("Jobs")
jobs.draw()
