"""The one connection of this process to the database of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import streamlit as st

from app.services import database
from app.ui import state


@contextmanager
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend a cursor: sessions run in threads and may not share one.

    Raises:
        core.errors.DataError: If another process has the database open, it is damaged, or it
            fails in the middle of a question.
    """
    lent = _connection(state.workspace()).cursor()
    try:
        yield lent
    except database.FAILURES as error:
        raise database.failed(error) from error
    finally:
        lent.close()


@st.cache_resource(show_spinner=False, validate=database.works)
def _connection(workspace: Path) -> duckdb.DuckDBPyConnection:
    opened = database.connect(workspace)
    try:
        database.prepare(opened)
    except BaseException:
        opened.close()  # a connection that is left open would lock others, and the next try, out
        raise
    return opened
