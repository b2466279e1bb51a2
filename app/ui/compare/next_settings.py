"""What other rules are called as settings of the next run, to keep them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.services import environment
from app.services.compare import next_settings
from app.services.compare.expressed import expressed
from app.services.compare.scenario import Scenario
from app.services.store import Run
from app.ui import components, state
from core.errors import ConfigError


def draw(run: Run, scenario: Scenario) -> None:
    """Draw the settings that mean the same, and a button that keeps them."""
    changes, cannot, roughly = state.ask(expressed, run, scenario)
    st.subheader("Settings of the next run")
    if changes:
        # As they are written on the command line; a column of texts.
        rows = [(name, str(value).lower()) for name, value in changes.items()]
        table = pd.DataFrame(rows, columns=["Setting", "Value"])
        st.dataframe(table, hide_index=True, width=420, height="content")
    else:
        st.caption("As in this run: there is nothing to set otherwise.")
    for sentence in cannot:
        st.text(f"No setting says this. {sentence}")
    for sentence in roughly:
        st.text(f"Nearly the same. {sentence}")
    if st.button(
        "Save as settings of the next run",
        icon=":material/save:",
        key="co_w_save",
        disabled=not changes,
        help="The settings of this run with these changes, as a file.",
    ):
        try:
            path = next_settings.save(run, changes)
        except ConfigError as error:
            components.explain(error)
            return
        st.success("Saved. Retraining this run offers these settings. Or start the run with:")
        command = environment.shell_command(
            "run", run.manifest.dataset, "--config", str(path), place=state.workspace()
        )
        st.code(command, language=None, wrap_lines=True)
