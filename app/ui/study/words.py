"""What the page Study calls things, and how texts of the rows read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from app.ui.glossary import explain

DIFFERENCE: Final = "LLMHNI − this"
OPTIONS: Final = "method_options."
"""Start of options that a method alone has: its own column says which method that is."""
Columns = dict[str, tuple[str, str, int, bool]]
"""Columns of numbers as :func:`app.ui.study.tables.draw` takes them."""


def interval(of: str = "", digits: int = 3, signed: bool = False, column: str = "") -> Columns:
    """Columns of both ends of an interval.

    Args:
        of: Of what, where a table has intervals of several.
        digits: Decimals.
        signed: Whether it is of a difference.
        column: What the names of both columns begin with.
    """
    # The end comes first: narrow columns show the beginning of a title.
    text, what = explain("study_interval"), f" · {of}" if of else " · 95 %"
    return {
        f"{column}low": (f"Low{what}", text, digits, signed),
        f"{column}high": (f"High{what}", text, digits, signed),
    }


def against(digits: int) -> Columns:
    """Columns of LLMHNI - method with its interval."""
    return {
        "difference": (DIFFERENCE, explain("study_difference"), digits, True),
        **interval("diff.", digits, True, "difference_"),
    }


def versions(text: str) -> str:
    """Versions of packages, written as JSON, as people read them."""
    return _said(text) or text


def options(text: str) -> str:
    """Options of a method, written as JSON, as people read them."""
    return "defaults" if text.strip() == "{}" else _said(text) or text


def told(values: Mapping[str, Any]) -> str:
    """Names with their values."""
    return ", ".join(f"{name.removeprefix(OPTIONS)} {value}" for name, value in values.items())


def _said(text: str) -> str:
    """An object of JSON; empty if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return told(found) if isinstance(found, dict) else ""
