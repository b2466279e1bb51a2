"""Look through a dataset: its users, items and interactions, searched, ordered, page by page."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import dataset_tables as tables
from app.services.dataset_tables import Filters
from app.services.datasets import ATTRIBUTE, PARTS, PreparedData
from app.ui import components, data_detail, data_summary
from app.ui.data_state import SUMMARY, TAB, TABS, ask
from app.ui.glossary import explain
from app.ui.graph_edges import mark

SIZE: Final = 25
PAGE: Final = "da_page"
USER: Final = "da_user"
ITEM: Final = "da_item"
HINTS: Final = {
    "users": "Part of an id or a text",
    "items": "Part of an id, a title or a text",
    "interactions": "Part of an id or a title",
}


def choose_tab() -> str:
    """Draw the tabs; return the one that is open."""
    return str(
        st.segmented_control(
            "Part of the dataset",
            TABS,
            default=SUMMARY,
            required=True,
            key=TAB,
            bind="query-params",
            label_visibility="collapsed",
            on_change=_first_page,
        )
    )


def draw(data: PreparedData, tab: str) -> None:
    """Draw a tab of a dataset."""
    if tab == SUMMARY:
        data_summary.draw(data)
    else:
        _table_tab(data, tab.lower())


def _table_tab(data: PreparedData, table: str) -> None:
    filters, order = _filters(data, table)
    total = ask(tables.count, data, table, filters)
    n_pages = max(1, -(-total // SIZE))
    if PAGE in st.session_state:  # not yet at the first drawing: the address decides
        st.session_state[PAGE] = min(max(1, int(st.session_state[PAGE])), n_pages)
    wide = table == "interactions"
    left, right = (st.container(), None) if wide else st.columns([5, 3], gap="large")
    with left:
        st.text(f"{total:,} {table}")
        listed = st.container()
        with st.container(horizontal=True, vertical_alignment="center"):
            number = st.pagination(n_pages, key=PAGE, bind="query-params", max_visible_pages=5)
            if total:
                write = partial(tables.export, data, table, filters, order)
                components.downloads(write, f"da_{table}", f"{data.name}-{table}", total)
    rows = ask(tables.page, data, table, filters, order, number, SIZE)
    with listed:
        if total:
            _rows(data, table, rows)
        else:
            st.info("Nothing passes the filters. Take one away.", icon=":material/filter_alt:")
    if right is not None:
        with right:
            data_detail.draw(data, table)


def _filters(data: PreparedData, table: str) -> tuple[Filters, str]:
    """Draw search, filters and order of a table; read them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Search",
            key=f"da_q_{table}",
            bind="query-params",
            on_change=_first_page,
            placeholder=HINTS[table],
            width=250,
        )
        titles = tables.orders(data, table)
        with st.container(width=210):
            order = st.selectbox(
                "Order",
                list(titles),
                format_func=titles.__getitem__,
                key=f"da_sort_{table}",
                bind="query-params",
                on_change=_first_page,
                help="Orders all pages, not only this one.",
            )
        user = item = ""
        parts: tuple[str, ...] = ()
        if table == "interactions":
            user = exact("User", USER)
            item = exact("Item", ITEM)
            chosen = st.pills(
                "Split",
                list(PARTS),
                selection_mode="multi",
                format_func=PARTS.__getitem__,
                key="da_part",
                bind="query-params",
                on_change=_first_page,
                help="None chosen: all.",
            )
            parts = tuple(chosen or ())
    filters = Filters(str(text or "").strip(), user.strip(), item.strip(), parts)
    return filters, str(order)


def exact(label: str, key: str) -> str:
    """Ask for one id; part of the address."""
    return str(
        st.text_input(
            label,
            key=key,
            bind="query-params",
            on_change=_first_page,
            placeholder="Exact id",
            width=150,
        )
        or ""
    )


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _choose(key: str, target: str, ids: list[str]) -> None:
    """Take the user or item that was clicked."""
    places = st.session_state[key]["selection"]["rows"]
    if places and places[0] < len(ids):
        st.session_state[target] = ids[places[0]]


def _rows(data: PreparedData, table: str, rows: pd.DataFrame) -> None:
    """One page of a table; a click on a user or an item shows it beside the table."""
    # The prefix stays in the name: an attribute may be called like a column, such as title.
    known = [str(name) for name in rows]
    labels = {
        name: st.column_config.Column(name.removeprefix(ATTRIBUTE))
        for name in known
        if name.startswith(ATTRIBUTE)
    }
    hidden = ["row"] if ask(tables.has_texts, data, table) else ["row", "text"]
    shown = rows.drop(columns=hidden, errors="ignore")
    if "timestamp" in shown:
        shown["timestamp"] = pd.to_datetime(shown["timestamp"], unit="s", errors="coerce")
    options: dict[str, Any] = {
        "hide_index": True,
        "row_height": 28,
        "height": 28 * (len(rows) + 1) + 12,
        "placeholder": "–",
        "column_config": _columns() | labels,
    }
    if table == "interactions":
        st.dataframe(shown, key="da_rows", **options)
        return
    id_column, target = {"users": ("user_id", USER), "items": ("item_id", ITEM)}[table]
    ids = [str(name) for name in rows[id_column]]
    # Marks are places: another page is another table, so that a mark never stays behind.
    key = f"da_rows_{mark([data.name, *ids])}"
    st.dataframe(
        shown,
        key=key,
        on_select=partial(_choose, key, target, ids),
        selection_mode="single-row",
        **options,
    )


def _columns() -> dict[str, object]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "part": text("Split", width=80),
        "user_id": text("User", width=100),
        "item_id": text("Item", width=100),
        "title": text("Title", width=230),
        "group": text("Group", width=100, help="Colours pictures; no signal reads it."),
        "n_train": number("Train", format="localized", width=65, help=explain("interaction")),
        "n_valid": number("Valid.", format="localized", width=60, help="Interactions held out."),
        "n_test": number("Test", format="localized", width=60, help="Interactions held out."),
        "text": text("Text", width=280),
        "rating": number("Rating", format="%g", width=70, help="For display; no step reads it."),
        "timestamp": st.column_config.DatetimeColumn(
            "Time", format="YYYY-MM-DD HH:mm", width=140, help="UTC; for display, no step reads it."
        ),
        "position": number("Position", format="%d", width=80, help="Place in the shown list."),
    }
