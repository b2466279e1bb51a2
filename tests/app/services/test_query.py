"""Questions to the tables of a run."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from app.services import query, store
from core.errors import DataError
from tests.run_folder import INTERACTIONS, write_projection, write_run


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


def test_what_has_no_title_is_called_by_its_id(workspace):
    titles = ["Alien", "", "  ", None, "Alien", "Brazil"]
    folder = write_run(workspace, interactions=INTERACTIONS | {"title": titles})
    write_projection(folder)
    path = folder / "projection.parquet"
    pd.read_parquet(path).assign(title="").to_parquet(path)
    run = store.load_run(workspace, folder.name)
    found = query.ask(run, 'SELECT title FROM interactions ORDER BY "row"')
    assert found["title"].tolist() == ["Alien", "i1", "i2", "i3", "Alien", "Brazil"]
    nodes = query.ask(run, "SELECT id, title FROM projection")
    assert nodes["title"].tolist() == nodes["id"].tolist()


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


def test_questions_at_the_same_time_see_their_own_tables(run):
    def ask(number):
        one = pd.DataFrame({"number": [number]})
        sql = "SELECT number, (SELECT count(*) FROM interactions) AS n FROM one"
        return query.ask(run, sql, tables={"one": one}).iloc[0].tolist()

    n = len(pd.read_parquet(run.folder / "interactions.parquet"))
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(40))) == [[number, n] for number in range(40)]


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


def test_a_parameter_of_the_name_of_a_table_opens_no_table(run):
    found = query.ask(run, "SELECT len($items) AS n, len($edges) AS m", {"items": [1], "edges": []})
    assert found.iloc[0].tolist() == [1, 0]


def test_any_error_of_the_database_is_explained(run):
    with pytest.raises(DataError, match="run it again"):
        query.ask(run, "SELECT title::INTEGER FROM interactions")  # a ConversionException


@pytest.mark.parametrize(
    ("of_run", "of_dataset", "is_own"),
    [
        ("", None, True),  # early runs do not know
        ("", "b", True),
        ("a", "a", True),
        ("a", "b", False),
        ("a", None, False),
    ],
)
def test_a_dataset_prepared_again_is_not_the_one_of_the_run(
    run, workspace, of_run, of_dataset, is_own
):
    run = store.Run(
        run.id, run.folder, run.manifest.model_copy(update={"dataset_fingerprint": of_run})
    )
    folder = workspace / "datasets" / run.manifest.dataset
    folder.mkdir(parents=True)
    for name in ("users", "items", "test"):
        pd.DataFrame({"text": ["space"]}).to_parquet(folder / f"{name}.parquet")
    if of_dataset:
        (folder / "manifest.json").write_text(json.dumps({"fingerprint": of_dataset}))
    assert query.own_dataset(run) == (folder if is_own else None)
    for name in ("users", "items", "test"):
        assert query.has(run, name) is is_own
        if not is_own:
            with pytest.raises(DataError, match=name):
                query.ask(run, f"SELECT text FROM {name}")


def test_without_a_folder_there_is_no_dataset(run):
    assert query.own_dataset(run) is None
    assert not query.has(run, "items")


def break_the_instance(run):
    """Ask a file that is damaged at one byte after the other, until DuckDB gives itself up."""
    path = run.folder / "edges.parquet"
    pd.DataFrame({"a": [1, 2, 1, 2, None, 1]}).to_parquet(path, compression=None)
    whole = path.read_bytes()
    for place in range(100, len(whole) - 8):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        try:
            query.ask(run, "SELECT * FROM edges")
        except DataError as error:
            if "INTERNAL" in str(error) or "FATAL" in str(error):
                return str(error)
    raise AssertionError("no damage is bad enough any more: this tests nothing")


def test_a_file_that_breaks_the_database_leaves_other_questions_alone(run):
    assert "run it again" in break_the_instance(run)
    count = "SELECT count(*) AS n FROM interactions"
    assert query.ask(run, count)["n"].tolist() == [6]
    assert query.ask_columns(run, count)["n"].tolist() == [6]


def test_a_question_that_meets_a_broken_instance_is_asked_again(run, monkeypatch):
    monkeypatch.setattr(query._DATABASE, "_replace", lambda _: None)
    break_the_instance(run)
    broken = query._DATABASE._instance
    monkeypatch.undo()
    count = "SELECT count(*) AS n FROM interactions"
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: query.ask(run, count)["n"].item(), range(8)))
    assert found == [6] * 8
    assert query._DATABASE._instance is not broken


def test_texts_that_are_no_text_are_damage(run):
    def answer(_):
        return b"\xff".decode()

    with pytest.raises(DataError, match="run it again"):
        query._asked(run, answer)
