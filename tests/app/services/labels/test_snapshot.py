"""Revisions: the same labels are the same file under the same name."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services.labels import current, snapshot
from core.errors import DataError


def filled(desk, order):
    for pair in order:
        desk.say("ann", pair, "hard" if pair < "u/b" else "noisy")
    desk.say("bob", "u/a", "hard")
    desk.say("ann", "u/x", "like", observed=False)
    desk.say("ann", "u/y", "unsure")
    desk.say("ann", "u/z", "hard")
    desk.say("bob", "u/z", "clean")


def test_only_labels_that_stand_are_in_it_sorted(desk, tmp_path):
    filled(desk, ["v/a", "u/b", "u/a"])
    found = snapshot.save(desk.cursor, "d", " first ", "ann", tmp_path)
    assert found.path == tmp_path / "revisions" / "d" / f"labels-{found.id[:12]}.parquet"
    assert (found.n, found.n_conflicts, found.n_unsure) == (4, 1, 1)
    assert found.n_by_label == {"noisy": 2, "hard": 1, "like": 1}
    assert (found.message, found.who, found.parent) == ("first", "ann", None)
    table = pd.read_parquet(found.path)
    assert table.to_numpy().tolist() == [
        ["u", "a", True, "hard", 2],
        ["u", "b", True, "noisy", 1],
        ["u", "x", False, "like", 1],
        ["v", "a", True, "noisy", 1],
    ]
    assert list(table) == ["user_id", "item_id", "observed", "label", "n_people"]
    assert snapshot.preview(desk.cursor, "d") == ({"noisy": 2, "hard": 1, "like": 1}, 1, 1)


def test_the_same_labels_have_the_same_name_and_bytes(desk, tmp_path):
    filled(desk, ["v/a", "u/b", "u/a"])
    first = snapshot.save(desk.cursor, "d", "first", "ann", tmp_path / "one")
    desk.say("ann", "u/b", "clean")
    second = snapshot.save(desk.cursor, "d", "second", "bob", tmp_path / "one")
    desk.undo("ann")
    again = snapshot.save(desk.cursor, "d", "third", "bob", tmp_path / "two")
    assert (first.id, first.parent) == (again.id, again.parent)
    assert first.id != second.id
    assert second.parent == first.id
    assert again.message == "first"
    assert first.path.read_bytes() == again.path.read_bytes()
    assert again.path.is_relative_to(tmp_path / "two")
    revisions = snapshot.every(desk.cursor, "d", tmp_path / "one")
    assert [one.id for one in revisions] == [second.id, first.id]
    assert revisions[1].n_by_label == first.n_by_label
    assert [p.name for p in (tmp_path / "one/revisions/d").iterdir() if "tmp" in p.name] == []
    (seq,) = desk.cursor.execute(
        "SELECT seq_hi FROM revision WHERE id = $id", {"id": second.id}
    ).fetchall()[0]
    assert seq == current.version(desk.cursor, "d") - 1  # the undo came after


def test_another_dataset_with_the_same_labels_is_another_revision(desk, tmp_path):
    desk.say("ann", "u/a", "hard")
    first = snapshot.save(desk.cursor, "d", "", "ann", tmp_path)
    desk.cursor.execute(
        "INSERT INTO label_event SELECT * REPLACE (nextval('label_seq') AS seq, 'e' AS dataset,"
        " cid + 100 AS cid) FROM label_event"
    )
    assert snapshot.save(desk.cursor, "e", "", "ann", tmp_path).id != first.id


def test_without_a_label_there_is_no_revision(desk, tmp_path):
    desk.say("ann", "u/a", "unsure")
    with pytest.raises(DataError, match="no label"):
        snapshot.save(desk.cursor, "d", "", "ann", tmp_path)
    assert snapshot.every(desk.cursor, "d", tmp_path) == []


def test_a_name_is_no_path(desk, tmp_path):
    desk.say("ann", "u/a", "hard")
    desk.cursor.execute(
        "INSERT INTO label_event SELECT * REPLACE (nextval('label_seq') AS seq, '../x' AS dataset,"
        " cid + 100 AS cid) FROM label_event"
    )
    with pytest.raises(ValueError, match="no name"):
        snapshot.save(desk.cursor, "../x", "", "ann", tmp_path)


def test_a_place_that_cannot_be_written_is_told(desk, tmp_path):
    desk.say("ann", "u/a", "hard")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        snapshot.save(desk.cursor, "d", "", "ann", tmp_path / "file")
    assert snapshot.every(desk.cursor, "d", tmp_path) == []
