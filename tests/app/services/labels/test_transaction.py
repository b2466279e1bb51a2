"""One action is one transaction, and another one in between is no reason to lose it."""

from __future__ import annotations

import duckdb
import pytest

from app.services.labels import transaction
from core.errors import DataError


@pytest.fixture
def table(connection):
    connection.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY)")
    return lambda: [row[0] for row in connection.execute("SELECT number FROM kept").fetchall()]


def test_what_met_another_commit_is_done_once_more(connection, cursor, table):
    def action():
        number = cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM kept").fetchall()[0][0]
        cursor.execute("INSERT INTO kept VALUES ($number)", {"number": number})
        if not tries:
            with connection.cursor() as other:
                other.execute("INSERT INTO kept VALUES (1)")
        tries.append(number)
        return number

    tries: list[int] = []
    assert transaction.write(cursor, action) == 2
    assert tries == [1, 2]
    assert table() == [1, 2]


def test_a_mistake_leaves_nothing_and_the_cursor_works(cursor, table):
    def action():
        cursor.execute("INSERT INTO kept VALUES (1)")
        raise KeyError("mistake")

    with pytest.raises(KeyError):
        transaction.write(cursor, action)
    assert table() == []
    transaction.write(cursor, lambda: cursor.execute("INSERT INTO kept VALUES (2)"))
    assert table() == [2]


def test_what_cannot_be_written_says_that_nothing_was(cursor, table):
    def action():
        cursor.execute("INSERT INTO kept VALUES (1)")
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    with pytest.raises(DataError, match=r"nothing of it was: The disk is full.*No space left"):
        transaction.write(cursor, action)
    assert table() == []


def test_an_action_that_always_meets_another_gives_up(cursor, monkeypatch):
    def action():
        tries.append(1)
        raise duckdb.TransactionException("Conflict on tuple")

    tries: list[int] = []
    monkeypatch.setattr(transaction.time, "sleep", lambda _: None)
    with pytest.raises(DataError, match="not saved"):
        transaction.write(cursor, action)
    assert len(tries) == transaction.ATTEMPTS
