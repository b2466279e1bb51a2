"""The pages, and what the browser's Back means: the page that was left, as it was left."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import streamlit as st
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import get_script_run_ctx

MOVE: Final = "_to"
"""In the address while the app opens a page by itself: which one. history.js takes it out."""


class Entry(NamedTuple):
    """A page of the navigation."""

    name: str
    """Name of its file and, but for the first page's, its address."""
    title: str
    unbound: tuple[str, ...] = ()
    """Names in its address that no widget stands for; the session holds them under these keys."""


SECTIONS: Final = {
    "Inspect": (
        Entry("overview", "Overview"),
        Entry("losses", "Loss distributions"),
        Entry("semantic_map", "Semantic map", ("sm_area", "sm_pick", "sm_hide")),
        Entry("flagged", "Flagged interactions"),
        Entry("graph_diff", "Graph diff"),
    ),
    "Improve": (Entry("label", "Label"), Entry("compare", "Compare")),
    "Set up": (
        Entry("data", "Data"),
        Entry("jobs", "Jobs"),
        Entry("method", "Method"),
        Entry("judge", "Judge"),
        Entry("study", "Study"),
    ),
}
HOME: Final = SECTIONS["Inspect"][0].name
"""The page without a name in its address."""


def choose_page(folder: Path) -> Page:
    """Draw the navigation; return the page to run.

    Args:
        folder: Where the files of the pages are.
    """
    page = st.navigation(
        {
            section: [
                st.Page(folder / f"{one.name}.py", title=one.title, default=one.name == HOME)
                for one in entries
            ]
            for section, entries in SECTIONS.items()
        }
    )
    with st.sidebar.container(key="history"):
        st.html(_script(), unsafe_allow_javascript=True)
    if MOVE in st.query_params:  # arrived
        del st.query_params[MOVE]
    _follow_history(page.url_path)
    return page


def address(page: str) -> str:
    """Name of a page in the address.

    Args:
        page: Its file, such as ``../pages/flagged.py``.
    """
    name = Path(page).stem
    return "" if name == HOME else name


def _follow_history(url_path: str) -> None:
    """Take what has no widget from the address after Back or Forward; widgets do it themselves."""
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return
    for entries in SECTIONS.values():
        for one in entries:
            if address(one.name) == url_path:
                st.session_state.update({key: st.query_params.get(key, "") for key in one.unbound})


@cache
def _script() -> str:
    """The browser's part, which takes no place on the screen."""
    code = Path(__file__).with_name("history.js").read_text(encoding="utf-8")
    return f"<style>.st-key-history {{ display: none }}</style><script>{code}</script>"
