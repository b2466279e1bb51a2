"""View of the distributions of the loss, runs over each other."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.services.compare import losses
from app.services.store import Run
from app.ui import components, state
from app.ui.compare import picker
from app.ui.figures import compare as figures
from app.ui.glossary import explain
from app.ui.graph_edges import verdict_cell
from core.types import VERDICTS

CURVE, BARS = "Cumulative", "Histogram"
KIND: Final = "co_loss"


def draw(runs: list[Run]) -> None:
    """Loss by verdict in each run."""
    marks = picker.letters(runs)
    kind = st.segmented_control(
        "Shape",
        [CURVE, BARS],
        default=CURVE,
        required=True,
        key=KIND,
        bind="query-params",
        help=explain("loss"),
    )
    tables = {marks[run.id]: state.ask(losses.shares, run) for run in runs}
    if all(table.empty for table in tables.values()):
        st.info("No loss is known in these runs.", icon=":material/info:")
        return
    if kind == BARS:
        high = max(float(table["loss"].max()) for table in tables.values() if len(table))
        tables = {marks[run.id]: state.ask(losses.histogram, run, high) for run in runs}
    figure = figures.losses(tables, kind == CURVE)
    components.chart(figure, "co_losses", "loss-by-verdict")
    st.caption(
        "Out-of-fold loss at the end of training, each verdict as its own run gave it: the same "
        "interaction may stand in another panel in another run."
    )
    st.subheader("Median loss")
    found = {run.id: state.ask(losses.medians, run) for run in runs}
    table = pd.DataFrame(
        [
            {"verdict": verdict_cell(name)} | {key: one.get(name) for key, one in found.items()}
            for name in VERDICTS
        ]
    )
    form = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        width=460,
        column_config={
            "verdict": "Verdict",
            **{key: form(marks[key], format="%.3f", help=key) for key in found},
        },
    )
