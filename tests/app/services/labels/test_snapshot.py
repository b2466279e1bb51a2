"""Revisions: the same labels are the same file under the same name."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services.labels import current, snapshot
from core.config import LabelsConfig
from core.errors import DataError
from core.labels import read_labels
from tests.worlds import dataset, pairs


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
        ["u", "a", True, "hard", 2, "card", False],
        ["u", "b", True, "noisy", 1, "card", False],
        ["u", "x", False, "like", 1, "card", False],
        ["v", "a", True, "noisy", 1, "card", False],
    ]
    columns = ["user_id", "item_id", "observed", "label", "n_people", "origin", "sampled"]
    assert list(table) == columns


def test_the_same_labels_have_the_same_name_and_bytes(desk, tmp_path):
    filled(desk, ["v/a", "u/b", "u/a"])
    first = snapshot.save(desk.cursor, "d", "first", "ann", tmp_path / "one")
    desk.say("ann", "u/b", "clean")
    second = snapshot.save(desk.cursor, "d", "second", "bob", tmp_path / "one")
    desk.undo("ann")
    again = snapshot.save(desk.cursor, "d", "third", "bob", tmp_path / "two")
    assert first.id == again.id
    assert first.id != second.id
    assert second.parent == first.id
    assert (again.message, again.who, again.parent) == ("third", "bob", second.id)
    assert first.path.read_bytes() == again.path.read_bytes()
    assert again.path.is_relative_to(tmp_path / "two")
    revisions = snapshot.every(desk.cursor, "d", tmp_path / "one")
    assert [one.id for one in revisions] == [first.id, second.id, first.id]
    assert [one.message for one in revisions] == ["third", "second", "first"]
    assert revisions[2].n_by_label == first.n_by_label
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


def test_what_comes_after_a_return_goes_on_from_it(desk, tmp_path):
    desk.say("ann", "u/a", "hard")
    first = snapshot.save(desk.cursor, "d", "A", "ann", tmp_path)
    desk.say("ann", "u/b", "noisy")
    second = snapshot.save(desk.cursor, "d", "B", "ann", tmp_path)
    desk.undo("ann")
    back = snapshot.save(desk.cursor, "d", "A again", "ann", tmp_path)
    twice = snapshot.save(desk.cursor, "d", "A once more", "ann", tmp_path)
    desk.say("ann", "u/c", "clean")
    last = snapshot.save(desk.cursor, "d", "C", "ann", tmp_path)
    assert [one.parent for one in (first, second, back, twice, last)] == [
        None, first.id, second.id, second.id, first.id,
    ]  # fmt: skip
    assert (back.id, back.message, twice.message) == (first.id, "A again", "A once more")
    messages = [one.message for one in snapshot.every(desk.cursor, "d", tmp_path)]
    assert messages == ["C", "A once more", "A again", "B", "A"]


@pytest.mark.parametrize(
    ("said", "origin", "sampled"),
    [
        ([("ann", "noisy", "bulk")], "bulk", False),
        ([("ann", "noisy", "table")], "bulk", False),
        ([("ann", "noisy", "import")], "bulk", False),
        ([("ann", "noisy", "uncertain")], "uncertain", False),
        ([("ann", "noisy", "random")], "random", True),
        ([("ann", "noisy", "random part")], "random part", False),
        # Looked at one by one, then said again, or taken over by one choice.
        ([("ann", "noisy", "random"), ("ann", "noisy", "bulk")], "random", True),
        ([("ann", "clean", "random"), ("ann", "noisy", "bulk")], "bulk", True),
        ([("ann", "noisy", "bulk"), ("ann", "noisy", "card")], "card", False),
        # It takes one person who looked at it.
        ([("ann", "noisy", "bulk"), ("bob", "noisy", "second")], "second", False),
        ([("ann", "noisy", "bulk"), ("bob", "unsure", "second")], "bulk", False),
        ([("ann", "hard", "card"), ("bob", "noisy", "bulk"), ("cid", "noisy", "resolve")],
         "resolve", False),
        # Looked at, taken back, then part of a choice.
        ([("ann", "noisy", "card"), ("ann", None, "card"), ("ann", "noisy", "bulk")],
         "bulk", False),
    ],
)  # fmt: skip
def test_how_the_label_that_stands_was_given(desk, tmp_path, said, origin, sampled):
    for who, new, source in said:
        desk.say(who, "u/i", new, source)
    (found,) = snapshot.standing(desk.cursor, "d").to_dict("records")
    assert (found["label"], found["origin"], found["sampled"]) == ("noisy", origin, sampled)
    path = snapshot.save(desk.cursor, "d", "", "ann", tmp_path).path
    (kept,) = pd.read_parquet(path).to_dict("records")
    assert (kept["origin"], kept["sampled"]) == (origin, sampled)


def test_the_undo_of_one_choice_gives_back_how_it_was_given_before(desk):
    desk.say("ann", "u/i", "hard", "uncertain")
    desk.say("ann", "u/i", "noisy", "bulk")
    desk.undo("ann")
    (found,) = snapshot.standing(desk.cursor, "d").to_dict("records")
    assert (found["label"], found["origin"]) == ("hard", "uncertain")


def test_the_same_label_given_in_another_way_is_another_revision(desk, tmp_path):
    desk.say("ann", "u/i", "noisy", "bulk")
    first = snapshot.save(desk.cursor, "d", "", "ann", tmp_path)
    desk.say("ann", "u/i", "noisy", "card")
    assert snapshot.save(desk.cursor, "d", "", "ann", tmp_path).id != first.id


def test_the_engine_takes_bulk_labels_of_a_revision_for_no_evidence(desk, tmp_path):
    """What the app writes and what the engine reads are the same words."""
    world = dataset(pairs([0, 0, 1, 1], [0, 1, 0, 1], 2, 2))
    given = {"u0/i0": "bulk", "u0/i1": "random", "u1/i0": "random part", "u1/i1": "import"}
    for pair, source in given.items():
        desk.say("ann", pair, "noisy", source)
    path = snapshot.save(desk.cursor, "d", "", "ann", tmp_path).path
    found = read_labels(path, world, LabelsConfig(held_out=0.0))
    assert found.labels.looked_at.tolist() == [False, True, True, False]
    assert found.labels.sampled.tolist() == [False, True, False, False]
    assert found.knows_sampled
