"""The tables: made once, beside what an earlier version kept, never over a later one."""

from __future__ import annotations

import duckdb
import pytest

from app.services import database, views
from app.services.labels import events, schema
from core.errors import DataError


def test_a_database_with_views_only_gets_labels_and_keeps_its_views(tmp_path):
    with duckdb.connect(str(tmp_path / database.NAME)) as old:
        views.prepare(old)
        views.save(old, "flagged", "mine", {"n": 1})
    for _ in range(2):  # the second time, all is there
        with database.connect(tmp_path) as connection:
            database.prepare(connection)
            (kept,) = views.every(connection.cursor(), "flagged")
            assert kept.values == {"n": 1}
            context = events.Context("ann", "d", "card")
            decision = events.Decision("u", "i", True, "hard", 1)
            assert events.record(connection.cursor(), context, [decision]).n_written == 1
    with database.connect(tmp_path) as connection:
        assert connection.execute("SELECT count(*) FROM label_event").fetchall() == [(2,)]


def test_labels_of_another_version_are_left_alone(tmp_path):
    with database.connect(tmp_path) as connection:
        connection.execute("CREATE TABLE label_event (seq BIGINT, later TEXT)")
        with pytest.raises(DataError, match="another version"):
            database.prepare(connection)
        assert len(connection.execute("DESCRIBE label_event").fetchall()) == 2


def test_labels_depend_on_whether_the_pair_was_observed():
    assert schema.allowed(True) == ("clean", "hard", "noisy", "unsure")
    assert schema.allowed(False) == ("like", "not", "unsure")


def test_a_connection_that_fails_is_told_from_one_that_works(tmp_path):
    connection = database.connect(tmp_path)
    assert database.works(connection)
    connection.close()
    assert not database.works(connection)
