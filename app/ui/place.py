"""Where a person is: page and run, as words for what is taken along."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.ui import figure_file, navigation, state

STUDY: Final = "study"


def page() -> str:
    """Name of the page on show, as in the navigation."""
    last = (st.context.url or "").partition("?")[0].rstrip("/").rpartition("/")[2]
    known = [one.name for part in navigation.SECTIONS.values() for one in part]
    return last if last in known else navigation.HOME


def origin(name: str) -> tuple[str, str]:
    """Title of a figure, and the page and run it comes from."""
    run_id = str(st.session_state.get(state.RUN_KEY) or "")
    titles = {one.name: one.title for part in navigation.SECTIONS.values() for one in part}
    title = titles[page()]
    if page() == STUDY:  # a study is of many runs, none of them the chosen one
        return figure_file.title_of(name), title
    return figure_file.title_of(name, run_id), f"{title}, run {run_id}" if run_id else title
