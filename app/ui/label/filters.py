"""Which interactions are to be labelled: the filters of the list of flagged ones, kept apart.

Here everything is in at first: a queue of flagged interactions alone would teach nothing about the
others.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.services.flagged import Filters
from app.services.patterns import PATTERNS
from app.services.store import Run
from app.ui import state
from app.ui.glossary import explain
from app.ui.review_filters import GRADED, answers, common
from core.types import VERDICTS

START: Final[dict[str, Any]] = {
    "la_verdict": [],
    "la_p": (0.0, 1.0),
    "la_pattern": "any",
    "la_graded": "any",
    "la_text": "",
    "la_user": "",
    "la_item": "",
}
"""Keys of the filters, which are their names in the address too, and where each one starts."""


def draw(run: Run) -> Filters:
    """Draw the filters, folded away; return them with the review list in force."""
    n_set = sum(key in st.query_params for key in START)  # the address leaves out defaults
    second = n_set > 0
    with st.popover(
        f"Filters ({n_set})" if second else "Filters",
        icon=":material/tune:",
        type="primary" if second else "secondary",
    ):
        st.pills(
            "Verdict",
            list(VERDICTS),
            selection_mode="multi",
            help=f"None chosen: all.  \n{explain('verdict')}",
            **_bound("la_verdict"),
        )
        st.slider(
            "P(noisy)", 0.0, 1.0, START["la_p"], 0.01, **_bound("la_p"), help=explain("p_noisy")
        )
        titles = {"any": "Any", **{name: one.title for name, one in PATTERNS.items()}}
        st.selectbox(
            "Signals",
            list(titles),
            format_func=titles.__getitem__,
            help="How the signals agree or disagree.",
            **_bound("la_pattern"),
        )
        st.segmented_control(
            "Judge",
            list(GRADED),
            default="any",
            required=True,
            help="Whether the judge was asked about the interaction.",
            **_bound("la_graded"),
        )
        for label, key, hint in (
            ("Search", "la_text", "Part of a title or an id"),
            ("User", "la_user", "Exact id"),
            ("Item", "la_item", "Exact id"),
        ):
            st.text_input(label, placeholder=hint, **_bound(key))
        if st.button("Clear filters", key="la_no_filters", type="tertiary", disabled=not second):
            state.set_next(**START)
            st.rerun()
    return read(run)


def read(run: Run) -> Filters:
    """The filters that the widgets say."""
    return common(run, answers(START), "la_")


def _bound(key: str) -> dict[str, Any]:
    return {"key": key, "bind": "query-params"}
