"""Labels as a file that questions to a run can join."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import database, flagged, store
from app.services.flagged import Filters
from app.services.labels import at_hand, events
from app.services.labels.decisions import Context, Decision
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


def test_a_new_label_makes_a_new_file_and_old_ones_go(cursor, run, workspace):
    names = []
    for _ in range(4):
        for label in ("noisy", "clean"):
            say(cursor, run, 2, label)
            names.append(table(cursor, run, workspace))
            assert names[-1] == table(cursor, run, workspace)
    assert len(set(names)) == 8
    assert pd.read_parquet(names[-1])["label"].tolist() == ["clean"]
    assert len(list(names[-1].parent.glob("*.parquet"))) == at_hand.N_KEPT


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
