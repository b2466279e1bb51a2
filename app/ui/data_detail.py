"""One user or one item of a dataset: texts, attributes and interactions, as plain text."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import dataset_tables as tables
from app.services.dataset_tables import Filters
from app.services.datasets import ATTRIBUTE, PARTS, PreparedData
from app.ui.data_state import INTERACTIONS, TAB, ask, go

FIRST: Final = 200
"""Interactions listed beside the table; the others are in their own tab."""


def draw(data: PreparedData, table: str) -> None:
    """Draw the chosen user or item beside the table.

    Args:
        data: Which dataset.
        table: ``users`` or ``items``.
    """
    whom, key = ("user", "da_user") if table == "users" else ("item", "da_item")
    named = st.text_input(
        whom.capitalize(), key=key, bind="query-params", placeholder="Click a row, or type an id"
    )
    name = str(named or "").strip()
    if not name:
        st.info(f"Click a row to see the {whom}.", icon=":material/info:")
        return
    found = ask(tables.one, data, table, name)
    if found.empty:
        st.info(f"There is no {whom} with this id.", icon=":material/info:")
        return
    with st.container(border=True, gap="xsmall"):
        _one(found.iloc[0])
    if st.button(f"All interactions of this {whom}", icon=":material/table_rows:"):
        other = "da_item" if whom == "user" else "da_user"
        go(**{TAB: INTERACTIONS, key: name, other: "", "da_page": 1})
    filters = Filters(user=name) if whom == "user" else Filters(item=name)
    listed = ask(tables.page, data, "interactions", filters, "id", 1, FIRST)
    shown = ["item_id", "title"] if whom == "user" else ["user_id"]
    _interactions(listed[["part", *shown, *(c for c in ("rating",) if c in listed)]])


def _one(row: pd.Series) -> None:
    """Everything that is known; words of the data, so nothing of it is read as Markdown."""
    title = row.get("title")
    if title:
        st.text(str(title))
    st.caption(" · ".join(f"{row[f'n_{part}']:,} {name}" for part, name in PARTS.items()))
    st.text(str(row["text"]) if row["text"] else "No text.")
    if row.get("group"):
        st.text(f"Group: {row['group']}")
    for name in row.index:
        if str(name).startswith(ATTRIBUTE):
            values = ", ".join(map(str, row[name])) if row[name] is not None else ""
            st.text(f"{str(name).removeprefix(ATTRIBUTE)}: {values or '–'}")


def _interactions(rows: pd.DataFrame) -> None:
    text = st.column_config.TextColumn
    st.dataframe(
        rows,
        hide_index=True,
        row_height=28,
        height=min(28 * (len(rows) + 1) + 12, 320),
        placeholder="–",
        column_config={
            "part": text("Split", width=80),
            "user_id": text("User", width=100),
            "item_id": text("Item", width=80),
            "title": text("Title", width=200),
            "rating": st.column_config.NumberColumn("Rating", format="%g", width=70),
        },
    )
    if len(rows) == FIRST:
        st.caption(f"The first {FIRST}.")
