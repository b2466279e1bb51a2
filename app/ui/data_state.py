"""What the parts of the data page share: keys, which are names in the address, and caches."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import pandas as pd
import streamlit as st

from app.services import source_preview, whole_file
from app.services.datasets import PreparedData
from app.ui import state

VIEW: Final = "da_view"
DATASET: Final = "da_set"
IMPORT: Final = "da_import"
STEP: Final = "da_step"
TAB: Final = "da_tab"
BROWSE, IMPORTS, RUN = VIEWS = ("Browse", "Import", "Run the method")
"""Choices are called in the address what they are called on screen."""
SUMMARY, USERS, ITEMS, INTERACTIONS = TABS = ("Summary", "Users", "Items", "Interactions")
SOURCE, COLUMNS, PROBLEMS, PREPARE, RESULT = STEPS = (
    "1 Source",
    "2 Columns",
    "3 Problems",
    "4 Prepare",
    "5 Result",
)
NEW: Final = "New import"
"""No import has this name: it holds a blank."""

Answer = TypeVar("Answer")


def go(**values: object) -> None:
    """Set widgets by key and draw the page again."""
    state.set_next(**values)
    st.rerun()


def ask(function: Callable[..., Answer], data: PreparedData, *arguments: Hashable) -> Answer:
    """Call a service about a dataset, once for as long as the dataset stays the same."""
    name = f"{function.__module__}.{function.__qualname__}"
    stamp = (str(data.folder), data.stamp)
    return cast(Answer, _answers(name, stamp, arguments, function, data))


@st.cache_data(max_entries=200, show_spinner=False)
def _answers(
    name: str,  # noqa: ARG001 - part of the key
    stamp: tuple[str, str],  # noqa: ARG001 - likewise
    arguments: tuple[Any, ...],
    _function: Callable[..., Any],
    _data: PreparedData,
) -> object:
    return _function(_data, *arguments)


def first_rows(path: Path) -> pd.DataFrame:
    """First rows of a file, read once as long as it stays the same.

    Raises:
        core.errors.DataError: If it is no table.
    """
    return _first_rows(whole_file.stamp(path))


@st.cache_data(max_entries=12, show_spinner="Looking into the file")
def _first_rows(stamp: tuple[str, int, int]) -> pd.DataFrame:
    return source_preview.first_rows(Path(stamp[0]))
