"""Recording: every decision once, in its order, whoever else is at it."""

from __future__ import annotations

import threading
import time

import pandas as pd
import pytest

from app.services.labels import current, events
from app.services.labels.events import UNKNOWN, Conflict, Context, Decision

CONTEXT = Context("ann", "d", "noisy", "run-1", "w")


def table(n):
    return pd.DataFrame(
        {
            "user_id": [f"u{number // 10}" for number in range(n)],
            "item_id": [f"i{number}" for number in range(n)],
            "observed": True,
            "p_noisy": 0.5,
            "verdict": "noisy",
        }
    )


def all_events(cursor):
    return cursor.execute('SELECT * EXCLUDE ("at") FROM label_event ORDER BY seq').df()


def test_an_event_holds_what_was_on_screen_and_what_was_there_before(cursor):
    first = Decision("u", "i", True, "noisy", 1, "why", None, 0.75, "noisy")
    assert events.record(cursor, CONTEXT, [first]) == events.Recorded(1, 0)
    events.record(cursor, CONTEXT, [Decision("u", "i", True, None, 2)])
    one, two = all_events(cursor).to_dict("records")
    assert one["seq"] < two["seq"]
    assert (one["who"], one["actor"], one["dataset"], one["run_id"]) == ("ann", "ann", "d", "run-1")
    assert (one["new"], one["note"], one["p_noisy"], one["verdict"]) == (
        "noisy",
        "why",
        0.75,
        "noisy",
    )
    assert (one["client"], one["cid"], one["source"], one["origin"]) == ("w", 1, "noisy", "noisy")
    assert pd.isna(one["old"])
    assert two["old"] == "noisy"
    assert pd.isna(two["new"])
    assert pd.isna(two["p_noisy"])
    assert one["batch"] != two["batch"]


def test_a_queue_that_is_sent_twice_counts_once(cursor):
    decisions = [Decision("u", f"i{number}", True, "hard", number) for number in range(4)]
    assert events.record(cursor, CONTEXT, decisions[:3]) == events.Recorded(3, 0)
    assert events.record(cursor, CONTEXT, decisions) == events.Recorded(1, 3)
    assert events.record(cursor, CONTEXT, [decisions[0], decisions[0]]) == events.Recorded(0, 2)
    other = Context("ann", "d", "noisy", client="another window")
    assert events.record(cursor, other, decisions[:1]) == events.Recorded(1, 0)
    nameless = Context("ann", "d", "card")
    for _ in range(2):
        assert events.record(cursor, nameless, decisions[:1]).n_written == 1
    assert len(all_events(cursor)) == 7


def test_decisions_of_one_call_follow_each_other(cursor):
    said = ["hard", "noisy", "unsure", None]
    decisions = [Decision("u", "i", True, new, number) for number, new in enumerate(said)]
    events.record(cursor, CONTEXT, decisions)
    found = all_events(cursor)
    assert [None if pd.isna(old) else old for old in found["old"]] == [None, *said[:3]]
    assert current.own(cursor, "d", "ann").empty


def test_two_windows_of_one_person_tell_of_each_other(cursor):
    events.record(cursor, CONTEXT, [Decision("u", "i", True, "noisy", 1, expected=None)])
    other = Context("ann", "d", "noisy", client="w2")
    late = [
        Decision("u", "i", True, "hard", 1, expected=None),
        Decision("u", "i", True, "clean", 2, expected="hard"),
        Decision("u", "j", True, "clean", 3, expected=UNKNOWN),
    ]
    found = events.record(cursor, other, late)
    assert found.n_written == 3
    assert found.conflicts == (Conflict("u", "i", None, "noisy", "hard"),)
    # Another person's label is no conflict of this kind.
    bob = Context("bob", "d", "noisy", client="w3")
    seen = Decision("u", "i", True, "hard", 1, expected=None)
    assert events.record(cursor, bob, [seen]).conflicts == ()


@pytest.mark.parametrize(
    ("context", "decision", "says"),
    [
        (CONTEXT, Decision("u", "i", True, "like", 1), "observed pair is labelled"),
        (CONTEXT, Decision("u", "i", False, "noisy", 1), "never observed is labelled"),
        (CONTEXT, Decision("u", "i", True, "conflict", 1), "observed pair is labelled"),
        (Context("  ", "d", "card"), Decision("u", "i", True, "hard", 1), "needs a person"),
        (Context("ann", "", "card"), Decision("u", "i", True, "hard", 1), "needs a dataset"),
        (Context("ann", "d", "x"), Decision("u", "i", True, "hard", 1), "not from 'x'"),
        (Context("ann", "d", "resolve"), Decision("u", "i", True, "unsure", 1), "resolved by"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(cursor, context, decision, says):
    good = Decision("u", "i", True, "unsure" if context.source != "resolve" else "hard", 9)
    with pytest.raises(ValueError, match=says):
        events.record(cursor, context, [good, decision])
    assert all_events(cursor).empty


def test_hostile_text_is_only_text(cursor):
    name = "x'; DROP TABLE label_event; --"
    note = "<script>\x00\ud800" + "y" * 5000
    context = Context(name, "d' OR 1=1", "card", client=name)
    events.record(cursor, context, [Decision(name, "\x00'", True, "hard", 1, note)])
    (found,) = current.own(cursor, "d' OR 1=1", name).to_dict("records")
    assert (found["user_id"], found["item_id"]) == (name, "\x00'")
    assert found["note"] == ("<script>\x00?" + "y" * 5000)[:2000]


def test_a_table_is_one_batch_and_counts_once(cursor):
    frame = pd.concat([table(30), table(5)])
    bulk = Context("ann", "d", "bulk", "run-1")
    assert events.record_table(cursor, bulk, frame, "noisy", "b") == events.Recorded(30, 5)
    assert events.record_table(cursor, bulk, frame, "noisy", "b") == events.Recorded(0, 35)
    events.record_table(cursor, bulk, table(2)[["user_id", "item_id", "observed"]], None, "c")
    found = all_events(cursor)
    assert found["batch"].value_counts().to_dict() == {"b": 30, "c": 2}
    assert found["old"].tolist()[-2:] == ["noisy", "noisy"]
    assert len(current.own(cursor, "d", "ann")) == 28
    with pytest.raises(ValueError, match="never observed is labelled"):
        events.record_table(cursor, bulk, table(2).assign(observed=[True, False]), "hard", "d")
    with pytest.raises(ValueError, match="needs a batch"):
        events.record_table(cursor, bulk, table(2), "hard", "")
    with pytest.raises(ValueError, match="item_id"):
        events.record_table(cursor, bulk, table(2).drop(columns="item_id"), "hard", "d")


def test_notes_of_a_table_are_kept(cursor):
    bulk = Context("ann", "d", "bulk")
    events.record_table(cursor, bulk, table(2).assign(note=["x", None]), "hard", "b")
    assert current.own(cursor, "d", "ann").sort_values("item_id")["note"].tolist() == ["x", ""]


def test_five_thousand_rows_take_a_moment_and_one_undo(cursor):
    events.record_table(cursor, Context("bob", "d", "bulk"), table(20_000), "hard", "a")
    start = time.process_time()
    events.record_table(cursor, Context("ann", "d", "bulk"), table(5000), "noisy", "b")
    assert time.process_time() - start < 0.3
    start = time.process_time()
    assert events.undo(cursor, "ann", "d").n == 5000
    assert time.process_time() - start < 0.6
    assert current.own(cursor, "d", "ann").empty
    assert len(current.own(cursor, "d", "bob")) == 20_000


def test_many_threads_lose_nothing(connection):
    def work(number):
        with connection.cursor() as cursor:
            context = Context(f"person {number % 4}", "d", "card", client=f"w{number}")
            for cid in range(80):
                found = events.record(
                    cursor, context, [Decision("u", f"i{cid % 50}", True, "hard", cid)]
                )
                written.append(found.n_written)

    written: list[int] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = all_events(connection)
    assert sum(written) == len(found) == 640
    assert found["seq"].is_unique
    assert found.groupby(["client", "cid"]).size().eq(1).all()
    # What each event says was there before is what that person said last.
    before = found.groupby(["who", "item_id"])["new"].shift()
    assert (found["old"].fillna("") == before.fillna("")).all()


def test_the_same_queue_from_two_threads_counts_once(connection):
    def work():
        with connection.cursor() as cursor:
            barrier.wait()
            for start in range(0, 100, 10):
                counts.append(events.record(cursor, CONTEXT, decisions[start : start + 10]))

    decisions = [Decision("u", f"i{number}", True, "hard", number) for number in range(100)]
    counts: list[events.Recorded] = []
    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found.n_written for found in counts) == 100
    assert sum(found.n_known for found in counts) == 100
    assert len(all_events(connection)) == 100
