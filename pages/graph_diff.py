"""Graph diff: the original graph against the refined one, as a whole and around one node."""

import pandas as pd
import streamlit as st

from app.services import graph_diff
from app.services.store import Run
from app.ui import changed_edges, components, neighbourhood, state
from app.ui.figures import graph_diff as figures
from app.ui.glossary import explain
from app.ui.graph_edges import decision_cell, ink, verdict_cell

VIEW = "gd_view"
GRAPH, NODE, EDGES = "Whole graph", "User or item", "Changed edges"
SEEN = "_gd_seen"


def follow_link() -> None:
    """Open the view of one node after a link to it; an address that names a view keeps it."""
    centre = neighbourhood.typed()
    moved = SEEN in st.session_state and any(centre) and centre != st.session_state[SEEN]
    if moved:
        state.put(VIEW, NODE)
    elif VIEW not in st.session_state and VIEW not in st.query_params:
        state.put(VIEW, NODE if any(centre) else GRAPH)
    st.session_state[SEEN] = centre


def whole_graph(run: Run) -> None:
    """Totals, flows and degrees."""
    totals = state.ask(graph_diff.totals, run).iloc[0]
    shown = [name for name in graph_diff.DECISIONS if name != "weakened" or totals[name]]
    before, after, *columns = st.columns(2 + len(shown))
    before.metric("Edges before", f"{totals['original']:,.0f}", help=explain("original"))
    after.metric("Edges after", f"{totals['refined']:,.0f}", help=explain("refined"))
    for column, decision in zip(columns, shown, strict=True):
        column.metric(
            decision_cell(decision),
            f"{totals[decision]:,.0f}",
            f"{totals[decision] / max(1, totals['original']):.1%} of before",
            delta_color="off",
            delta_arrow="off",
            help=explain(decision) if decision in graph_diff.CHANGES else None,
        )
    if totals["weakened"]:
        st.caption(
            f"A weakened edge keeps less than {graph_diff.KEPT_FROM:.0%} of its weight. With soft "
            "weights every observed edge that nobody labelled keeps 1 − P(noisy), at least 5%, "
            "that of a clean interaction too. How much is left stands in the column Weight."
        )
    flows = state.ask(graph_diff.flows, run)
    st.subheader("From verdict to edge")
    components.chart(figures.flows(flows, ink()), "gd_flows", "edge_flows")
    reasons(flows)
    st.subheader("Degrees")
    shares = state.ask(graph_diff.degrees, run)
    for column, kind in zip(st.columns(2, gap="large"), ("user", "item"), strict=True):
        with column:
            components.chart(
                figures.degrees(shares, kind, ink()), f"gd_degrees_{kind}", f"{kind}_degrees"
            )
    st.caption(
        f"Left without an edge: {totals['users_alone']:,.0f} users, "
        f"{totals['items_alone']:,.0f} items. A weakened edge counts its weight."
    )


def reasons(flows: pd.DataFrame) -> None:
    """Edges by verdict, decision and reason."""
    table = flows.assign(
        verdict=flows["verdict"].map(verdict_cell), decision=flows["decision"].map(decision_cell)
    )
    known = flows["planted"].notna().any()
    st.dataframe(
        table,
        column_order=[
            "verdict",
            "decision",
            "band",
            "reason",
            "n",
            "weight",
            *["planted"][: int(known)],
        ],
        hide_index=True,
        placeholder="–",
        column_config={
            "verdict": st.column_config.TextColumn("Verdict", help=explain("verdict")),
            "decision": st.column_config.TextColumn("Edge", help=explain("decision")),
            "band": st.column_config.TextColumn("Weight", help=explain("weakened")),
            "reason": st.column_config.TextColumn("Why", width="medium"),
            "n": st.column_config.NumberColumn("Edges", format="localized"),
            "weight": st.column_config.NumberColumn(
                "Mean weight", format="%.2f", help=explain("edge_weight")
            ),
            "planted": st.column_config.NumberColumn(
                "Planted noise", format="percent", help=explain("planted")
            ),
        },
    )


st.title("Graph diff")
run = components.need_run()
follow_link()
view = st.segmented_control(
    "View",
    [GRAPH, NODE, EDGES],
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
{NODE: neighbourhood.draw, EDGES: changed_edges.draw}.get(view, whole_graph)(run)
