"""Labels as a file that questions to a run can join."""

from __future__ import annotations

import os
import time

import pandas as pd
import pytest

from app.services import database, flagged, store
from app.services.flagged import Filters
from app.services.labels import at_hand, events
from app.services.labels.decisions import Context, Decision
from core.errors import DataError
from tests.review_run import write_review_run


@pytest.fixture
def run(workspace):
    return store.load_run(workspace, write_review_run(workspace).name)


@pytest.fixture
def cursor(workspace):
    opened = database.connect(workspace)
    database.prepare(opened)
    yield opened.cursor()
    opened.close()


def say(cursor, run, row, label, who="Ann"):
    pair = flagged.page(run, Filters(), "user", 1, 10).set_index("row").loc[row]
    decision = Decision(pair["user_id"], pair["item_id"], True, label, 0)
    events.record(cursor, Context(who, run.manifest.dataset, "card", run.id), [decision])


def table(cursor, run, workspace):
    return at_hand.table(cursor, run.manifest.dataset, workspace)


def test_without_labels_there_is_no_file(cursor, run, workspace):
    assert table(cursor, run, workspace) is None
    assert not (workspace / "cache" / "labels").exists()


def test_a_new_label_makes_a_new_file_and_old_ones_go_after_an_hour(cursor, run, workspace):
    names = []
    for _ in range(4):
        for label in ("noisy", "clean"):
            say(cursor, run, 2, label)
            names.append(table(cursor, run, workspace))
            assert names[-1] == table(cursor, run, workspace)
    assert len(set(names)) == 8
    assert pd.read_parquet(names[-1])["label"].tolist() == ["clean"]
    assert all(name.is_file() for name in names)  # other windows may read any of them
    for name in (names[0], names[-1]):
        os.utime(name, (0, time.time() - at_hand.KEPT_S - 60))
    table(cursor, run, workspace)  # asked for again: its hour starts anew
    say(cursor, run, 2, "hard")
    assert table(cursor, run, workspace).is_file()
    assert [name.is_file() for name in names] == [False] + [True] * 7


def test_large_files_go_before_their_hour(cursor, run, workspace, monkeypatch):
    say(cursor, run, 2, "hard")
    first = table(cursor, run, workspace)
    monkeypatch.setattr(at_hand, "MAX_BYTES", first.stat().st_size)
    say(cursor, run, 2, "noisy")
    assert table(cursor, run, workspace).is_file()
    assert not first.is_file()


def test_a_file_that_another_session_deletes_just_now_is_no_error(cursor, run, workspace):
    say(cursor, run, 2, "hard")
    folder = table(cursor, run, workspace).parent
    for number in range(6):
        (folder / f"{number}.parquet").symlink_to(folder / "gone")
    say(cursor, run, 2, "noisy")
    assert table(cursor, run, workspace).is_file()


@pytest.mark.parametrize("name", ["../../../out", "/out", "..", "a\\b", "a\0b"])
def test_the_name_of_a_foreign_manifest_leads_nowhere_else(cursor, workspace, tmp_path, name):
    decision = Decision("ann", "i0", True, "hard", 0)
    events.record(cursor, Context("Ann", name, "card", "run-1"), [decision])
    with pytest.raises(DataError, match="no name of a dataset"):
        at_hand.table(cursor, name, workspace)
    assert not list(tmp_path.rglob("*.parquet"))


def test_the_list_can_be_cut_down_by_what_people_said(cursor, run, workspace):
    # Verdicts of the rows: 2 hard, 3 noisy, 4 hard, 5 noisy; the rest clean.
    for row, label in ((2, "hard"), (3, "clean"), (5, "unsure"), (0, "noisy")):
        say(cursor, run, row, label)
    say(cursor, run, 0, "clean", who="Bob")
    path = str(table(cursor, run, workspace))

    def left(labelled):
        return flagged.rows(run, Filters(labelled=labelled, labels_path=path)).tolist()

    assert left("yes") == [0, 2, 3, 5]
    assert left("no") == [1, 4]
    assert left("conflict") == [0]
    assert left("unsure") == [5]
    assert left("against") == [0, 3]
    assert left("of another version") == [0, 1, 2, 3, 4, 5]
    page = flagged.page(run, Filters(labels_path=path), "user", 1, 10).set_index("row")
    assert page["label"].dropna().to_dict() == {
        0: "conflict",
        2: "hard",
        3: "clean",
        5: "unsure",
    }


def test_without_a_file_nothing_is_labelled(run):
    assert flagged.rows(run, Filters(labelled="yes")).tolist() == []
    assert flagged.rows(run, Filters(labelled="no")).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_export_says_what_people_said(cursor, run, workspace, tmp_path):
    say(cursor, run, 3, "clean")
    path = str(table(cursor, run, workspace))
    target = tmp_path / "list.parquet"
    flagged.export(run, Filters(verdicts=("noisy",), labels_path=path), "p_high", target)
    written = pd.read_parquet(target).set_index("row")
    assert written["label_of_people"].dropna().to_dict() == {3: "clean"}
