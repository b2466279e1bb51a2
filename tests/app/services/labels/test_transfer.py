"""Labels out and in again: nothing is lost, nothing is guessed, and all is told."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import database
from app.services.labels import current, events, snapshot, transfer
from app.services.labels.events import Context
from core.errors import DataError

CONTEXT = Context("eve", "d", "import", "run-1")
USERS = ["u1", "u2", "=u3", "'=u3", '"quoted", u']
ITEMS = ["a", "b", "+c", "@d"]


@pytest.fixture
def folder(tmp_path):
    """A dataset where users have seen the items a and +c."""
    made = tmp_path / "dataset"
    made.mkdir()
    pd.DataFrame({"user_id": USERS}).to_parquet(made / "users.parquet")
    pd.DataFrame({"item_id": ITEMS}).to_parquet(made / "items.parquet")
    seen = pd.DataFrame(
        [(u, i) for u in USERS for i in ("a", "+c")], columns=["user_id", "item_id"]
    )
    seen.to_parquet(made / "train.parquet")
    return made


def checked(tmp_path, folder, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return transfer.read(path, folder)


def told(found):
    return {problem.title.split(":")[0]: problem.n for problem in found.problems}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_out_and_in_again_gives_the_same_labels_of_the_same_people(desk, folder, tmp_path, suffix):
    notes = ["=1+1", "'=quoted", 'a, "b"\r\nc\nd', "'plain", "-", "ünï", "", " "]
    for number, note in enumerate(notes):
        pair = f"{USERS[number % 5]}/{('a', '+c')[number % 2]}"
        desk.say("@ann", pair, "hard", note=note)
        desk.say("bob", pair, "unsure" if number else "noisy", note=note)
    desk.say("bob", "=u3/b", "not", observed=False, note="never")
    path = tmp_path / f"out{suffix}"
    assert transfer.export(desk.cursor, "d", path) == len(desk.own("@ann")) + len(desk.own("bob"))
    found = transfer.read(path, folder)
    assert told(found) == {}
    with database.connect(tmp_path / "other") as connection:
        database.prepare(connection)
        cursor = connection.cursor()
        assert transfer.import_(cursor, CONTEXT, found).n_written == found.n_rows
        for who in ("@ann", "bob"):
            columns = ["user_id", "item_id", "observed", "label", "note"]
            mine, theirs = (
                current.own(c, "d", who)[columns].sort_values(columns[:2]).to_numpy().tolist()
                for c in (desk.cursor, cursor)
            )
            assert mine == theirs
        assert current.own(cursor, "d", "eve").empty
    # Over what it came from it changes nothing.
    again = transfer.import_(desk.cursor, CONTEXT, found)
    assert (again.n_written, again.n_known) == (0, found.n_rows)


def test_a_spreadsheet_takes_no_text_of_the_file_for_a_formula(desk, tmp_path):
    desk.say("=ann", "=u3/+c", "hard", note="@SUM(1)")
    transfer.export(desk.cursor, "d", tmp_path / "out.csv")
    (line,) = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert line.startswith("'=ann,'=u3,'+c,true,hard,'@SUM(1),")
    assert list(tmp_path.glob(".*")) == []


def test_what_is_wrong_is_counted_with_examples_and_left_out(tmp_path, folder):
    found = checked(
        tmp_path,
        folder,
        "user_id,item_id,label,note\n"
        "u1,a,noisy,good\n"
        "u1,a,maybe,\n"
        "u1,a,,\n"
        "nobody,a,hard,\n"
        "u1,nothing,hard,\n"
        "u1,b,hard,not observed\n"
        "u1,a,like,observed\n"
        "u2,a,hard,\n"
        "u2,a,noisy,\n"
        "u2,+c, HARD ,\n"
        "u2,+c,hard,again\n"
        "u2,b,like,\n",
    )
    assert found.n_rows == 12
    assert told(found) == {
        "Unknown label": 2,
        "User is not in the dataset": 1,
        "Item is not in the dataset": 1,
        "Label does not fit": 2,
        "The same pair with different labels": 2,
        "The same pair and label once more": 1,
    }
    assert found.problems[0].examples["line"].tolist() == [3, 4]
    assert found.problems[0].examples["label"].tolist() == ["maybe", ""]
    assert found.problems[4].examples["line"].tolist() == [9, 10]
    assert found.frame[["user_id", "item_id", "observed", "label"]].to_numpy().tolist() == [
        ["u1", "a", True, "noisy"],
        ["u2", "+c", True, "hard"],
        ["u2", "b", False, "like"],
    ]


def test_people_named_in_a_file_differ_without_a_problem(tmp_path, folder, desk):
    text = "who,user_id,item_id,label\nann,u1,a,hard\nbob,u1,a,noisy\n,u1,a,clean\n"
    found = checked(tmp_path, folder, text)
    assert told(found) == {}
    assert transfer.import_(desk.cursor, CONTEXT, found).n_written == 3
    assert [desk.own(who)["u1/a"] for who in ("ann", "bob", "eve")] == ["hard", "noisy", "clean"]
    history = current.history(desk.cursor, "d", "u1", "a")
    assert set(history["actor"]) == {"eve"}
    assert set(history["source"]) == {"import"}


def test_who_imported_can_undo_it_but_not_what_people_said_since(tmp_path, folder, desk):
    desk.say("ann", "u1/a", "clean", note="mine")
    text = "who,user_id,item_id,label\nann,u1,a,hard\nann,u2,a,noisy\nbob,u2,a,noisy\n"
    transfer.import_(desk.cursor, CONTEXT, checked(tmp_path, folder, text))
    desk.say("bob", "u2/a", "hard")
    done = desk.undo("ann")  # her own batch; the import over it is not hers
    assert (done.step.label, done.n, done.n_left) == ("clean", 0, 1)
    assert desk.own("ann") == {"u1/a": "hard", "u2/a": "noisy"}
    done = desk.undo("eve")
    assert (done.n, done.n_left) == (2, 1)
    assert desk.own("ann") == {"u1/a": "clean"}
    assert desk.own("bob") == {"u2/a": "hard"}
    assert desk.undo("eve") is None
    desk.redo("eve")
    assert desk.own("ann") == {"u1/a": "hard", "u2/a": "noisy"}


def test_an_undo_that_finds_nothing_left_to_set_back_still_ends(tmp_path, folder, desk):
    text = "who,user_id,item_id,label\nbob,u2,a,noisy\n"
    transfer.import_(desk.cursor, CONTEXT, checked(tmp_path, folder, text))
    desk.say("bob", "u2/a", "hard")
    assert desk.undo("eve").n == 0
    assert desk.undo("eve") is None
    assert desk.own("bob") == {"u2/a": "hard"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user_id,item_id\nu1,a\n", "has no column label"),
        ("user_id,item_id,label,Label\nu1,a,hard,noisy\n", "has label twice"),
        ("", "no table of labels"),
        (b"user_id,item_id,label\n\xff\xfe,a,hard\n", "no table of labels"),
        (b"PK\x03\x04 a zip", "has no column"),
    ],
)
def test_what_is_no_table_of_labels_is_told(tmp_path, folder, text, says):
    with pytest.raises(DataError, match=says):
        checked(tmp_path, folder, text)


def test_a_parquet_file_that_is_none_is_told(tmp_path, folder):
    with pytest.raises(DataError, match="no table of labels"):
        checked(tmp_path, folder, "user_id,item_id,label\n", "labels.parquet")
    with pytest.raises(DataError, match="cannot be read"):
        checked(tmp_path, tmp_path, "user_id,item_id,label\nu1,a,hard\n")


def test_files_of_other_programs_are_read(tmp_path, folder):
    text = "\ufeffItem_ID;User_ID;Label;extra\na;u1;Noisy;x\n'+c;'=u3;hard;\n"
    found = checked(tmp_path, folder, text)
    assert found.frame[["user_id", "item_id", "label"]].to_numpy().tolist() == [
        ["u1", "a", "noisy"],
        ["=u3", "+c", "hard"],
    ]
    path = tmp_path / "typed.parquet"
    frame = pd.DataFrame({"user_id": [7, 8], "item_id": pd.Categorical(["a", "a"])})
    frame.assign(label=["hard", None], note=None).to_parquet(path)
    assert told(transfer.read(path, folder)) == {
        "Unknown label": 1,
        "User is not in the dataset": 1,
    }


def test_huge_cells_are_bounded(tmp_path, folder):
    big = "x" * 300_000
    text = f'who,user_id,item_id,label,note\n,u1,a,hard,"{big}"\n,"{big}",a,hard,\n'
    text += f',u1,b,"{big}",\n"{big}",u2,a,hard,\n'
    found = checked(tmp_path, folder, text)
    assert told(found) == {
        "Unknown label": 1,
        "User is not in the dataset": 1,
        "Name of the person is longer than 200 letters": 1,
        "Note is longer than 2,000 letters": 1,
    }
    assert found.frame["note"].str.len().tolist() == [2000]
    for problem in found.problems:
        assert problem.examples.drop(columns="line").map(len).to_numpy().max() <= 80


def test_an_empty_file_imports_nothing(tmp_path, folder, desk):
    found = checked(tmp_path, folder, "user_id,item_id,label\n")
    assert (found.n_rows, found.problems) == (0, ())
    assert transfer.import_(desk.cursor, CONTEXT, found).n_written == 0


def stamped(tmp_path, folder, *rows):
    """``(who, pair, label, hours from now)`` as a file that was checked."""
    now = pd.Timestamp.now("UTC")
    lines = [
        f"{who},{pair.replace('/', ',')},{label},{(now + pd.Timedelta(hours=hours)).isoformat()}"
        for who, pair, label, hours in rows
    ]
    return checked(tmp_path, folder, "\n".join(["who,user_id,item_id,label,at", *lines]))


def test_older_labels_of_a_file_do_not_replace_later_ones(tmp_path, folder, desk):
    for pair in ("u1/a", "u2/a"):
        desk.say("ann", pair, "noisy")
    desk.say("eve", "u1/+c", "noisy")
    desk.say("eve", "u1/+c", None)
    found = stamped(
        tmp_path,
        folder,
        ("ann", "u1/a", "hard", -1),
        ("ann", "u2/a", "hard", 1),
        ("bob", "u1/a", "clean", -1),
        ("", "u1/+c", "noisy", -1),  # taken back since
    )
    seen = transfer.against(desk.cursor, CONTEXT, found)
    assert told(seen) == {"Older than what the person decided since": 2}
    assert seen.problems[0].examples["line"].tolist() == [2, 5]
    assert transfer.n_replaced(desk.cursor, CONTEXT, seen) == 1
    done = transfer.import_(desk.cursor, CONTEXT, found)
    assert (done.n_written, done.n_known) == (2, 2)
    assert desk.own("ann") == {"u1/a": "noisy", "u2/a": "hard"}
    assert (desk.own("bob"), desk.own("eve")) == ({"u1/a": "clean"}, {})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_export_does_not_bring_back_what_was_changed_since(desk, folder, tmp_path, suffix):
    desk.say("ann", "u1/a", "noisy")
    desk.say("ann", "u2/a", "noisy")
    path = tmp_path / f"out{suffix}"
    transfer.export(desk.cursor, "d", path)
    desk.say("ann", "u1/a", "hard")
    found = transfer.read(path, folder)
    assert transfer.import_(desk.cursor, CONTEXT, found).n_written == 0
    assert desk.own("ann") == {"u1/a": "hard", "u2/a": "noisy"}


def test_an_import_that_was_undone_can_be_made_again(tmp_path, folder, desk):
    found = stamped(tmp_path, folder, ("ann", "u1/a", "hard", -1))
    for _ in range(2):
        assert transfer.import_(desk.cursor, CONTEXT, found).n_written == 1
        assert desk.undo("eve").n == 1
    desk.redo("eve")
    older = stamped(tmp_path, folder, ("ann", "u1/a", "noisy", -2))
    assert transfer.import_(desk.cursor, CONTEXT, older).n_written == 0


def test_who_signed_in_imports_no_labels_of_others(tmp_path, folder, desk):
    found = stamped(
        tmp_path,
        folder,
        ("ann", "u1/a", "hard", 0),
        ("eve", "u2/a", "hard", 0),
        ("", "u1/b", "like", 0),
    )
    seen = transfer.against(desk.cursor, CONTEXT, found, "eve".__eq__)
    assert told(seen) == {"Label of another person": 1}
    assert transfer.import_(desk.cursor, CONTEXT, found, "eve".__eq__).n_written == 2
    assert desk.own("ann") == {}
    assert desk.own("eve") == {"u1/b": "like", "u2/a": "hard"}


def test_a_time_that_cannot_be_read_is_told(tmp_path, folder):
    text = "user_id,item_id,label,at\nu1,a,hard,last week\nu2,a,hard,2026-01-02 03:04:05\n"
    found = checked(tmp_path, folder, text)
    assert told(found) == {"Time (at) cannot be read": 1}
    assert found.frame["at"].isna().tolist() == [True, False]
    assert found.frame["at"][1] == pd.Timestamp("2026-01-02 03:04:05", tz="UTC")


def standing(cursor):
    found = snapshot.standing(cursor, "d")
    return found.drop(columns="n_people").to_numpy().tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_elsewhere_too_labels_teach_measure_and_stay_settled(desk, folder, tmp_path, suffix):
    desk.say("ann", "u1/a", "hard", "random")
    desk.say("ann", "u1/a", "noisy", "card")  # met in the random order all the same
    desk.say("ann", "u2/a", "hard", "uncertain")
    desk.say("bob", "u2/a", "noisy", "second")
    desk.say("ann", "u2/a", "noisy", "resolve")
    desk.say("ann", "=u3/a", "clean", "noisy")
    desk.say("cid", "=u3/a", "hard", "resolve")
    desk.say("bob", "=u3/a", "noisy")  # another word after it was settled
    pairs = pd.DataFrame({"user_id": ["u1", "u2"], "item_id": "+c", "observed": True})
    events.record_table(desk.cursor, Context("bob", "d", "bulk"), pairs, "clean", "list")
    path = tmp_path / f"out{suffix}"
    transfer.export(desk.cursor, "d", path)
    found = transfer.read(path, folder)
    assert told(found) == {}
    with database.connect(tmp_path / "other") as connection:
        database.prepare(connection)
        cursor = connection.cursor()
        transfer.import_(cursor, CONTEXT, found)
        there = {(user, item): rest for user, item, *rest in standing(cursor)}
        assert there == {
            ("=u3", "a"): [True, "conflict", "bulk", False],
            ("u1", "+c"): [True, "clean", "bulk", False],
            ("u1", "a"): [True, "noisy", "random", True],
            ("u2", "+c"): [True, "clean", "bulk", False],
            ("u2", "a"): [True, "noisy", "resolve", False],
        }
        settled = current.effective(cursor, "d").set_index(["user_id", "item_id"])["resolved"]
        assert settled[settled].index.tolist() == [("u2", "a")]
        transfer.export(cursor, "d", tmp_path / f"again{suffix}")
        again = transfer.read(tmp_path / f"again{suffix}", folder)
        columns = ["who", "user_id", "item_id", "label", "origin"]
        assert again.frame[columns].to_numpy().tolist() == found.frame[columns].to_numpy().tolist()
        events.undo(cursor, "eve", "d")
        assert standing(cursor) == []
        events.redo(cursor, "eve", "d")
        assert {(user, item): rest for user, item, *rest in standing(cursor)} == there


def test_a_file_that_does_not_say_how_its_labels_came_teaches_nothing(desk, folder, tmp_path):
    text = "user_id,item_id,label,origin\nu1,a,hard,Random Part\nu2,a,hard,\nu1,+c,hard,guess\n"
    found = checked(tmp_path, folder, text + "u2,+c,hard,undo\n")
    assert told(found) == {"Unknown origin": 2}
    assert found.problems[0].examples["origin"].tolist() == ["guess", "undo"]
    transfer.import_(desk.cursor, CONTEXT, found)
    origins = snapshot.standing(desk.cursor, "d").set_index(["user_id", "item_id"])["origin"]
    assert origins.to_dict() == {
        ("u1", "a"): "random part",
        ("u2", "a"): "bulk",
        ("u1", "+c"): "bulk",
        ("u2", "+c"): "bulk",
    }


@pytest.mark.parametrize(
    ("stored", "content"),
    [
        ("labels.csv", b"a,b\n1,2\n"),
        ("labels.parquet", b"no parquet"),
        ("labels.csv", b"user_id,item_id,label\n\xff\xfe,a,hard\n"),
    ],
)
def test_a_problem_names_the_file_that_the_person_gave(tmp_path, folder, stored, content):
    path = tmp_path / stored
    path.write_bytes(content)
    with pytest.raises(DataError) as told_:
        transfer.read(path, folder, "what we said.csv")
    assert str(told_.value).startswith("what we said.csv is no table of labels")
    assert stored not in str(told_.value)
    assert str(tmp_path) not in str(told_.value)


def test_labels_of_a_run_are_taken_where_nobody_has_said_anything(tmp_path, folder, desk):
    desk.say("ann", "u1/a", "unsure")
    found = checked(tmp_path, folder, "user_id,item_id,label\nu1,a,hard\nu2,a,hard\n")
    seen = transfer.of_nobody(desk.cursor, CONTEXT, found)
    assert told(seen) == {"Somebody has labelled the pair here": 1}
    assert seen.frame["user_id"].tolist() == ["u2"]
