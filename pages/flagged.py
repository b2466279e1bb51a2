"""Flagged interactions: a list to work through, and the card of the chosen one beside it.

The chosen interaction is a number (``fl_row`` in the address), never a place in the table. List,
chooser and card can be drawn each by itself: a turned page leaves the card alone, a chosen row
leaves the list alone. Filters change all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pandas as pd
import streamlit as st

from app.services import flagged
from app.ui import (
    card,
    components,
    labels_at_hand,
    planted,
    review_filters,
    saved_views,
    state,
    theme,
)
from app.ui.glossary import explain
from app.ui.label import labels
from app.ui.review import NEXT, PAGE, ROW, part

SIZE = 30
LIST, CHOOSER, CARD = PARTS = ("fl_part_list", "fl_part_chooser", "fl_part_card")
STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-fl_card), .st-key-fl_card,
[data-testid="stLayoutWrapper"]:has(> .st-key-fl_list), .st-key-fl_list {
  height: max(520px, calc(100vh - 310px)) !important; flex: 0 0 auto !important;
}
</style>"""


def wanted(key: str) -> int | None:
    """Page or interaction that is chosen; the address counts where its field is not drawn yet."""
    for known in (st.session_state.get(NEXT, {}), st.session_state):
        if key in known:
            value: int | None = known[key]
            return value
    said = st.query_params.get(key, "")
    return int(said) if said.isdecimal() else None


def draw_next(parts: Sequence[str], **values: int | None) -> NoReturn:
    """From a callback: choose, and draw these parts alone."""
    st.session_state[NEXT] = {**st.session_state.get(NEXT, {}), **values}
    st.rerun(parts)


def in_force() -> flagged.Filters:
    """The filters; parts that are drawn by themselves may outlive the file of labels in them."""
    path = filters.labels_path
    if not path or Path(path).is_file():
        return filters
    return replace(filters, labels_path=labels_at_hand.path(run))


def write_list(target: Path) -> None:
    """Write all that the filters leave."""
    flagged.export(run, in_force(), order, target)


def listed(page: int | None = None) -> pd.DataFrame:
    """A page of the list; the one on screen, unless another is named."""
    return state.ask(flagged.page, run, in_force(), order, page or wanted(PAGE) or 1, SIZE)


def numbers(page: int | None = None) -> list[int]:
    """Interactions on a page."""
    return [int(row) for row in listed(page)["row"]]


def chosen_of(ids: list[int]) -> int | None:
    """Which interaction the card shows: the one of the address, else the first of the page."""
    named = wanted(ROW)
    return next(iter(ids), None) if named is None else int(named)


def choose(key: str, ids: list[int]) -> None:
    """Take the row that was clicked as the chosen interaction."""
    places = st.session_state[key]["selection"]["rows"]
    if places and places[0] < len(ids):
        draw_next([CHOOSER, CARD], **{ROW: ids[places[0]]})
    draw_next([LIST])  # the chosen one keeps its mark


def show(row: int) -> None:
    """Choose an interaction that the card led to."""
    state.set_next(**{ROW: row})
    st.rerun()


def step(by: int) -> None:
    """Go to the next or the previous interaction of the list, turning the page at its end."""
    page, ids = wanted(PAGE) or 1, numbers()
    chosen = chosen_of(ids)
    place = ids.index(chosen) + by if chosen in ids else 0
    if not 0 <= place < len(ids):
        page += by
        if not 1 <= page <= n_pages:
            return
        ids, place = numbers(page), 0 if by > 0 else -1
    draw_next(PARTS, **{PAGE: page, ROW: ids[place]})


def turn(before: int) -> None:
    """Turn a page; the card stays what it was, so that it has a number from here on."""
    if wanted(ROW) is None:
        draw_next([LIST, CHOOSER], **{ROW: chosen_of(numbers(before))})
    draw_next([LIST, CHOOSER])


def table(rows: pd.DataFrame) -> None:
    """The page of the list, with the chosen interaction marked where it is on it."""
    ids = [int(row) for row in rows["row"]]
    chosen = chosen_of(ids)
    # Marks are places: another page or order is another table, so that a mark never stays behind.
    key = "fl_table_" + hashlib.sha256(repr((run.id, ids)).encode()).hexdigest()[:12]
    marked = {"rows": [ids.index(chosen)] if chosen in ids else [], "columns": [], "cells": []}
    if st.session_state.get(key, {}).get("selection") != marked:
        st.session_state[key] = {"selection": marked}
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    shown = rows.assign(
        verdict=rows["verdict"].map(card.signed),
        grades=card.grade_pair(rows),
        label=rows["label"].map(labels.signed),
    )
    columns = ["verdict", "label", "p_noisy", "user_id", "title", "loss", "semantic", "grades"]
    empty = {name for name in ("label", "kind") if rows[name].isna().all()}
    empty |= set() if planted.shown() else {"kind"}
    st.dataframe(
        shown[[name for name in (*columns, "edge", "kind") if name not in empty]],
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
            "label": text("Label", width=76, help="What people decided, all of them together."),
            "kind": text("Planted", width=76, help=explain("planted")),
        },
    )


@part(LIST)
def draw_list() -> None:
    """Counts, the page of the list, and the way to its other pages."""
    said = ", ".join(
        f"{theme.VERDICT_SIGNS[verdict]} {counts[verdict]:,} {verdict}"
        for verdict in theme.VERDICT_SIGNS
        if verdict in counts
    )
    st.text(f"{total:,} of {run.manifest.n_interactions:,} interactions: {said or 'none'}")
    review_filters.leave_out(run, total)
    place = st.container(key="fl_list", height=640, border=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        pages()
        if total:
            name = f"{run.id}-flagged"
            components.downloads(write_list, "fl", name, total)
    with place:
        if total:
            table(listed())
        else:
            st.info(
                "No interaction passes these filters. Take one away.", icon=":material/filter_alt:"
            )


def pages() -> None:
    """The way to the other pages of the list."""
    number = st.pagination(
        n_pages,
        key=PAGE,
        bind="query-params",
        max_visible_pages=5,
        on_change=lambda: turn(number),
    )


@part(CHOOSER)
def draw_chooser() -> None:
    """Number of the chosen interaction, the ways to its neighbours, and the link to all this."""
    ids = numbers()
    chosen = chosen_of(ids)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        before, after = st.empty(), st.empty()
        st.number_input(
            "Interaction",
            min_value=0,
            value=None,
            step=1,
            key=ROW,
            bind="query-params",
            placeholder="Interaction no.",
            label_visibility="collapsed",
            width=150,
            on_change=lambda: st.rerun(PARTS),
        )
        for slot, label, key, by in ((before, "Previous", "K", -1), (after, "Next", "J", 1)):
            slot.button(label, shortcut=key, on_click=step, args=(by,), key=f"fl_{label}")
        saved_views.link()
        if total and chosen not in ids:
            st.caption("not on this page of the list", width="content")


@part(CARD)
def draw_card() -> None:
    """Everything about the chosen interaction."""
    chosen = chosen_of(numbers())
    with st.container(key="fl_card", height=640, border=True):
        if chosen is None:
            st.info("Nothing to show: no interaction passes the filters.", icon=":material/info:")
        else:
            card.interaction(run, chosen, "fl", show)


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
    draw_list()
with right:
    draw_chooser()
    draw_card()
