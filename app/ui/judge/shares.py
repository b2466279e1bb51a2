"""Shares with their intervals as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ui.wording import UNKNOWN


def interval(part: Mapping[str, Any]) -> str:
    """A share with its interval, such as ``12.0% (8.1–17.3%)``; a dash where there is none."""
    if part.get("share") is None:
        return UNKNOWN
    return f"{part['share']:.1%} ({part['low']:.1%}–{part['high']:.1%})".replace("%–", "–")


def in_words(part: Mapping[str, Any]) -> str:
    """The same with its counts."""
    if part.get("share") is None:
        return UNKNOWN
    return f"{interval(part)}, {part['n_yes']:,} of {part['n']:,}"
