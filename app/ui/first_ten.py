"""A user's first recommendations before and after, what moved and what speaks for it."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import recommendations
from app.services.store import Run
from app.ui import components, state
from app.ui.figures import moves
from app.ui.glossary import explain
from app.ui.graph_edges import WIDE, decision_cell, frame_writer, ink, mark

SIDES: Final = ("before", "after")


def draw(run: Run, name: str, user: int) -> None:
    """The lists of one user side by side, and what speaks for each move."""
    st.subheader("First ten recommendations, before and after")
    if not recommendations.known(run):
        st.info(
            "This run kept no embeddings of its recommenders: run it again to see this.",
            icon=":material/info:",
        )
        return
    top = state.ask(recommendations.top, run, user)
    st.caption(
        "Before: plain LightGCN on the original graph. After: LLMHNI. Items the user met in "
        "training are left out of both lists; items of added edges are not."
    )
    _hits(run, user, top)
    grid = st.grid(min_column_width=WIDE, gap="large")
    with grid.cell():
        figure = moves.moves(top, recommendations.K, ink())
        components.chart(figure, key=f"gd_moves_{mark([name])}", name="first_ten")
    with grid.cell():
        _table(top)
    st.caption(
        "What stands beside a move is a circumstance, not a part of the score: a graph network "
        "cannot be taken apart edge by edge. Nearest = cosine in the aligned text space."
    )


def _table(top: pd.DataFrame) -> None:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        _cells(top),
        column_order=[
            *("after", "before", "move", "title"),
            *(["star"] if top["hit"].notna().any() else []),
            *("edge", "near_title", "near_edge", "near", "others"),
        ],
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "after": number("After", width=50, format="localized", help=explain("place")),
            "before": number("Before", width=55, format="localized", help=explain("place")),
            "move": number("Move", width=50, format="%+d"),
            "title": text("Item", width=150),
            "star": text("Test", width=40, help=explain("test_hit")),
            "edge": text("Edge", width=65, help="Edge of this user to it in the refined graph."),
            "near_title": text("Nearest in the history", width=145, help=explain("near")),
            "near_edge": text("Its edge", width=80, help="What became of that edge."),
            "near": number("Cosine", width=50, format="%.2f", help=explain("near")),
            "others": text(
                "All its edges",
                width=80,
                help="Edges of the item over all users: added, and dropped or weakened.",
            ),
        },
    )
    components.downloads(frame_writer(top), "gd_top", "first_ten", len(top))


def _cells(top: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of each move."""
    pairs = zip(top["item_added"], top["item_dropped"], strict=True)
    return top.assign(
        move=top["before"] - top["after"],
        star=["★" if hit is not None and bool(hit) else "" for hit in top["hit"]],
        edge=[decision_cell("added") if added else "" for added in top["edge_added"]],
        near_edge=top["near_decision"].map(decision_cell, na_action="ignore"),
        others=[f"+{added:,} −{dropped:,}" for added, dropped in pairs],
    )


def _hits(run: Run, user: int, top: pd.DataFrame) -> None:
    total = state.ask(recommendations.n_test, run, user)
    if not total:
        return
    hits = top["hit"].astype(bool)
    before, after = (int((hits & (top[side] <= recommendations.K)).sum()) for side in SIDES)
    st.metric(
        f"Test items of this user among the ten, of {total:,}",
        f"{before} → {after}",
        help=explain("test_hit"),
        width="content",
    )
