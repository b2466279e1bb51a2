"""A workspace database with nothing in it, and short words for what is done to it."""

from __future__ import annotations

import itertools

import pytest

from app.services import database
from app.services.labels import current, events


@pytest.fixture
def connection(tmp_path):
    with database.connect(tmp_path / "workspace") as opened:
        database.prepare(opened)
        yield opened


@pytest.fixture
def cursor(connection):
    with connection.cursor() as lent:
        yield lent


class Desk:
    """What people do, in short."""

    def __init__(self, cursor):
        self.cursor = cursor
        self._numbers = itertools.count(1)

    def say(self, who, pair, new, source="card", observed=True, batch=None, **more):
        """``ann`` gives ``u1/i1`` a label."""
        user_id, item_id = pair.split("/")
        decision = events.Decision(user_id, item_id, observed, new, next(self._numbers), **more)
        context = events.Context(who, "d", source, "run-1", "window-1")
        return events.record(self.cursor, context, [decision], batch)

    def own(self, who):
        found = current.own(self.cursor, "d", who).sort_values(["user_id", "item_id"])
        pairs = found["user_id"] + "/" + found["item_id"]
        return dict(zip(pairs, found["label"], strict=True))

    def effective(self):
        found = current.effective(self.cursor, "d")
        pairs = found["user_id"] + "/" + found["item_id"]
        return dict(zip(pairs, found["label"], strict=True))

    def undo(self, who="ann"):
        return events.undo(self.cursor, who, "d")

    def redo(self, who="ann"):
        return events.redo(self.cursor, who, "d")


@pytest.fixture
def desk(cursor):
    return Desk(cursor)
