"""Questions to the tables of a run."""

from __future__ import annotations

import pandas as pd
import pytest

from app.services import query, store
from core.errors import DataError


@pytest.fixture
def run(workspace, finished_run):
    return store.load_run(workspace, finished_run.name)


def test_values_are_parameters(run):
    count = "SELECT count(*) AS n FROM interactions WHERE title = $t"
    found = query.ask(run, count, {"t": "Alien"})
    assert found["n"].tolist() == [2]
    hostile = "x' OR true; DROP VIEW interactions; --"
    found = query.ask(run, count, {"t": hostile})
    assert found["n"].tolist() == [0]


def test_kinds_are_empty_where_nothing_was_planted(run):
    assert not query.has(run, "kinds")
    assert query.ask(run, 'SELECT "row", kind, noise, hard FROM kinds').empty


def test_kinds_are_read_where_something_was(run):
    kinds = pd.DataFrame({"row": [3], "kind": ["uniform"], "noise": [True], "hard": [False]})
    kinds.to_parquet(run.folder / "kinds.parquet")
    assert query.has(run, "kinds")
    assert query.ask(run, "SELECT kind FROM kinds")["kind"].tolist() == ["uniform"]


def test_tables_of_the_dataset_are_found_beside_the_runs(run, workspace):
    folder = workspace / "datasets" / run.manifest.dataset
    folder.mkdir(parents=True)
    pd.DataFrame({"item_id": ["i0"], "text": ["space"]}).to_parquet(folder / "items.parquet")
    assert query.ask(run, "SELECT text FROM items")["text"].tolist() == ["space"]


def test_a_missing_or_damaged_table_says_what_to_do(run):
    with pytest.raises(DataError, match="run it again"):
        query.ask(run, "SELECT * FROM edges")
    (run.folder / "edges.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="run it again"):
        query.ask(run, "SELECT * FROM edges")
    with pytest.raises(DataError, match="run it again"):
        query.ask_columns(run, "SELECT missing FROM interactions")


def test_null_is_not_a_number(run):
    found = query.ask_columns(
        run, 'SELECT CASE WHEN "row" > 0 THEN loss END AS x FROM interactions ORDER BY "row"'
    )
    assert pd.isna(found["x"][0])
    assert found["x"][1] == 1.0


@pytest.mark.parametrize(("suffix", "read"), [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_an_answer_can_be_written_to_a_file(run, tmp_path, suffix, read):
    target = tmp_path / f"it's here{suffix}"
    query.write(run, "SELECT title FROM interactions WHERE loss > $x", target, {"x": 3.0})
    assert sorted(read(target)["title"]) == ["Alien", "Dune"]
