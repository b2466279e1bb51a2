"""The one connection of this process to the database of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import streamlit as st

from app.services import database, views
from app.ui import state


@contextmanager
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend a cursor: sessions run in threads and may not share one.

    Raises:
        core.errors.DataError: If another process has the database open.
    """
    lent = _connection(state.workspace()).cursor()
    try:
        yield lent
    finally:
        lent.close()


@st.cache_resource(show_spinner=False)
def _connection(workspace: Path) -> duckdb.DuckDBPyConnection:
    opened = database.connect(workspace)
    views.prepare(opened)
    return opened
