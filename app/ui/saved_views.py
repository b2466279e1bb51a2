"""Saved views of a page, and the link to what is on screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app.services import views
from app.ui import database, state
from core.errors import WorkbenchError


def menu(
    page: str,
    keys: Sequence[str],
    ready: Mapping[str, Mapping[str, Any]],
    fresh: Mapping[str, Any],
) -> None:
    """Draw the menu of views.

    Args:
        page: Whose views.
        keys: Keys of the widgets that make a view.
        ready: Views that are always there: name -> values by key; what is missing is the default.
        fresh: Values by key that every opened view begins with, such as the first page.
    """
    with st.popover("Views", icon=":material/bookmark:"):
        for name, values in ready.items():
            if st.button(name, key=f"{page}_ready_{name}", type="tertiary"):
                _open(keys, values, fresh)
        try:
            _saved(page, keys, fresh)
        except WorkbenchError as error:
            st.caption("Saved views are not available:")
            st.text(str(error))


def link() -> None:
    """Offer the address of exactly what is on screen, to be copied.

    The address bar leaves out what is chosen by itself, such as the newest run; this one names
    the run, so that it shows the same when there is a newer one.
    """
    fixed = {key: st.session_state.get(key) for key in (state.RUN_KEY, state.LIST_KEY)}
    parts = [(key, str(value)) for key, value in fixed.items() if value not in (None, state.ALL)]
    parts += [
        (key, value)
        for key in st.query_params
        if key not in fixed
        for value in st.query_params.get_all(key)
    ]
    with st.popover("Link", icon=":material/link:"):
        st.caption("Opens this run, these filters, this order, page and interaction.")
        st.code(f"{st.context.url or ''}?{urlencode(parts)}", language=None, wrap_lines=True)


def _saved(page: str, keys: Sequence[str], fresh: Mapping[str, Any]) -> None:
    with database.cursor() as cursor:
        found = {view.name: view for view in views.every(cursor, page)}
    if found:
        name = st.selectbox("Saved views", list(found), key=f"{page}_view", index=None)
        with st.container(horizontal=True):
            if st.button("Open", key=f"{page}_open", disabled=name is None) and name:
                _open(keys, found[name].values, fresh)
            if st.button("Delete", key=f"{page}_delete", disabled=name is None) and name:
                with database.cursor() as cursor:
                    views.remove(cursor, page, name)
                st.rerun()
    with st.form(f"{page}_save", clear_on_submit=True, border=False):
        name = st.text_input(
            "Save this view as", key=f"{page}_name", max_chars=views.MAX_NAME, placeholder="Name"
        )
        if st.form_submit_button("Save", icon=":material/bookmark_add:") and name.strip():
            values = {key: st.session_state.get(key) for key in keys}
            with database.cursor() as cursor:
                views.save(cursor, page, name, values)
            st.rerun()


def _open(keys: Sequence[str], values: Mapping[str, Any], fresh: Mapping[str, Any]) -> None:
    state.set_next(**{key: values[key] for key in keys if key in values}, **fresh)
    st.rerun()
