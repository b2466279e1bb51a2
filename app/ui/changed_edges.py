"""The table of edges: filters, pages, rationale, export."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.services import graph_diff
from app.services.graph_diff import CHANGES, DECISIONS, NEVER, ORDERS, Filter
from app.services.store import Run
from app.ui import components, paging, review, state
from app.ui.graph_edges import (
    decision_cell,
    edge_actions,
    edge_columns,
    mark,
    observed,
    verdict_cell,
)
from core.types import VERDICTS

PAGE_ROWS: Final = 50
EVERY: Final = "every reason"


def draw(run: Run) -> None:
    """Filters, a page of edges, downloads, and the selected edge."""
    which, order = _filters(run)
    n, n_observed = state.ask(graph_diff.count, run, which)
    if not n:
        st.info("No edge fits these filters.", icon=":material/filter_alt_off:")
        return
    _actions(run, which, order, n, n_observed)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{n:,} edges", width="content")
        number = paging.number(n, PAGE_ROWS, "gd_page")
    _table(run, which, order, (number - 1) * PAGE_ROWS)


def _filters(run: Run) -> tuple[Filter, str]:
    first, second = st.columns(2)
    decisions = first.segmented_control(
        "Edges",
        DECISIONS,
        selection_mode="multi",
        default=list(CHANGES),
        key="gd_edge",
        bind="query-params",
        help="Nothing chosen = all of them.",
    )
    verdicts = second.segmented_control(
        "Verdicts",
        (*VERDICTS, NEVER),
        selection_mode="multi",
        key="gd_verdict",
        bind="query-params",
        help="Nothing chosen = all of them.",
    )
    text, reason, order = st.columns([3, 3, 2])
    part = text.text_input(
        "User or item",
        key="gd_text",
        bind="query-params",
        type="search",
        placeholder="id or title, or part of one",
    )
    reasons = sorted(set(state.ask(graph_diff.flows, run)["reason"]))
    chosen = reason.selectbox("Why", [EVERY, *reasons], key="gd_why", bind="query-params")
    by = order.selectbox("Order", list(ORDERS), key="gd_order", bind="query-params")
    which = Filter(
        tuple(decisions) or DECISIONS,
        tuple(verdicts),
        "" if chosen == EVERY else str(chosen),
        (part or "").strip(),
        state.current_list(run),
    )
    return which, str(by)


def _actions(run: Run, which: Filter, order: str, n: int, n_observed: int) -> None:
    def write(target: Path) -> None:
        graph_diff.export(run, which, order, target)

    with st.container(horizontal=True, vertical_alignment="center"):
        components.downloads(write, "gd_table", "edges", n)
        if n_observed and st.button(
            "Review these",
            key="gd_review",
            icon=":material/fact_check:",
            help=f"Make the {n_observed:,} observed ones the review list and open it.",
        ):
            rows = graph_diff.rows(run, which)
            named = " and ".join(which.decisions)
            review.show_list(run, rows, f"edges that were {named} by the refined graph")


def _table(run: Run, which: Filter, order: str, offset: int) -> None:
    found = state.ask(graph_diff.page, run, which, order, PAGE_ROWS, offset)
    table = found.assign(
        decision=found["decision"].map(decision_cell), verdict=found["verdict"].map(verdict_cell)
    )
    event = st.dataframe(
        table,
        # Selections are places: other rows need another table.
        key=f"gd_rows_{mark([run.id, *zip(found['user'], found['item'], strict=True)])}",
        column_order=[
            *("decision", "user_id", "title", "verdict", "p_noisy", "weight"),
            *("reason", "user_reason", "item_reason"),
        ],
        hide_index=True,
        height=560,
        on_select="rerun",
        selection_mode="single-row",
        column_config=edge_columns(),
        placeholder="–",
    )
    picked = event["selection"]["rows"]
    if picked:
        edge = found.iloc[picked[0]]
        ends = {"user": str(edge["user_id"]), "item": str(edge["item_id"])}
        if edge["user_reason"] or edge["item_reason"]:
            st.text(f"User's view: {edge['user_reason']}\nItem's view: {edge['item_reason']}")
        edge_actions(run, observed(found["row"].iloc[picked[0]]), ends)
