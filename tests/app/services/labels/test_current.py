"""What events amount to: agreement, conflicts, and how they are resolved."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services.labels import current


@pytest.mark.parametrize(
    ("said", "label", "n_people", "resolved"),
    [
        ([("ann", "hard")], "hard", 1, False),
        ([("ann", "hard"), ("bob", "hard")], "hard", 2, False),
        ([("ann", "hard"), ("bob", "noisy")], "conflict", 2, False),
        ([("ann", "hard"), ("bob", "unsure")], "hard", 1, False),
        ([("ann", "unsure"), ("bob", "unsure")], "unsure", 2, False),
        ([("ann", "hard"), ("bob", "noisy"), ("bob", None)], "hard", 1, False),
        ([("ann", "hard"), ("bob", "noisy"), ("bob", "hard")], "hard", 2, False),
        ([("ann", "hard"), ("bob", "noisy"), ("cid", "noisy!")], "noisy", 3, True),
        ([("ann", "hard"), ("bob", "noisy"), ("ann", "clean!")], "clean", 2, True),
        # Somebody has another word after it was resolved: open again.
        (
            [("ann", "hard"), ("bob", "noisy"), ("cid", "noisy!"), ("ann", "clean")],
            "conflict",
            3,
            0,
        ),
        # Whoever resolved it changed their mind on a card: no resolution any more.
        ([("ann", "hard"), ("bob", "noisy"), ("ann", "hard!"), ("ann", "clean")], "conflict", 2, 0),
        ([("ann", "hard"), ("bob", "noisy"), ("cid", "hard!"), ("bob", "hard")], "hard", 3, True),
        # One of the two settles it as the other says: nobody differs any more.
        ([("ann", "hard"), ("bob", "noisy"), ("ann", "noisy!")], "noisy", 2, True),
        # Who agrees after it was resolved, is unsure or takes a label back opens nothing again.
        ([("ann", "hard"), ("bob", "noisy"), ("cid", "noisy!"), ("dan", "noisy")], "noisy", 4, 1),
        ([("ann", "hard"), ("bob", "noisy"), ("cid", "clean!"), ("bob", "unsure")], "clean", 2, 1),
        (
            [("ann", "hard"), ("bob", "noisy"), ("eve", "hard"), ("cid", "noisy!"), ("eve", None)],
            "noisy",
            3,
            True,
        ),
        # Of two resolutions the last one counts.
        ([("ann", "hard"), ("bob", "noisy"), ("cid", "noisy!"), ("dan", "hard!")], "hard", 4, True),
    ],
)
def test_one_label_of_all_people(desk, said, label, n_people, resolved):
    for who, new in said:
        source = "resolve" if (new or "").endswith("!") else "card"
        desk.say(who, "u/i", new.rstrip("!") if new else None, source)
    (found,) = current.effective(desk.cursor, "d").to_dict("records")
    assert (found["label"], found["n_people"], found["resolved"]) == (label, n_people, resolved)
    assert list(found) == ["user_id", "item_id", "observed", "label", "n_people", "resolved"]


def test_a_cleared_pair_has_no_label(desk):
    desk.say("ann", "u/i", "hard")
    desk.say("ann", "u/i", None)
    assert desk.effective() == {}
    assert current.own(desk.cursor, "d", "ann").empty


def test_undo_takes_a_resolution_back_and_redo_restores_it(desk):
    desk.say("ann", "u/i", "hard")
    desk.say("bob", "u/i", "noisy")
    desk.say("ann", "u/i", "noisy", "resolve")
    desk.say("bob", "u/i", "clean")
    desk.say("ann", "u/i", "hard", "resolve")
    assert desk.effective() == {"u/i": "hard"}
    desk.undo("ann")
    desk.undo("ann")
    assert desk.effective() == {"u/i": "conflict"}
    desk.redo("ann")
    desk.redo("ann")
    assert desk.effective() == {"u/i": "hard"}


def test_labels_belong_to_ids_and_not_to_runs(desk):
    desk.say("ann", "u/i", "hard")
    assert current.own(desk.cursor, "d", " ann ").loc[0, "label"] == "hard"
    assert current.own(desk.cursor, "another", "ann").empty
    assert current.effective(desk.cursor, "another").empty


def test_disagreements_show_each_person_and_the_open_ones_first(desk):
    for pair in ("u/a", "u/b", "u/c"):
        desk.say("ann", pair, "hard", note=f"of {pair}")
    desk.say("bob", "u/a", "noisy")
    desk.say("bob", "u/b", "noisy")
    desk.say("bob", "u/c", "hard")
    desk.say("cid", "u/a", "unsure")
    desk.say("cid", "u/b", "hard", "resolve")
    found = current.disagreements(desk.cursor, "d")
    rows = list(zip(found["item_id"], found["who"], found["label"], found["resolved"], strict=True))
    assert rows == [
        ("a", "ann", "hard", False),
        ("a", "bob", "noisy", False),
        ("a", "cid", "unsure", False),
        ("b", "ann", "hard", True),
        ("b", "bob", "noisy", True),
        ("b", "cid", "hard", True),
    ]
    assert found["note"].iloc[0] == "of u/a"
    assert str(found["at"].dt.tz) == "UTC"
    assert abs(found["at"].max() - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=5)


def test_people_and_versions(desk):
    assert current.version(desk.cursor, "d") == 0
    desk.say("ann", "u/a", "hard")
    before = current.version(desk.cursor, "d")
    desk.say("bob", "u/a", "unsure")
    desk.say("bob", "u/b", "hard")
    desk.say("cid", "u/b", None)
    assert current.version(desk.cursor, "d") > before
    found = current.people(desk.cursor, "d")
    assert found[["who", "n", "n_unsure"]].to_numpy().tolist() == [["bob", 2, 1], ["ann", 1, 0]]


def test_second_opinions_are_asked_of_others_about_pairs_with_one_label(desk):
    desk.say("ann", "u/a", "hard")
    desk.say("ann", "u/b", "hard")
    desk.say("bob", "u/b", "hard")
    desk.say("ann", "u/c", "unsure")
    desk.say("bob", "u/d", "like", observed=False)
    asked = current.awaiting(desk.cursor, "d", "bob")
    assert asked[["item_id", "observed"]].to_numpy().tolist() == [["a", True]]
    assert list(asked) == ["user_id", "item_id", "observed"]  # the label is not told
    assert current.awaiting(desk.cursor, "d", "ann")["item_id"].tolist() == ["d"]
    assert set(current.awaiting(desk.cursor, "d", "cid")["item_id"]) == {"a", "d"}


def test_where_a_pair_was_met_stays_known(desk):
    desk.say("ann", "u/a", "hard", "random")
    desk.say("ann", "u/a", "noisy", "card")
    desk.say("ann", "u/b", "noisy", "noisy")
    found = current.own(desk.cursor, "d", "ann").set_index("item_id")
    assert found["sampled"].to_dict() == {"a": True, "b": False}
    assert found["source"].to_dict() == {"a": "card", "b": "noisy"}


def test_pairs_to_leave_out_are_those_with_a_label(desk):
    desk.say("ann", "u/a", "hard", "random")
    desk.say("ann", "u/b", "unsure")
    desk.say("ann", "u/c", "hard")
    desk.say("ann", "u/c", None)
    desk.say("bob", "u/b", "noisy")
    desk.say("bob", "u/d", "noisy")

    def told(**more):
        found = current.own_keys(desk.cursor, "d", " ann ", **more).sort_values("item_id")
        return dict(zip(found["item_id"], found["sampled"], strict=True))

    assert told() == {"a": True, "b": False}
    assert told(everybody=True) == {"a": True, "b": True, "d": True}
    assert current.own_keys(desk.cursor, "another", "ann").empty


def test_what_everybody_says_of_some_pairs(desk):
    desk.say("ann", "u/a", "hard", note="mine")
    desk.say("bob", "u/a", "noisy")
    desk.say("bob", "u/a", "clean")
    desk.say("cid", "u/a", "hard")
    desk.say("cid", "u/a", None)
    desk.say("ann", "v/b", "hard")
    desk.say("ann", "u/b", "hard")  # user of one pair, item of another: not asked for
    pairs = pd.DataFrame({"user_id": ["u", "v", "x"], "item_id": ["a", "b", "a"]})
    found = current.about(desk.cursor, "d", pairs)
    assert found[["who", "user_id", "item_id", "label", "note"]].to_numpy().tolist() == [
        ["ann", "u", "a", "hard", "mine"],
        ["ann", "v", "b", "hard", ""],
        ["bob", "u", "a", "clean", ""],
    ]
    assert current.about(desk.cursor, "d", pairs.head(0)).empty
    recent = current.recent(desk.cursor, "d", "ann", 2)
    assert recent.to_numpy().tolist() == [["u", "b"], ["v", "b"]]
