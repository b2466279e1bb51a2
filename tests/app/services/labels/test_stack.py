"""Undo and redo: whole batches, last first, per person and dataset, across restarts."""

from __future__ import annotations

import pandas as pd

from app.services import database
from app.services.labels import current, events
from app.services.labels.events import Context


def bulk(cursor, new, batch, pairs, who="ann"):
    frame = pd.DataFrame([pair.split("/") for pair in pairs], columns=["user_id", "item_id"])
    context = Context(who, "d", "bulk")
    return events.record_table(cursor, context, frame.assign(observed=True), new, batch)


def test_undo_goes_back_step_by_step_and_redo_forth(desk):
    desk.say("ann", "u/a", "noisy", note="first")
    desk.say("ann", "u/a", "hard", note="second")
    desk.say("ann", "u/b", "clean")
    assert desk.undo().step.label == "clean"
    assert desk.own("ann") == {"u/a": "hard"}
    assert desk.undo().pairs == (("u", "a"),)
    assert desk.own("ann") == {"u/a": "noisy"}
    assert current.own(desk.cursor, "d", "ann")["note"].tolist() == ["first"]
    desk.undo()
    assert desk.own("ann") == {}
    assert desk.undo() is None
    assert [desk.redo().step.label for _ in range(3)] == ["noisy", "hard", "clean"]
    assert desk.own("ann") == {"u/a": "hard", "u/b": "clean"}
    assert desk.redo() is None
    desk.undo()
    desk.undo()
    assert desk.own("ann") == {"u/a": "noisy"}


def test_a_new_decision_ends_redo(desk):
    desk.say("ann", "u/a", "noisy")
    desk.say("ann", "u/b", "noisy")
    desk.undo()
    desk.say("ann", "u/c", "hard")
    assert events.can_redo(desk.cursor, "ann", "d") is None
    assert desk.redo() is None
    desk.undo()
    assert events.can_redo(desk.cursor, "ann", "d").label == "hard"
    assert desk.undo().step.item_id == "a"  # b is undone already
    assert desk.undo() is None
    desk.redo()
    desk.redo()
    assert desk.own("ann") == {"u/a": "noisy", "u/c": "hard"}
    assert desk.redo() is None


def test_batches_go_as_a_whole_and_over_what_was_there(desk):
    desk.say("ann", "u/a", "clean", note="mine")
    bulk(desk.cursor, "noisy", "b1", ["u/a", "u/b", "u/c"])
    step = events.can_undo(desk.cursor, "ann", "d")
    assert (step.batch, step.label, step.n, step.source) == ("b1", "noisy", 3, "bulk")
    done = desk.undo()
    assert (done.n, done.n_left, len(done.pairs)) == (3, 0, 3)
    assert desk.own("ann") == {"u/a": "clean"}
    assert current.own(desk.cursor, "d", "ann")["source"].tolist() == ["card"]
    desk.redo()
    assert desk.own("ann") == {"u/a": "noisy", "u/b": "noisy", "u/c": "noisy"}


def test_a_pair_twice_in_a_batch_goes_back_to_before_the_batch(desk):
    desk.say("ann", "u/a", "clean")
    desk.say("ann", "u/a", "noisy", batch="b")
    desk.say("ann", "u/a", "hard", batch="b")
    assert desk.undo().n == 1
    assert desk.own("ann") == {"u/a": "clean"}
    desk.redo()
    assert desk.own("ann") == {"u/a": "hard"}


def test_a_cleared_label_comes_back(desk):
    desk.say("ann", "u/a", "noisy")
    desk.say("ann", "u/a", None)
    assert desk.own("ann") == {}
    assert desk.undo().step.label is None
    assert desk.own("ann") == {"u/a": "noisy"}


def test_people_and_datasets_have_stacks_of_their_own(desk):
    desk.say("ann", "u/a", "noisy")
    desk.say("bob", "u/a", "hard")
    other = Context("ann", "other", "card")
    events.record(desk.cursor, other, [events.Decision("u", "a", True, "clean", 1)])
    desk.undo("ann")
    assert (desk.own("ann"), desk.own("bob")) == ({}, {"u/a": "hard"})
    assert len(current.own(desk.cursor, "other", "ann")) == 1
    assert desk.undo("ann") is None
    assert events.can_undo(desk.cursor, "bob", "d").label == "hard"
    assert events.can_undo(desk.cursor, "cid", "d") is None


def test_nothing_is_taken_out_of_the_log(desk):
    desk.say("ann", "u/a", "noisy")
    desk.undo()
    desk.redo()
    found = current.history(desk.cursor, "d", "u", "a")
    assert found["source"].tolist() == ["redo", "undo", "card"]
    assert found["old"].fillna("-").tolist() == ["-", "noisy", "-"]
    assert found["new"].fillna("-").tolist() == ["noisy", "-", "noisy"]
    assert found["undo_of"].tolist()[:2] == [found["batch"].iloc[2]] * 2
    assert found["batch"].is_unique


def test_the_stack_outlives_the_process(tmp_path):
    for turn in range(3):
        with database.connect(tmp_path) as connection:
            database.prepare(connection)
            cursor = connection.cursor()
            if turn == 0:
                bulk(cursor, "noisy", "b1", ["u/a", "u/b"])
                bulk(cursor, "hard", "b2", ["u/a"])
            elif turn == 1:
                assert events.undo(cursor, "ann", "d").step.batch == "b2"
            else:
                assert events.can_redo(cursor, "ann", "d").batch == "b2"
                assert events.undo(cursor, "ann", "d").step.batch == "b1"
                assert current.own(cursor, "d", "ann").empty


def test_a_batch_that_grew_after_its_undo_can_be_undone_again(desk):
    desk.say("ann", "u/a", "noisy", batch="b")
    desk.undo()
    desk.say("ann", "u/b", "noisy", batch="b")
    assert events.can_redo(desk.cursor, "ann", "d") is None
    desk.undo()
    assert desk.own("ann") == {}
    assert desk.undo() is None
