"""Events of the queue become rows of the log, each once and in their order."""

from __future__ import annotations

import duckdb
import pytest

from app.services.labels import current, events, schema
from app.ui.label import inbox
from core.errors import DataError

HERE, THERE = "page-load-one", "page-load-two"


@pytest.fixture
def log():
    with duckdb.connect(":memory:") as connection:
        schema.prepare(connection)
        yield connection


def event(cid, label="noisy", item="i1", **more):
    return {
        "client": HERE,
        "cid": cid,
        "kind": "label",
        "who": "Ana",
        "run": "run-1",
        "source": "noisy",
        "user_id": "u1",
        "item_id": item,
        "observed": True,
        "p_noisy": 0.5,
        "verdict": "hard",
        "label": label,
        "expected": None,
        "note": "",
    } | more


def send(log, *parcel, seen=None, may_sign=lambda name: name == "Ana"):
    def dataset_of(run):
        if run != "run-1":
            raise DataError("There is no such run.")
        return "films"

    return inbox.receive(log, parcel, dataset_of, may_sign, {} if seen is None else seen)


def labels(log, who="Ana"):
    table = current.own(log, "films", who)
    return dict(zip(table["item_id"], table["label"], strict=True))


def n_events(log):
    return log.execute("SELECT count(*) FROM label_event").fetchall()[0][0]


def test_every_event_becomes_the_label_of_its_own_pair(log):
    answer = send(log, event(1, "noisy", "i1"), event(2, "hard", "i2"), event(3, "clean", "i3"))
    assert labels(log) == {"i1": "noisy", "i2": "hard", "i3": "clean"}
    assert answer.acks == {HERE: 3}
    assert not answer.conflicts
    assert not answer.refused


def test_what_comes_twice_counts_once_even_after_the_app_was_started_again(log):
    seen = {}
    send(log, event(1), event(2, "hard", "i2"), seen=seen)
    assert seen == {HERE: 2}
    again = send(log, event(1), event(2, "hard", "i2"), event(3, "clean", "i3"), seen=seen)
    assert again.acks == {HERE: 3}
    send(log, event(1), event(2, "hard", "i2"))  # an app that has seen nothing
    assert n_events(log) == 3


def test_two_page_loads_may_use_the_same_numbers(log):
    answer = send(log, event(1), event(1, "hard", "i2", client=THERE))
    assert answer.acks == {HERE: 1, THERE: 1}
    assert labels(log) == {"i1": "noisy", "i2": "hard"}


def test_undo_takes_back_what_the_browser_meant_and_only_once(log):
    undo = event(3, None, kind="undo", batch=inbox.batch_of(HERE, 2))
    parcel = [event(1), event(2, "hard", "i2"), undo]
    send(log, *parcel)
    assert labels(log) == {"i1": "noisy"}
    send(log, *parcel)  # after a restart: nothing else is undone
    assert labels(log) == {"i1": "noisy"}


def test_an_undo_that_comes_twice_is_no_news_the_second_time(log):
    seen = {}
    parcel = [event(1), event(2, None, kind="undo", batch=inbox.batch_of(HERE, 1))]
    send(log, *parcel, seen=seen)
    n_before = n_events(log)
    again = send(log, *parcel, seen=seen)
    assert (again.refused, again.out_of_step) == ([], False)
    assert again.acks == {HERE: 2}
    assert n_events(log) == n_before
    assert labels(log) == {}


def test_a_skip_that_comes_twice_does_not_put_off_what_was_brought_back(log):
    seen = {}
    skip = event(1, None, kind="skip")
    assert send(log, skip, seen=seen).skipped == [("u1", "i1")]
    assert send(log, skip, seen=seen).skipped == []


def test_redo_brings_it_back(log):
    batch = inbox.batch_of(HERE, 1)
    undo, redo = (event(n, None, kind=kind, batch=batch) for n, kind in ((2, "undo"), (3, "redo")))
    send(log, event(1), undo, redo)
    assert labels(log) == {"i1": "noisy"}


def test_undo_does_nothing_once_another_window_labelled_something(log):
    send(log, event(1), event(1, "hard", "i2", client=THERE))
    answer = send(log, event(2, None, kind="undo", batch=inbox.batch_of(HERE, 1)))
    assert labels(log) == {"i1": "noisy", "i2": "hard"}
    assert answer.out_of_step
    assert answer.refused == ["Nothing to undo: that is not the last thing done any more."]
    assert answer.acks == {HERE: 2}


def test_undo_of_an_earlier_visit_tells_which_pair_comes_back(log):
    send(log, event(1))
    batch = events.can_undo(log, "Ana", "films").batch
    answer = send(
        log, event(1, None, client=THERE, kind="undo", batch=batch, server_side=True, user_id="")
    )
    ((kind, done),) = answer.undone
    assert (kind, done.pairs) == ("undo", (("u1", "i1"),))
    assert labels(log) == {}


def test_a_label_over_another_one_than_was_on_screen_is_told_and_stands(log):
    send(log, event(1, "noisy"))
    answer = send(log, event(1, "clean", client=THERE))
    (conflict,) = answer.conflicts
    assert (conflict.expected, conflict.found, conflict.new) == (None, "noisy", "clean")
    assert labels(log) == {"i1": "clean"}


def test_who_did_not_see_the_label_of_before_expected_none(log):
    send(log, event(1, "noisy"))
    blind = event(2, "clean")
    del blind["expected"]
    assert not send(log, blind).conflicts
    assert labels(log) == {"i1": "clean"}


def test_a_name_that_may_not_sign_is_refused_and_not_sent_again(log):
    answer = send(log, event(1, who="Eve"), event(2, "hard", "i2"))
    assert labels(log, "Eve") == {}
    assert labels(log) == {"i2": "hard"}
    assert "Eve" in answer.refused[0]
    assert answer.acks == {HERE: 2}


def test_a_run_that_is_gone_is_refused(log):
    answer = send(log, event(1, run="run-9"))
    assert "no such run" in answer.refused[0]
    assert n_events(log) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"cid": 0}, {"kind": "drop"}, {"client": ""}, {"observed": "yes"}, {"user_id": 7}],
)
def test_what_is_no_event_is_left_out_and_the_next_one_is_not(log, wrong):
    answer = send(log, event(1) | wrong, event(2, "hard", "i2"))
    assert labels(log) == {"i2": "hard"}
    assert answer.refused
    assert answer.acks[HERE] == 2


def test_text_that_is_no_dictionary_is_left_out(log):
    assert send(log, "x", None, ["y"]).acks == {}


def test_a_label_that_its_pair_may_not_have_is_refused(log):
    answer = send(log, event(1, "like"))
    assert labels(log) == {}
    assert answer.refused
    assert answer.acks == {HERE: 1}


def test_a_skip_leaves_no_trace_in_the_log(log):
    answer = send(log, event(1, None, kind="skip"))
    assert answer.skipped == [("u1", "i1")]
    assert n_events(log) == 0


def test_what_the_model_said_on_screen_is_kept(log):
    send(log, event(1))
    assert log.execute("SELECT p_noisy, verdict, batch, source FROM label_event").fetchall() == [
        (0.5, "hard", inbox.batch_of(HERE, 1), "noisy")
    ]
