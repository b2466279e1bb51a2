"""What to do where a part of a study was not measured: the command that measures it."""

from __future__ import annotations

import streamlit as st

from app.services import study
from app.services.study import Study


def part(one: Study, name: str, said: str) -> None:
    """Say that a part has no rows, and how to make them.

    Args:
        one: The study.
        name: Of the part, as in the rows.
        said: What is missing, a sentence of this project.
    """
    st.info(said, icon=":material/info:")
    st.caption(
        "To measure it, in a shell at the root of the project. What is there is not measured "
        "again; with --dry the command only says how much is left and how long that may take."
    )
    st.code(study.command_of(one, name), language="bash", wrap_lines=True)
