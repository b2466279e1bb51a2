"""Judgements and calls written down by hand."""

from __future__ import annotations

import numpy as np

from core.types import Judgements

CALLS = {
    "view": ["user", "user", "item", "item"],
    "outcome": ["parsed", "repaired", "unparsed", "parsed"],
    "n_targets": [8, 4, 2, 8],
    "prompt_tokens": [1000, 2000, 500, 700],
    "output_tokens": [100, 200, 50, 70],
    "cached_tokens": [0, 800, 0, 0],
    "n_requests": [1, 2, 2, 1],
    "seconds": [1.0, 3.0, 2.0, 9.0],
    "from_cache": [False, False, False, True],
}
"""Columns of four calls to a language model."""


def judgements(user_grade, item_grade, *, user=None, item=None, observed=None, control=None):
    """One row per grade; user 0, items 0, 1, ... and train interactions unless told otherwise."""
    n = len(user_grade)
    none = np.zeros(n, bool)
    return Judgements(
        user=np.array([0] * n if user is None else user, np.int64),
        item=np.array(range(n) if item is None else item, np.int64),
        observed=~none if observed is None else np.array(observed, bool),
        control=none if control is None else np.array(control, bool),
        user_grade=np.array(user_grade, np.int8),
        item_grade=np.array(item_grade, np.int8),
        user_reason=("",) * n,
        item_reason=("",) * n,
        judge="by hand",
    )
