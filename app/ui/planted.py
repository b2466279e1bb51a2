"""What was planted, shown where people label only if they ask for it.

A label that was given with the truth before one's eyes is no judgement: calibration and the
measures of labels would rest on what they are to find out.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.ui.glossary import explain

CHOSEN: Final = "planted_shown"
"""Key of the choice in the session; kept from page to page."""
LABELLING: Final = ("la", "la_pair")
"""Keys of the cards on the page where people label: never there."""


def shown() -> bool:
    """Whether whoever looks wants to see what was planted."""
    return bool(st.session_state.get(CHOSEN, False))


def on_card(facts: dict[str, Any], key: str) -> None:
    """What was planted of one interaction, behind a switch."""
    if not facts["kind"] or key in LABELLING:
        return
    widget = f"{CHOSEN}_{key}"

    def chosen() -> None:
        st.session_state[CHOSEN] = st.session_state[widget]

    st.session_state[widget] = shown()
    st.toggle("Planted truth", key=widget, on_change=chosen, help=f"{explain('planted')} {WHY}")
    if shown():
        st.text(f"Planted: {facts['kind']}")


WHY: Final = "Leave it off while you label: a label is to say what you see, not what is known."
