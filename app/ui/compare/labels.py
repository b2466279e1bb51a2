"""View of what labels did: on pairs kept for measuring, near the labels, and overall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services.compare import labels, metrics, settings
from app.services.store import Run
from app.ui import state

SAID: Final = {
    "n": "Labels given",
    "n_used": "Used",
    "n_held_out": "Kept for measuring",
    "n_unknown": "Not in this dataset",
}


def draw(one: Run, two: Run, letter: str) -> None:
    """Draw the view; arguments as in :func:`app.ui.compare.verdicts.draw`."""
    found = labels.quality(two)
    if found is None or not labels.has_labels(two):
        st.info(
            f"Run {letter} was given no labels. Label pairs, start a run with them, and compare "
            "it with this one.",
            icon=":material/info:",
        )
    else:
        _given(found)
        if (settings.differences([one, two])["part"] == "setting").any():
            st.warning(
                "The settings of these runs differ as well: not every change comes of the labels.",
                icon=":material/warning:",
            )
        _held_out(one, two, letter)
        _neighbours(one, two)
    st.subheader("Against planted truth")
    _detection(one, two, letter)


def _given(found: Mapping[str, Any]) -> None:
    said = dict(found)
    known = [(title, said[name]) for name, title in SAID.items() if isinstance(said.get(name), int)]
    if known:
        for column, (title, value) in zip(st.columns(len(known)), known, strict=True):
            column.metric(title, f"{value:,}")
    if "calibrated" in said:
        st.text(
            "Labels corrected how the signals make P(noisy)."
            if said["calibrated"]
            else "Labels did not correct P(noisy); they decide their own pairs alone."
        )
    for name in ("why", "why_not", "reason"):
        if isinstance(said.get(name), str) and said[name]:
            st.text(said[name])


def _held_out(one: Run, two: Run, letter: str) -> None:
    st.subheader(
        "On labels that neither run used",
        help="Kept for measuring: the only honest measure of what labelling brought.",
    )
    held = state.ask(labels.held_out, one, two.id)
    if not held.n_noisy + held.n_genuine:
        st.info("No label was kept for measuring.", icon=":material/info:")
        return
    st.text(f"{held.n_noisy:,} labelled noisy, {held.n_genuine:,} labelled clean or hard.")
    table = pd.DataFrame(
        [
            ("AUC of P(noisy), noisy against genuine", held.auc_a, held.auc_b),
            ("Verdict agrees with the label", held.agree_a, held.agree_b),
        ],
        columns=["what", "a", "b"],
    )
    _numbers(table, letter)
    if min(held.n_noisy, held.n_genuine) < 15:
        st.caption("So few pairs say little: a handful of others could turn the comparison.")


def _neighbours(one: Run, two: Run) -> None:
    st.subheader(
        "Near the labels that were used",
        help="Interactions without a label. One may be near several labels and counts in each row.",
    )
    found = state.ask(labels.neighbours, one, two.id)
    number = st.column_config.NumberColumn
    st.dataframe(
        found.assign(group=found["group"].map(labels.GROUPS)),
        hide_index=True,
        placeholder="–",
        column_config={
            "group": st.column_config.TextColumn("Interactions", width="large"),
            "n": number("How many", format="localized"),
            "change": number("Mean change of P(noisy)", format="%+.4f"),
            "to_noisy": number("Became noisy", format="localized"),
            "from_noisy": number("No longer noisy", format="localized"),
        },
    )


def _detection(one: Run, two: Run, letter: str) -> None:
    a, b = metrics.numbers(one), metrics.numbers(two)
    names = [
        name
        for name in a
        if name.startswith(("AUC", "Planted", "Hard")) and not (a[name] is None and b[name] is None)
    ]
    if not names:
        st.info("Not known: the noise of this dataset was not planted.", icon=":material/info:")
        return
    rows = [(name, a[name], b[name]) for name in names]
    _numbers(pd.DataFrame(rows, columns=["what", "a", "b"]), letter)


def _numbers(table: pd.DataFrame, letter: str) -> None:
    table = table.astype({"a": "float64", "b": "float64"})
    form = st.column_config.NumberColumn
    st.dataframe(
        table.assign(change=np.asarray(table["b"] - table["a"])),
        hide_index=True,
        placeholder="–",
        column_config={
            "what": st.column_config.TextColumn("", width="large"),
            "a": form("A", format="%.3f"),
            "b": form(letter, format="%.3f"),
            "change": form("Change", format="%+.3f"),
        },
    )
