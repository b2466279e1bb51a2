"""View of what labels did: on pairs kept for measuring, near the labels, and overall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services.compare import labels, metrics, settings
from app.services.compare.labels import Held
from app.services.store import Run
from app.ui import state

SAID: Final = {
    "n": "Labels given",
    "n_used": "Used",
    "n_held_out": "Kept for measuring",
    "n_unknown": "Not in this dataset",
    "n_misplaced": "Misplaced",
    "n_reserved": "Validation or test",
}
HELP: Final = {
    "n_misplaced": "Clean, hard or noisy said of a pair that was not observed here, or like or not "
    "said of one that was: left out.",
    "n_reserved": "Pairs that validation or test holds: nothing but the final measuring may look "
    "at them, so these labels are left out.",
}
INFO: Final = ":material/info:"
FEW: Final = 15
"""Pairs of a kind below which a comparison says little."""


def draw(one: Run, two: Run, letter: str) -> None:
    """Draw the view; arguments as in :func:`app.ui.compare.verdicts.draw`."""
    found = labels.quality(two)
    if found is None or not labels.has_labels(two):
        st.info(
            f"Run {letter} was given no labels. Label pairs, start a run with them, and compare "
            "it with this one.",
            icon=INFO,
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
    known = [
        (name, title, said[name]) for name, title in SAID.items() if isinstance(said.get(name), int)
    ]
    if known:
        for column, (name, title, value) in zip(st.columns(len(known)), known, strict=True):
            column.metric(title, f"{value:,}", help=HELP.get(name))
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
    held = state.ask(labels.held_out, one, two.id)
    st.subheader(
        "On pairs drawn at random that neither run used",
        help="Labels kept for measuring, of pairs that somebody met in the random order: they "
        "stand for all pairs, whatever a run made of them.",
    )
    if held.sampled is None:
        st.info("This run does not say which labels came of the random order.", icon=INFO)
    elif not _n(held.sampled):
        st.info(
            "No label of the random order was kept for measuring. Label in the order “random”: "
            "only such labels compare runs fairly.",
            icon=INFO,
        )
    else:
        _measured(held.sampled, letter)
    st.subheader("On all pairs that neither run used")
    if not _n(held.every):
        st.info("No label was kept for measuring.", icon=INFO)
        return
    _measured(held.every, letter)
    st.caption(
        "Most of these pairs were chosen by the order of a queue, often for what A made of them "
        "(the most suspicious ones, those at the threshold): among them A's own P(noisy) can tell "
        f"little apart. This favours the newer run, {letter}; it does not say how much better the "
        "run is."
    )


def _n(held: Held) -> int:
    return held.n_noisy + held.n_genuine


def _measured(held: Held, letter: str) -> None:
    st.text(f"{held.n_noisy:,} labelled noisy, {held.n_genuine:,} labelled clean or hard.")
    table = pd.DataFrame(
        [
            ("AUC of P(noisy), noisy against genuine", held.auc_a, held.auc_b),
            ("Verdict and label agree: noisy or not", held.noisy_or_not_a, held.noisy_or_not_b),
            ("Verdict is the label (clean: not noisy)", held.same_a, held.same_b),
        ],
        columns=["what", "a", "b"],
    )
    _numbers(table, letter)
    if min(held.n_noisy, held.n_genuine) < FEW:
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
    found, n_left_out = state.ask(metrics.against_truth, one, two.id)
    if found.empty:
        st.info("Not known: the noise of this dataset was not planted.", icon=INFO)
        return
    _numbers(found, letter)
    if n_left_out:
        st.caption(
            f"Both over the same interactions: {n_left_out:,} are left out on both sides, "
            "because a label decided them or helped to correct P(noisy). So these numbers differ a "
            "little from those of the Overview."
        )


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
