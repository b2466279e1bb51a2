"""Tables of the page Study: how their columns look, and the way to take them along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.services import spreadsheet
from app.ui import components
from app.ui.glossary import explain
from app.ui.study import words
from app.ui.wording import UNKNOWN
from core.study.labels import FAMILIES, title

TEXTS: Final = {
    "variant": ("Method", "study_variant"),
    "family": ("Family", "study_family"),
    "data": ("Dataset", ""),
    "noise": ("Noise", "study_noise"),
    "scheme": ("Scheme", "study_scheme"),
    "options": ("Options", "study_options"),
    "change": ("Change", "study_change"),
}
WIDTH: Final = {"variant": 160}
"""Pixels; the longest name of a method is not cut off."""
WHOLE: Final = {"n": ("n", "study_n"), "n_pairs": ("n", "study_n")}
TESTS: Final = {
    "p_holm": ("p (Holm)", "study_holm"),
    "p_t": ("p, t-test", "study_p"),
    "p_wilcoxon": ("p, Wilcoxon", "study_p"),
}
P: Final = "%.2g"
"""How p is written: small ones are not 0."""


def draw(
    table: pd.DataFrame,
    columns: Sequence[str],
    numbers: dict[str, tuple[str, str, int, bool]],
    key: str,
    name: str,
) -> None:
    """Show a table and offer all of it as CSV and Parquet.

    Args:
        table: What is shown, and what is written: names as in the rows.
        columns: Which columns are shown, in order; numbers that no line has are left out.
        numbers: Column -> title, help, decimals, and whether it has a sign.
        key: Of the element.
        name: Of the files, without suffix.
    """
    shown = table.copy()
    for column, names in (("variant", None), ("family", FAMILIES)):
        if column in shown:
            known = [title(one) if names is None else names.get(one, one) for one in shown[column]]
            shown[column] = known
    if "options" in shown:
        shown["options"] = [words.options(str(one)) for one in shown["options"]]
    measured = (*numbers, *TESTS)
    columns = [one for one in columns if one not in measured or shown[one].notna().any()]
    if "rate" in shown:
        shown["rate"] = shown["rate"] * 100
    st.dataframe(
        shown,
        key=f"{key}_table",
        column_order=list(columns),
        column_config=_looks(columns, numbers),
        hide_index=True,
        placeholder=UNKNOWN,
        height="content" if len(table) <= 12 else 36 * 12 + 2,
    )
    components.downloads(partial(write, table), key, name, len(table))


def write(table: pd.DataFrame, target: Path) -> None:
    """Write a table as CSV or Parquet, by the suffix of the file."""
    spreadsheet.write(table, target)


def _looks(
    columns: Sequence[str], numbers: dict[str, tuple[str, str, int, bool]]
) -> dict[str, Any]:
    form = st.column_config.NumberColumn
    found: dict[str, Any] = {}
    for name in columns:
        if name in numbers:
            label, text, digits, signed = numbers[name]
            sign = "+" if signed else ""
            found[name] = form(label, help=text, format=f"%{sign}.{digits}f")
        elif name in TEXTS:
            label, term = TEXTS[name]
            hint = explain(term) if term else None
            found[name] = st.column_config.TextColumn(label, help=hint, width=WIDTH.get(name))
        elif name in WHOLE:
            label, term = WHOLE[name]
            found[name] = form(label, help=explain(term), format="%d", width=50)
        elif name in TESTS:
            label, term = TESTS[name]
            found[name] = form(label, help=explain(term), format=P)
        elif name == "rate":
            found[name] = form("Rate, %", help=explain("study_rate"), format="%.0f")
    return found
