"""The way to the page of flagged interactions, from every other page.

What was picked is shown whole: filters left over from an earlier visit do not cut it down.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, NoReturn

import numpy as np
import streamlit as st

from app.services.store import Run
from app.ui import components, state
from core.errors import WorkbenchError
from core.types import VERDICTS

FLAGGED: Final = "../pages/flagged.py"
PAGE: Final = "fl_page"
ROW: Final = "fl_row"
NEXT: Final = "_fl_next"
"""Page and interaction that a callback chose, until the parts of the page are drawn.

A callback that draws some parts alone may not set them itself: the address, not yet changed, would
win.
"""
START: Final[dict[str, Any]] = {
    "fl_verdict": ["hard", "noisy"],
    "fl_pattern": "any",
    "fl_sort": "opposed",
    "fl_text": "",
    "fl_p": (0.0, 1.0),
    "fl_graded": "any",
    "fl_user": "",
    "fl_item": "",
    "fl_reason": "",
    "fl_edge": [],
    "fl_kind": [],
    "fl_label": "any",
}
"""Keys of the filters, which are their names in the address too, and where each one starts."""
EVERYTHING: Final = START | {"fl_verdict": list(VERDICTS)}
"""Filters that leave nothing out. All verdicts are named: an address cannot say none."""


def show_list(run: Run, rows: np.ndarray | list[int], source: str) -> NoReturn:
    """Make interactions the review list and show it."""
    state.keep_list(run, rows, source)
    state.set_next(**EVERYTHING, **{PAGE: 1, ROW: None})
    state.go(FLAGGED)


def show_card(row: int) -> NoReturn:
    """Show the card of one interaction beside the list."""
    state.set_next(**EVERYTHING, **{PAGE: 1, ROW: row})
    state.go(FLAGGED)


def part(key: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Make a part of the page that can be drawn alone; it explains its own errors."""

    def made(draw: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(draw)
        def guarded() -> None:
            for name, value in st.session_state.pop(NEXT, {}).items():
                st.session_state[name] = value
            try:
                draw()
            except WorkbenchError as error:
                components.explain(error)

        return st.fragment(guarded, key=key)

    return made
