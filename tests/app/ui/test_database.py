"""The one connection: prepared, opened anew after a failure, and its failures told."""

from __future__ import annotations

import duckdb
import pytest
import streamlit as st

from app.ui import database
from core.errors import DataError


@pytest.fixture(autouse=True)
def closed(workspace):
    st.cache_resource.clear()
    yield
    database._connection(workspace).close()
    st.cache_resource.clear()


def test_views_and_labels_are_there_for_every_cursor():
    for _ in range(2):
        with database.cursor() as lent:
            for table in ("saved_view", "label_event", "revision"):
                assert lent.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)]


def test_a_connection_that_failed_is_opened_anew(workspace):
    with database.cursor() as lent:
        lent.execute("INSERT INTO saved_view VALUES ('p', 'mine', '{}', now())")
    database._connection(workspace).close()
    with database.cursor() as lent:
        assert lent.execute("SELECT name FROM saved_view").fetchall() == [("mine",)]


def test_a_failing_disk_is_told_and_a_mistake_is_not_hidden():
    with pytest.raises(DataError, match="disk has room"), database.cursor():
        raise duckdb.IOException("IO Error: read failed")
    with pytest.raises(duckdb.CatalogException), database.cursor() as lent:
        lent.execute("SELECT * FROM nothing")
