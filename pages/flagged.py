"""Flagged interactions: a list to work through, and the card of the chosen one beside it.

The chosen interaction is a number (``fl_row`` in the address), never a place in the table.
"""

from __future__ import annotations

import hashlib
from functools import partial

import pandas as pd
import streamlit as st

from app.services import flagged
from app.ui import card, components, review_filters, saved_views, state, theme
from app.ui.glossary import explain
from app.ui.review_filters import PAGE, ROW

SIZE = 30
STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-fl_card), .st-key-fl_card,
[data-testid="stLayoutWrapper"]:has(> .st-key-fl_list), .st-key-fl_list {
  height: max(520px, calc(100vh - 310px)) !important; flex: 0 0 auto !important;
}
</style>"""


def choose(key: str, ids: list[int]) -> None:
    """Take the row that was clicked as the chosen interaction."""
    places = st.session_state[key]["selection"]["rows"]
    if places and places[0] < len(ids):
        st.session_state[ROW] = ids[places[0]]


def show(row: int) -> None:
    """Choose an interaction that the card led to."""
    state.set_next(**{ROW: row})
    st.rerun()


def step(ids: list[int], chosen: int | None, by: int, n_pages: int) -> None:
    """Go to the next or the previous interaction of the list, turning the page at its end."""
    place = ids.index(chosen) + by if chosen in ids else 0
    turned = st.session_state[PAGE] + by
    if 0 <= place < len(ids):
        st.session_state[ROW] = ids[place]
    elif 1 <= turned <= n_pages:
        st.session_state[PAGE] = turned
        st.session_state[ROW] = None
        st.session_state["_fl_last"] = by < 0


def table(rows: pd.DataFrame, chosen: int | None) -> None:
    """The page of the list, with the chosen interaction marked where it is on it."""
    ids = [int(row) for row in rows["row"]]
    # Marks are places: another page or order is another table, so that a mark never stays behind.
    key = "fl_table_" + hashlib.sha256(repr((run.id, ids)).encode()).hexdigest()[:12]
    marked = {"rows": [ids.index(chosen)] if chosen in ids else [], "columns": [], "cells": []}
    if st.session_state.get(key, {}).get("selection") != marked:
        st.session_state[key] = {"selection": marked}
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    shown = rows.assign(verdict=rows["verdict"].map(card.signed), grades=card.grade_pair(rows))
    columns = ["verdict", "p_noisy", "user_id", "title", "loss", "semantic", "grades", "edge"]
    st.dataframe(
        shown[[*columns, "kind"] if shown["kind"].notna().any() else columns],
        key=key,
        hide_index=True,
        row_height=28,
        height="stretch",
        placeholder="–",
        on_select=lambda: choose(key, ids),
        selection_mode="single-row",
        column_config={
            "verdict": text("Verdict", width=68, help=explain("verdict")),
            "p_noisy": st.column_config.ProgressColumn(
                "P(noisy)", format="%.2f", min_value=0, max_value=1, width=74, color="#8A8F98"
            ),
            "user_id": text("User", width=52),
            "title": text("Title", width=122),
            "loss": number("Loss", format="%.2f", width=48, help=explain("loss")),
            "semantic": number("Semantic", format="%.2f", width=66, help=explain("semantic")),
            "grades": text("Grades", width=76, help=card.GRADES_HELP),
            "edge": text("Edge", width=70, help=explain("refined")),
            "kind": text("Planted", width=76, help=explain("planted")),
        },
    )


def chooser(ids: list[int], n_pages: int) -> int | None:
    """Which interaction the card shows: the one of the address, else the first of the page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        before, after = st.empty(), st.empty()
        named = st.number_input(
            "Interaction",
            min_value=0,
            value=None,
            step=1,
            key=ROW,
            bind="query-params",
            placeholder="Interaction no.",
            label_visibility="collapsed",
            width=150,
        )
        first = ids[-1 if st.session_state.pop("_fl_last", False) else 0] if ids else None
        chosen = first if named is None else int(named)
        for slot, label, key, by in ((before, "Previous", "K", -1), (after, "Next", "J", 1)):
            arguments = (ids, chosen, by, n_pages)
            slot.button(label, shortcut=key, on_click=step, args=arguments, key=f"fl_{label}")
        saved_views.link()
    return chosen


st.title("Flagged interactions")
run = components.need_run()
st.caption(
    "Starts with hard and noisy interactions whose signals contradict each other most: "
    "there a second look decides most."
)
st.html(STYLE)
filters, order = review_filters.draw(run)
counts = state.ask(flagged.counts, run, filters)
total = sum(counts.values())
n_pages = max(1, -(-total // SIZE))
if st.session_state.get(PAGE, 1) > n_pages:  # another run or list has fewer pages
    st.session_state[PAGE] = n_pages
left, right = st.columns([1, 1], gap="medium")
with left:
    said = ", ".join(
        f"{theme.VERDICT_SIGNS[verdict]} {counts[verdict]:,} {verdict}"
        for verdict in theme.VERDICT_SIGNS
        if verdict in counts
    )
    st.text(f"{total:,} of {run.manifest.n_interactions:,} interactions: {said or 'none'}")
    review_filters.leave_out(run, total)
    listed = st.container(key="fl_list", height=640, border=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        number = st.pagination(n_pages, key=PAGE, bind="query-params", max_visible_pages=5)
        if total:
            name = f"{run.id}-flagged"
            components.downloads(partial(flagged.export, run, filters, order), "fl", name, total)
rows = state.ask(flagged.page, run, filters, order, number, SIZE)
with right:
    chosen = chooser([int(row) for row in rows["row"]], n_pages)
    with st.container(key="fl_card", height=640, border=True):
        if chosen is None:
            st.info("Nothing to show: no interaction passes the filters.", icon=":material/info:")
        else:
            if total and chosen not in set(rows["row"]):
                st.caption("The chosen interaction is not on this page of the list.")
            card.interaction(run, chosen, "fl", show)
with listed:
    if total:
        table(rows, chosen)
    else:
        st.info("No interaction passes these filters. Take one away.", icon=":material/filter_alt:")
