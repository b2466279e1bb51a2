"""The way to the page of flagged interactions, from every other page.

What was picked is shown whole: filters left over from an earlier visit do not cut it down.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import numpy as np

from app.services.store import Run
from app.ui import state
from core.types import VERDICTS

FLAGGED: Final = "../pages/flagged.py"
PAGE: Final = "fl_page"
ROW: Final = "fl_row"
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
