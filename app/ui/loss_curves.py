"""Loss curves of chosen interactions over the bands of the verdicts.

Titles and ids come from data: they are shown in a table and, escaped, in the figure.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services import loss_curves, losses
from app.services.store import Run
from app.ui import card, components, planted, review, state, theme
from app.ui.figures import loss_curves as figures
from app.ui.glossary import explain
from app.ui.graph_edges import mark
from app.ui.loss_distribution import AXES, COLUMNS, LOSS_HELP, choice

BAND: Final = (0.1, 0.5, 0.9)


def draw(run: Run) -> None:
    """Draw the view."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            placeholder="Title, or exact id of a user or an item",
            key="ls_find",
            bind="query-params",
            width=300,
            help="Part of a title, or an exact user id, item id or interaction number.",
        )
        with st.container(width=180):
            order = st.selectbox(
                "First", list(loss_curves.ORDERS), key="ls_order", bind="query-params"
            )
        verdicts = _pills("Verdict", "ls_only", "Of these verdicts alone. None chosen: all.")
        loss = choice("Loss", list(COLUMNS), "ls_loss", LOSS_HELP)
    listed = state.current_list(run)
    path = str(listed.path) if listed else ""
    chosen, total = state.ask(
        loss_curves.choose, run, text or "", tuple(verdicts), str(order), path
    )
    if chosen.empty:
        st.info("No interaction is found. Search for less.", icon=":material/search_off:")
        return
    chosen = chosen.assign(number=range(1, len(chosen) + 1))
    _figure(run, chosen, loss)
    where = "the review list" if listed else "the run"
    st.text(f"{len(chosen)} of {total:,} found in {where}, {order} first")
    row = _table(run, chosen)
    if st.button("Review them", icon=":material/checklist:", key="ls_lines"):
        review.show_list(run, chosen["row"].to_numpy(), f"loss curves, {order} first")
    if row is not None:
        with st.container(border=True):
            card.interaction(run, row, "ls_card")


def _figure(run: Run, chosen: pd.DataFrame, loss: str) -> None:
    column = COLUMNS[loss]
    found = state.ask(losses.bins, run, column, "verdict", False, "")
    if not len(found.epochs):
        st.info("This run kept no losses by epoch.", icon=":material/info:")
        return
    lines = state.ask(loss_curves.curves, run, tuple(map(int, chosen["row"])), column)
    bands = losses.quantiles(found, BAND)
    figure = figures.curves(chosen, lines, found.epochs, bands, AXES[loss])
    components.chart(figure, "ls_curves", f"{run.id}-loss-curves")
    st.caption(
        "Thick line: median of a verdict's interactions; band: eight in ten of them. "
        "A click on its name hides a band."
    )


def _table(run: Run, chosen: pd.DataFrame) -> int | None:
    """The drawn interactions, numbered as in the picture; the one that was clicked."""
    ids = [int(row) for row in chosen["row"]]
    # Marks are places: other rows are another table, so that a mark never stays behind.
    key = f"ls_table_{mark([run.id, *ids])}"
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns = ["number", "verdict", "p_noisy", "user_id", "title", "loss", "loss_variability"]
    event = st.dataframe(
        chosen.assign(verdict=chosen["verdict"].map(card.signed)),
        column_order=[*columns, "kind"]
        if planted.shown() and chosen["kind"].notna().any()
        else columns,
        key=key,
        hide_index=True,
        row_height=28,
        height=28 * len(chosen) + 36,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "number": number("Line", width=48),
            "verdict": text("Verdict", width=80, help=explain("verdict")),
            "p_noisy": number("P(noisy)", format="%.3f", width=80, help=explain("p_noisy")),
            "user_id": text("User", width=90),
            "title": text("Title"),
            "loss": number("Loss", format="%.3f", width=70, help=explain("loss")),
            "loss_variability": number(
                "Variability", format="%.3f", width=90, help=explain("loss_variability")
            ),
            "kind": text("Planted", width=90, help=explain("planted")),
        },
    )
    places = event["selection"]["rows"]
    st.caption("Choose one to see everything about it.")
    return ids[places[0]] if places and places[0] < len(ids) else None


def _pills(label: str, key: str, help_text: str) -> list[str]:
    return list(
        st.pills(
            label,
            list(theme.VERDICT_SIGNS),
            selection_mode="multi",
            format_func=lambda name: f"{theme.VERDICT_SIGNS[name]} {name}",
            key=key,
            bind="query-params",
            help=help_text,
        )
        or []
    )
