"""What the parts of the graph page share: how an edge looks in a table and what it leads to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.services import spreadsheet
from app.services.store import Run
from app.ui import card, review, state
from app.ui.glossary import explain
from app.ui.theme import EDGE_SIGNS, VERDICT_SIGNS

USER_KEY: Final = "gd_user"
ITEM_KEY: Final = "gd_item"
"""Ids of the node in the middle; also what the person types to find one."""

WIDE: Final = 620
"""Narrowest column, in pixels: parts stand side by side where there is room for two."""


def centre_on(kind: str, name: str) -> None:
    """Put a node in the middle, from the next run of the script on."""
    state.set_next(
        **{USER_KEY: name if kind == "user" else "", ITEM_KEY: name if kind == "item" else ""}
    )


def ink() -> str:
    """Colour of text on the ground of the page, for figures that cannot take it from there."""
    return "#FAFAFA" if st.context.theme.type == "dark" else "#31333F"


def decision_cell(decision: str) -> str:
    """A decision with its sign, for tables."""
    return f"{EDGE_SIGNS[decision]} {decision}"


def verdict_cell(verdict: str) -> str:
    """A verdict with its sign, for tables."""
    return f"{VERDICT_SIGNS.get(verdict, '○')} {verdict}"


def edge_columns() -> dict[str, Any]:
    """How the columns of edges look in every table of this page."""
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {
        "decision": text("Edge", help=explain("decision")),
        "user_id": text("User", width="small"),
        "far_id": text("User", width="small"),
        "title": text("Item", width="medium"),
        "verdict": text("Verdict", help=explain("verdict")),
        "p_noisy": number("P(noisy)", format="%.3f", width="small", help=explain("p_noisy")),
        "weight": number("Weight", format="%.2f", width="small", help=explain("edge_weight")),
        "reason": text("Why"),
        "user_reason": text("User's view", width="large", help=explain("user_grade")),
        "item_reason": text("Item's view", width="large", help=explain("item_grade")),
    }


def observed(row: object) -> int | None:
    """Train interaction of an edge, from a column ``row``; None where never observed."""
    return int(row) if isinstance(row, int | np.integer) else None


def edge_actions(run: Run, row: int | None, ends: dict[str, str]) -> None:
    """What can be done about a selected edge, and the card of its interaction.

    Args:
        run: Which run.
        row: Its train interaction; None where the pair was never observed.
        ends: Kind and id of the nodes that can be put in the middle.
    """
    with st.container(horizontal=True):
        for kind, name in ends.items():
            if st.button(f"Put the {kind} in the middle", key=f"gd_go_{kind}"):
                centre_on(kind, name)
                st.rerun()
        if row is not None and st.button("Open among the flagged", key="gd_open"):
            review.show_card(row)
    if row is not None:
        card.interaction(run, row, "gd_card")
    else:
        st.caption("Never observed: the refined graph has it because both grades are high enough.")


def frame_writer(frame: pd.DataFrame) -> Callable[[Path], None]:
    """Writer of a table for :func:`app.ui.components.downloads`."""
    return partial(spreadsheet.write, frame)


def mark(values: Iterable[object]) -> str:
    """Short name of values, for the key of an element that must forget when they change."""
    return hashlib.sha256(repr(list(values)).encode()).hexdigest()[:10]
