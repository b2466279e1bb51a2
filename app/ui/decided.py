"""What people decided in a run, said on the pages that show its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.services.decided import by_people
from app.services.store import Run

OVERVIEW: Final = (
    "The counts and the chart of verdicts, the losses by verdict and the examples include "
    "them. AUCs, the shares against planted truth, the price of a loss cut and the signals at the "
    "highest loss leave them out: the method did not find them out."
)
METHOD: Final = (
    "The counts of the steps, the grades and the graph include them. The examples of P(noisy), the "
    "comparison with planted noise and every AUC leave them out: the method did not find them out."
)
BEFORE: Final = "What the signals alone made of it, before labels corrected or overruled anything."


def is_by_person(facts: Mapping[str, Any]) -> bool:
    """Whether a label decided the verdict on a card; runs without labels say nothing of it."""
    return facts.get("decided_by") == "person"


def corrected(run: Run) -> bool:
    """Whether labels corrected how the signals make P(noisy)."""
    found = by_people(run.manifest)
    return found is not None and found.calibrated


def on_card(facts: Mapping[str, Any]) -> None:
    """In the head of a card, in place of a P(noisy) that a person set to 0 or 1."""
    st.text("◉ decided by a person")
    st.text(f"P(noisy) before {_before(facts)}", help=BEFORE)


def beside_moves(facts: Mapping[str, Any]) -> None:
    """Above the parts of P(noisy), which did not decide; nothing where they did."""
    if is_by_person(facts):
        st.text(
            f"A person decided that it is {facts['verdict']}. The signals alone, before any label: "
            f"P(noisy) {_before(facts)}."
        )


def draw(run: Run, counted: str) -> None:
    """Say how many verdicts people decided, and which numbers count them; nothing without labels.

    Args:
        run: Which run.
        counted: :data:`OVERVIEW` or :data:`METHOD`.
    """
    found = by_people(run.manifest)
    if found is None:
        return
    with st.container(border=True, gap="xxsmall"):
        st.markdown(
            f"**◉ People decided {found.n_decided:,} of {run.manifest.n_interactions:,} verdicts**"
        )
        st.text(
            f"The run was given {found.n_given:,} labels; {found.n_held_out:,} of them were kept "
            "for measuring and decided nothing."
        )
        if found.parent:
            st.text(f"Retrained from {found.parent}.")
        if found.calibrated:
            st.text("The labels also corrected how the signals make P(noisy) of all the others.")
        else:
            st.text("The labels did not correct P(noisy) of the others.")
            if found.why_not:
                st.text(f"Why not: {found.why_not}")
        if found.n_decided or found.calibrated:
            st.caption(counted)


def _before(facts: Mapping[str, Any]) -> str:
    value = facts.get("p_noisy_model")
    return "–" if value is None else f"{value:.3f}"
