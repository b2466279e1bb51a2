from __future__ import annotations

import json
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from app.services import export, store
from core.data.sources import load_raw
from core.errors import ConfigError, DataError
from tests.compare_run import CHILD, PARENT, write_runs

HOSTILE = {"ann": "=1+1", "bob": '+b "b"', "cid": "-c,c", "i0": "@i", "i1": "\ti", "i2": "007"}


@pytest.fixture
def runs(workspace):
    write_runs(workspace)
    return store.load_run(workspace, PARENT), store.load_run(workspace, CHILD)


def rename(run):
    """Give the run and its dataset ids that spreadsheets and careless readers change."""
    dataset = run.folder.parents[1] / "datasets" / "six rows"
    for path in [*run.folder.glob("*.parquet"), *dataset.glob("*.parquet")]:
        table = pd.read_parquet(path)
        names = [name for name in ("user_id", "item_id", "id") if name in table]
        table[names] = table[names].replace(HOSTILE)
        table.to_parquet(path)


def imported(folder):
    raw = load_raw(folder)
    found = raw.connection.execute(
        "SELECT user_id, item_id, split FROM raw_interactions ORDER BY ALL"
    ).fetchall()
    return [tuple(row) for row in found]


def test_every_edge_with_what_was_decided(runs, tmp_path):
    done = export.export(runs[1], tmp_path / "out", "parquet")
    assert (done.n_rows, done.files) == (
        7,
        ("interactions.parquet", "items.parquet", "export.json"),
    )
    found = pd.read_parquet(tmp_path / "out" / "interactions.parquet")
    found = found.set_index(["user_id", "item_id"])
    own = found.loc[("ann", "i1")]
    assert own[["origin", "verdict", "decided_by", "run_id"]].tolist() == [
        *("kept", "noisy", "person", CHILD)
    ]
    assert own["p_noisy"] == pytest.approx(0.9)
    added = found.loc[("ann", "i2")]
    assert (added["origin"], added["verdict"], added["decided_by"]) == ("added", "", "judge")
    assert pd.isna(added["p_noisy"])
    about = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (about["run_id"], about["n_rows"]) == (CHILD, 7)


def test_a_run_that_does_not_say_who_decided_is_not_guessed_at(runs, tmp_path):
    done = export.export(runs[0], tmp_path, "parquet", "kept")
    assert set(pd.read_parquet(tmp_path / "train.parquet")["decided_by"]) == {""}
    assert "decided_by" in done.notes[0]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_was_exported_is_imported_as_the_same_data(runs, tmp_path, form):
    rename(runs[0])
    export.export(runs[0], tmp_path / "out", form, "refined")
    edges = pd.read_parquet(runs[0].folder / "edges.parquet").query("in_refined")
    expected = [(u, i, "train") for u, i in zip(edges["user_id"], edges["item_id"], strict=True)]
    expected += [("-c,c", "i3", "valid"), ("=1+1", "i3", "test"), ('+b "b"', "\ti", "test")]
    if form == "csv":  # the import takes blanks off the ends of ids, in every file alike
        expected = [(u, i.strip(), split) for u, i, split in expected]
    found = [(u, i.strip() if form == "csv" else i, s) for u, i, s in imported(tmp_path / "out")]
    assert sorted(found) == sorted(expected)


def test_ids_stand_in_csv_as_they_are(runs, tmp_path):
    rename(runs[0])
    export.export(runs[0], tmp_path, "csv", "kept")
    found = pd.read_csv(tmp_path / "train.csv", dtype=str)
    assert set(found["user_id"]) <= {"=1+1", '+b "b"', "-c,c"}
    assert "007" in set(found["item_id"])


def test_only_dropped_edges_are_no_train_set(runs, tmp_path):
    export.export(runs[0], tmp_path / "out", "csv", "dropped")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("export.json", "interactions.csv", "items.csv")
    ]
    found = pd.read_csv(tmp_path / "out" / "interactions.csv")
    assert found[["user_id", "item_id"]].values.tolist() == [["bob", "i3"], ["cid", "i1"]]


def test_atomic_files_carry_types_in_their_headers(runs, tmp_path):
    export.export(runs[0], tmp_path, "recbole", "refined")
    inter = pd.read_csv(tmp_path / "six-rows.train.inter", sep="\t")
    assert list(inter.columns[:3]) == ["user_id:token", "item_id:token", "origin:token"]
    assert "weight:float" in inter.columns
    assert len(inter) == 6
    assert (tmp_path / "six-rows.inter").read_text() == (
        tmp_path / "six-rows.train.inter"
    ).read_text()
    items = pd.read_csv(tmp_path / "six-rows.item", sep="\t").set_index("item_id:token")
    assert items.loc["i2", "genre:token_seq"] == "old_crime"
    assert items.loc["i0", "genre:token_seq"] == "space horror"
    assert items.loc["i2", "title:token_seq"] == 'The "Casino"'
    held_out = pd.read_csv(tmp_path / "six-rows.test.inter", sep="\t")
    assert held_out.values.tolist() == [["ann", "i3"], ["bob", "i1"]]


def test_atomic_files_refuse_ids_they_cannot_hold(runs, tmp_path):
    rename(runs[0])
    with pytest.raises(DataError, match="item_id"):
        export.export(runs[0], tmp_path / "out", "recbole")
    assert not list((tmp_path / "out").iterdir())


def test_the_matrix_holds_the_weights_of_the_refined_graph(runs, tmp_path):
    export.export(runs[0], tmp_path, "npz", "refined")
    found = sparse.load_npz(tmp_path / "weights.npz")
    expected = np.array([[1, 0.5, 1, 0], [0.5, 0, 1, 0], [1, 0, 0, 0]])
    assert np.array_equal(found.toarray(), expected)
    users = pd.read_parquet(tmp_path / "users.parquet")
    assert users["id"].tolist() == ["ann", "bob", "cid"]
    assert users["number"].tolist() == [0, 1, 2]
    with pytest.raises(ConfigError, match="weigh nothing"):
        export.export(runs[0], tmp_path, "npz", "dropped")


def test_without_the_dataset_the_train_set_comes_alone(runs, tmp_path):
    (runs[0].folder.parents[1] / "datasets" / "six rows" / "manifest.json").unlink()
    done = export.export(runs[0], tmp_path, "csv", "refined")
    assert done.files == ("train.csv", "export.json")
    assert any("dataset" in note for note in done.notes)


def test_the_archive_holds_the_same_files(runs):
    with zipfile.ZipFile(BytesIO(export.archive(runs[0], "csv", "refined"))) as packed:
        assert set(packed.namelist()) == {
            *("train.csv", "valid.csv", "test.csv", "items.csv", "users.csv", "export.json")
        }


def test_a_run_without_edges_has_nothing_to_take(runs, tmp_path):
    (runs[0].folder / "edges.parquet").unlink()
    with pytest.raises(DataError, match=r"edges\.parquet"):
        export.export(runs[0], tmp_path, "csv")


def test_what_cannot_be_written_is_said(runs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        export.export(runs[0], tmp_path / "file", "csv")


def add_reserved(run):
    """Two more added edges, which are pairs of validation (cid, i3) and test (bob, i1)."""
    path = run.folder / "edges.parquet"
    edges = pd.read_parquet(path)
    more = edges[edges["origin"] == "added"].assign(
        user=[2, 1], item=[3, 1], user_id=["cid", "bob"], item_id=["i3", "i1"]
    )
    pd.concat([edges, more]).to_parquet(path)


def test_a_train_set_holds_no_pair_of_validation_or_test(runs, tmp_path):
    export.export(runs[0], tmp_path / "before", "parquet", "refined")
    add_reserved(runs[0])
    done = export.export(runs[0], tmp_path / "after", "parquet", "refined")
    assert imported(tmp_path / "after") == imported(tmp_path / "before")
    assert (done.n_rows, export.count(runs[0], "parquet", "refined").n_reserved) == (6, 2)
    assert "2 added edges are left out" in " ".join(done.notes)
    about = json.loads((tmp_path / "after" / "export.json").read_text())
    assert about["n_reserved"] == 2


def test_the_matrix_holds_no_pair_of_validation_or_test(runs, tmp_path):
    add_reserved(runs[0])
    done = export.export(runs[0], tmp_path, "npz", "refined")
    found = sparse.load_npz(tmp_path / "weights.npz").toarray()
    assert (found[2, 3], found[1, 1], done.n_rows) == (0, 0, 6)


def test_what_is_no_train_set_holds_every_edge(runs, tmp_path):
    add_reserved(runs[0])
    done = export.export(runs[0], tmp_path, "csv", "added")
    assert (done.n_rows, export.count(runs[0], "csv", "all").n_reserved) == (4, 0)


@pytest.mark.parametrize("only", ["all", "added"])
def test_pairs_of_validation_and_test_in_an_export_are_counted_and_said(runs, tmp_path, only):
    assert export.count(runs[0], "csv", only).n_reserved_in == 0
    assert not any("no train set" in one for one in export.export(runs[0], tmp_path, "csv").notes)
    add_reserved(runs[0])
    done = export.export(runs[0], tmp_path, "csv", only)
    assert "2 of the added edges are pairs of validation or test" in " ".join(done.notes)
    assert json.loads((tmp_path / "export.json").read_text())["n_reserved_in"] == 2


@pytest.mark.parametrize(
    ("form", "only"), [("csv", "refined"), ("csv", "kept"), ("csv", "dropped"), ("npz", "added")]
)
def test_where_none_is_written_none_is_counted(runs, form, only):
    add_reserved(runs[0])
    assert export.count(runs[0], form, only).n_reserved_in == 0


def test_without_the_dataset_it_is_said_that_added_edges_may_be_reserved(runs, tmp_path):
    add_reserved(runs[0])
    (runs[0].folder.parents[1] / "datasets" / "six rows" / "manifest.json").unlink()
    for only, n in (("refined", 8), ("all", 10), ("added", 4)):
        done = export.export(runs[0], tmp_path / only, "csv", only)
        assert done.n_rows == n
        assert any("cannot be checked" in note for note in done.notes)
