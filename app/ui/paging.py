"""The way through a list that is shown page by page."""

from __future__ import annotations

import streamlit as st


def number(n_rows: int, size: int, key: str) -> int:
    """Draw the way to the other pages of a list, if there are any.

    Args:
        n_rows: Of the whole list.
        size: Rows of a page.
        key: Of the widget, and its name in the address.

    Returns:
        The page to show, from 1; the first where the list has become shorter than that.
    """
    n_pages = -(-n_rows // size)
    if st.session_state.get(key, 1) > n_pages:
        st.session_state[key] = 1  # fewer rows than a moment ago
    return st.pagination(n_pages, key=key, bind="query-params") if n_pages > 1 else 1
