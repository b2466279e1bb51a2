"""Labels of the workspace where pages join them to a run, and the buttons that make one."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.services.labels import at_hand, current, events
from app.services.labels.decisions import Context, Decision
from app.services.labels.schema import OBSERVED, UNSURE
from app.services.store import Run
from app.ui import analyst, database, state
from app.ui.label import labels
from core.errors import WorkbenchError

HELP: Final = (
    "Your label: it overrules model and judge in a run that is retrained with the labels "
    "(page Label). Kept with your name; the page Label can undo it."
)


def path(run: Run) -> str:
    """File of the labels of the run's dataset; empty where there are none, or none can be read."""
    try:
        with database.cursor() as cursor:
            found = at_hand.table(cursor, run.manifest.dataset, state.workspace())
    except (WorkbenchError, OSError):
        return ""  # the page Label says why; a list of interactions does without
    return "" if found is None else str(found)


def buttons(run: Run, facts: dict[str, Any], key: str) -> None:
    """Draw the label of a train interaction, with a way to change it.

    Args:
        run: Whose interaction.
        facts: What the card knows about it.
        key: Prefix of the keys; unique on the page.
    """
    try:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            _buttons(run, facts, f"{key}_label_{facts['row']}")
    except WorkbenchError as error:
        st.caption("Labels are not available:")
        st.text(str(error))


def _buttons(run: Run, facts: dict[str, Any], key: str) -> None:
    pair = (str(facts["user_id"]), str(facts["item_id"]))
    who = analyst.who()
    with database.cursor() as cursor:
        last = current.history(cursor, run.manifest.dataset, *pair)
    own = next((row["new"] for row in last.to_dict("records") if row["who"] == who), None)
    st.text("Your label", help=HELP, width="content")
    if who is None:
        with st.popover("Label", icon=":material/label:"):
            analyst.ask()
    else:
        for label in (*OBSERVED, UNSURE):
            chosen = label == own
            if (
                st.button(
                    labels.signed(label),
                    key=f"{key}_{label}",
                    type="primary" if chosen else "secondary",
                    help=labels.MEANINGS[label],
                )
                and not chosen
            ):  # the second click of a double click
                _record(run, facts, who, label, own)
        if own is not None and st.button(
            "Take back", key=f"{key}_none", type="tertiary", icon=":material/undo:"
        ):
            _record(run, facts, who, None, own)
    others = {str(row.who): row.new for row in reversed(list(last.itertuples())) if row.who != who}
    said = ", ".join(f"{name}: {labels.signed(label)}" for name, label in others.items() if label)
    if said and (who is None or own is not None):  # own opinion first, as on the page Label
        st.text(said, width="content")


def _record(
    run: Run, facts: dict[str, Any], who: str, label: str | None, expected: str | None
) -> None:
    decision = Decision(
        str(facts["user_id"]),
        str(facts["item_id"]),
        True,
        label,
        0,
        expected=expected,
        p_noisy=facts["p_noisy"],
        verdict=str(facts["verdict"]),
    )
    context = Context(who, run.manifest.dataset, "card", run.id)
    with database.cursor() as cursor:
        events.record(cursor, context, [decision])
    st.toast(f"Labelled {label}." if label else "Label taken back.")
    st.rerun()
