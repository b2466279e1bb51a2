"""What a dataset holds, and what became of the rows of its files."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.services import dataset_tables
from app.services.datasets import PreparedData
from app.ui import components
from app.ui.data_state import ask
from app.ui.figures import datasets as figures

COUNTS = {
    "n_users": ("Users", "With at least one train interaction."),
    "n_items": ("Items", "With at least one train interaction."),
    "n_train": ("Train", "What the method learns from and judges."),
    "n_valid": ("Validation", "Decides when training stops."),
    "n_test": ("Test", "Measures recommendations; the method never reads it."),
}


def draw(data: PreparedData) -> None:
    """Draw counts, split, rows left out, and how uneven the data is."""
    counts, report = data.manifest.counts, data.manifest.report
    for column, (name, (title, meaning)) in zip(st.columns(5), COUNTS.items(), strict=True):
        known = f"{counts[name]:,}" if name in counts else "–"
        column.metric(title, known, help=meaning, border=True)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("What became of the rows")
        _rows(data)
    with right:
        st.subheader("How it was made")
        pairs = {
            "Source": report.source,
            "Split": report.split_rule,
            "Items without any text": _number(report.n_items_without_text),
            "Planted noise": _planted(data),
            "Fingerprint": data.manifest.fingerprint[:16],
        }
        with st.container(border=True, gap="xsmall"):
            for name, value in pairs.items():
                label, told = st.columns([1, 3], gap="small")
                label.caption(name)
                told.text(value)
    for column, side in zip(st.columns(2, gap="large"), ("user", "item"), strict=True):
        with column:
            title = "Activity of users" if side == "user" else "Popularity of items"
            st.subheader(title)
            found = ask(dataset_tables.degrees, data, side)
            figure = figures.long_tail(found, f"{side}s")
            components.chart(figure, f"da_degree_{side}", f"{data.name}-{side}s")


def _planted(data: PreparedData) -> str:
    """What is known of planted noise before any run has measured it."""
    n_planted = data.manifest.report.n_planted
    if n_planted:
        return f"{n_planted:,} train interactions"
    if data.manifest.has_truth:
        return "came with the files; how much is not known yet: the first run counts it"
    return "not known: none was added, and the files do not say"


def _rows(data: PreparedData) -> None:
    report, counts = data.manifest.report, data.manifest.counts
    kept = sum(counts.get(name, 0) for name in ("n_train", "n_valid", "n_test"))
    steps = [("in the files", report.n_raw_rows)]
    steps += [(f"left out: {entry.reason}", -entry.n_rows) for entry in report.left_out]
    if report.n_planted:
        steps.append(("planted noise", report.n_planted))
    steps.append(("in the dataset", kept))
    _table(
        pd.DataFrame(
            {
                "What": [name for name, _ in steps],
                "Rows": [
                    _number(n, signed=0 < place < len(steps) - 1)
                    for place, (_, n) in enumerate(steps)
                ],
            }
        )
    )


def _table(table: pd.DataFrame) -> None:
    st.dataframe(
        table,
        hide_index=True,
        row_height=28,
        column_config={
            "Rows": st.column_config.TextColumn(width=80, alignment="right"),
            "What": st.column_config.TextColumn(width=200),
        },
    )


def _number(value: int | None, signed: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:+,}".replace("-", "−") if signed else f"{value:,}"
