from __future__ import annotations

import pandas as pd
import pytest

from app.services import query, store
from app.services.decided import by_people, n_told, told
from tests.compare_run import AFTER, CHILD, PARENT, write_runs
from tests.run_folder import MANIFEST


@pytest.fixture
def runs(workspace):
    write_runs(workspace)
    return store.load_run(workspace, PARENT), store.load_run(workspace, CHILD)


def manifest(**changes):
    return store.Manifest.model_validate(MANIFEST | changes)


def rows_told(run):
    sql = f'SELECT "row" FROM interactions WHERE {told(run)} ORDER BY 1'
    return query.ask(run, sql)["row"].tolist()


def test_without_labels_nobody_decided_anything(runs):
    assert by_people(manifest()) is None
    assert rows_told(runs[0]) == []


def test_counts_are_those_of_the_run():
    found = by_people(
        manifest(
            parent="run-0",
            labels={"n": 9, "n_overruled": 5, "n_held_out": 2, "calibrated": False}
            | {"why_not": "too few"},
        )
    )
    assert (found.n_given, found.n_decided, found.n_held_out) == (9, 5, 2)
    assert (found.parent, found.calibrated, found.why_not) == ("run-0", False, "too few")


def test_what_a_label_decided_or_taught_was_told(runs):
    assert rows_told(runs[1]) == [1]
    # Labels may teach without deciding; held-out ones do neither.
    said = AFTER | {
        "decided_by": ["model"] * 6,
        "held_out": [True, False, False, False, True, False],
    }
    pd.DataFrame(said).to_parquet(runs[1].folder / "interactions.parquet")
    assert rows_told(runs[1]) == [1, 3]


def test_told_interactions_are_counted(runs):
    assert [n_told(run) for run in runs] == [0, 1]
