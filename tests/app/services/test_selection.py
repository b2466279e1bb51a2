"""Review lists are files named by what is in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from app.services import query, selection, store


@pytest.fixture
def run(workspace, finished_run):
    return store.load_run(workspace, finished_run.name)


def test_a_list_is_found_again_by_its_name(run):
    kept = selection.save(run, [4, 1, 4], "two of them")
    assert kept.n_rows == 2
    assert selection.load(run, kept.id) == kept


def test_its_file_holds_the_rows_once_and_in_order(run):
    kept = selection.save(run, [4, 1, 4], "two")
    found = query.ask(run, 'SELECT "row" FROM chosen', tables={"chosen": kept.path})
    assert found["row"].tolist() == [1, 4]


def test_the_same_rows_give_the_same_list_and_others_another(run):
    first = selection.save(run, [1, 2], "map")
    assert selection.save(run, [2, 1], "losses").id == first.id
    assert selection.save(run, [2, 3], "losses").id != first.id
    assert len(selection.every(run)) == 2


def test_a_list_belongs_to_its_run(run):
    kept = selection.save(run, [1], "one")
    other = store.Run("another", run.folder.with_name("another"), run.manifest)
    assert selection.load(other, kept.id) is None


def test_a_name_from_an_address_reads_no_other_file(run):
    selection.save(run, [1], "one")
    for name in ("../../../etc/passwd", "", None, "everything"):
        assert selection.load(run, name) is None


def test_half_a_list_is_none(run):
    kept = selection.save(run, [1], "one")
    kept.path.with_suffix(".json").write_text('{"source": ')
    assert selection.every(run) == []


def test_a_removed_list_is_gone(run):
    kept = selection.save(run, [1], "one")
    selection.remove(run, kept.id)
    assert selection.every(run) == []
    assert not kept.path.exists()


def test_lists_are_named_by_what_they_are_and_how_many(run):
    lasso = selection.save(run, range(1412), "lasso on the map")
    first = selection.save(run, [1, 2], "loss cut")
    second = selection.save(run, [3, 4], "loss\n cut")
    found = selection.names([lasso, first, second])
    assert found[lasso.id] == "Lasso on the map, 1,412"
    assert found[first.id] == f"Loss cut, 2 ({first.id[:4]})"  # two of the same name
    assert found[second.id] == f"Loss cut, 2 ({second.id[:4]})"


def test_an_empty_list_is_a_list(run):
    kept = selection.save(run, [], "nothing was inside")
    assert selection.load(run, kept.id).n_rows == 0


def test_eight_sessions_keep_lists_at_once(run):
    def keep(number):
        return selection.save(run, range(number % 2, 5000, 2), f"from {number}")

    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(keep, range(64)))
    assert len({one.id for one in kept}) == len(selection.every(run)) == 2
    for one in selection.every(run):
        rows = pq.read_table(one.path)["row"].to_pylist()
        assert rows == list(range(rows[0], 5000, 2))
    assert {path.suffix for path in kept[0].path.parent.iterdir()} == {".parquet", ".json"}
