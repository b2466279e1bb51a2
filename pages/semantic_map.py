"""Semantic map: users, items and interactions where their texts lie, before and after alignment."""

import streamlit as st

from app.ui import components
from app.ui.map import controls, page, panel

st.title("Semantic map")
run = components.need_run()
above = st.container()
left, right = st.columns([7, 2], gap="medium")
with above:
    choices = controls.draw(run, right)
scene = page.compose(run, choices)
with left:
    page.draw(run, scene, choices)
with right:
    page.legend(scene, choices)
    panel.selection(run, scene)
panel.chosen_point(run, scene.points, choices)
panel.table(run, scene)
