"""Saved views, and the database that only one process may open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.services import database, views
from core.errors import DataError


@pytest.fixture
def cursor(tmp_path):
    with database.connect(tmp_path) as connection:
        views.prepare(connection)
        yield connection.cursor()


def test_views_are_kept_by_page_and_name(cursor):
    views.save(cursor, "flagged", " mine ", {"fl_p": (0.1, 0.5), "fl_verdict": ["hard"]})
    views.save(cursor, "flagged", "Able", {})
    views.save(cursor, "losses", "mine", {"ls_x": 1})
    found = views.every(cursor, "flagged")
    assert [view.name for view in found] == ["Able", "mine"]
    assert found[1].values == {"fl_p": [0.1, 0.5], "fl_verdict": ["hard"]}


def test_the_same_name_replaces_and_remove_forgets(cursor):
    for number in (1, 2):
        views.save(cursor, "flagged", "x'; DROP TABLE saved_view; --", {"n": number})
    (only,) = views.every(cursor, "flagged")
    assert only.values == {"n": 2}
    views.remove(cursor, "flagged", only.name)
    assert views.every(cursor, "flagged") == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_name_is_needed(cursor, name):
    with pytest.raises(ValueError, match="1 to 60"):
        views.save(cursor, "flagged", name, {})


def test_views_outlive_the_process(tmp_path):
    for _ in range(2):
        with database.connect(tmp_path) as connection:
            views.prepare(connection)
            views.save(connection.cursor(), "flagged", "mine", {})
            assert len(views.every(connection.cursor(), "flagged")) == 1


def test_the_process_that_has_it_open_is_named(tmp_path):
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True);"
        "sys.stdin.read()"
    )
    path = str(tmp_path / database.NAME)
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(DataError, match=f"in use by process {holder.pid}"):
            database.connect(tmp_path)
        holder.stdin.close()


def test_a_damaged_file_is_explained(tmp_path):
    (tmp_path / database.NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match="Move it away"):
        database.connect(tmp_path)
