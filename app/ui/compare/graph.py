"""View of changed edges between two refined graphs."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app.services.compare import graph
from app.services.compare.graph import ABSENT, Change
from app.services.graph_diff import DECISIONS
from app.services.store import Run
from app.ui import components, paging, state
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.graph_edges import decision_cell, ink

SIZE: Final = 40
ANY: Final = "any"


def draw(one: Run, two: Run, letter: str) -> None:
    """Draw the view; arguments as in :func:`app.ui.compare.verdicts.draw`."""
    why = graph.missing(one, two.id)
    if why:
        st.info("The graphs cannot be compared.", icon=":material/info:")
        st.text(why)
        return
    found = state.ask(graph.summary, one, two.id)
    flows = graph.flows(found)
    same = flows["before"] == flows["after"]
    for column, (title, value) in zip(
        st.columns(4),
        (
            ("Edges in one of the graphs", f"{flows['n'].sum():,}"),
            ("Decided otherwise", f"{flows.loc[~same, 'n'].sum():,}"),
            ("Same decision, other weight", f"{flows.loc[same, 'moved'].sum():,}"),
            ("Weight of all", f"{flows['weight_a'].sum():,.0f} → {flows['weight_b'].sum():,.0f}"),
        ),
        strict=True,
    ):
        column.metric(title, value)
    st.caption(f"Another weight: it differs by {graph.FROM} or more.")
    components.chart(figures.edge_flows(flows, ink(), "A", letter), "co_edges", "edge-changes")
    changed = found[(found["before"] != found["after"]) | (found["moved"] > 0)]
    if changed.empty:
        st.success("Both graphs are the same.")
        return
    st.subheader("By reason")
    _reasons(changed, letter)
    st.subheader("Changed edges")
    _list(one, two, letter, found)


def _cell(decision: str) -> str:
    return "○ absent" if decision == ABSENT else decision_cell(decision)


def _signed(found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(before=found["before"].map(_cell), after=found["after"].map(_cell))


def _reasons(found: pd.DataFrame, letter: str) -> None:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        _signed(found),
        column_order=["before", "after", "n", "moved", "reason_a", "reason_b"],
        hide_index=True,
        height="content" if len(found) < 10 else 320,
        column_config={
            "before": text("A", width="small", help=explain("decision")),
            "after": text(letter, width="small", help=explain("decision")),
            "n": number("Edges", format="localized"),
            "moved": number("Other weight", format="localized"),
            "reason_a": text("Why in A"),
            "reason_b": text(f"Why in {letter}"),
        },
    )


def _list(one: Run, two: Run, letter: str, found: pd.DataFrame) -> None:
    first, second, _ = st.columns([2, 2, 6])
    kinds = [ANY, *DECISIONS, ABSENT]
    before = first.selectbox("In A", kinds, key="co_edge_from", bind="query-params")
    after = second.selectbox(f"In {letter}", kinds, key="co_edge_to", bind="query-params")
    which = Change(*("" if name == ANY else str(name) for name in (before, after)))
    n = graph.n_of(found, which)
    if not n:
        st.info("No edge fits these filters.", icon=":material/filter_alt_off:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{n:,} edges", width="content")
        number = paging.number(n, SIZE, "co_edge_page")
        write = partial(graph.export, one, two.id, which)
        components.downloads(write, "co_edge_table", "changed-edges", n)
    rows = state.ask(graph.page, one, two.id, which, SIZE, (number - 1) * SIZE)
    text, form = st.column_config.TextColumn, st.column_config.NumberColumn
    st.dataframe(
        _signed(rows),
        hide_index=True,
        height=420,
        column_config={
            "user_id": text("User", width="small"),
            "item_id": text("Item", width="small"),
            "before": text("A", width="small"),
            "after": text(letter, width="small"),
            "weight_a": form("Weight A", format="%.2f", help=explain("edge_weight")),
            "weight_b": form(f"Weight {letter}", format="%.2f", help=explain("edge_weight")),
            "reason_a": text("Why in A"),
            "reason_b": text(f"Why in {letter}"),
        },
    )
