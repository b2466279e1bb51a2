from __future__ import annotations

import pandas as pd
import pytest

from app.services import dataset_tables as tables
from app.services import datasets
from app.services.dataset_tables import Filters
from core.errors import DataError
from tests.dataset_folder import write_dataset
from tests.run_folder import write_run


@pytest.fixture
def data(workspace):
    write_dataset(workspace)
    return datasets.load(workspace, "films")


def page(data, table, order, number=1, size=10, **filters):
    return tables.page(data, table, Filters(**filters), order, number, size)


def test_only_finished_datasets_are_listed(workspace):
    write_dataset(workspace)
    (workspace / "datasets" / "half").mkdir()
    assert datasets.names(workspace) == ["films"]


@pytest.mark.parametrize("name", ["none", "../films", ""])
def test_a_dataset_that_is_not_there_is_said(workspace, name):
    write_dataset(workspace)
    with pytest.raises(DataError, match="no finished dataset"):
        datasets.load(workspace, name)


def test_a_damaged_manifest_is_said(workspace):
    (write_dataset(workspace) / "manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"damaged: manifest\.json"):
        datasets.load(workspace, "films")


def test_a_damaged_table_is_said(workspace, data):
    (workspace / "datasets" / "films" / "train.parquet").write_text("PAR1")
    with pytest.raises(DataError, match="prepare it again"):
        tables.count(data, "interactions", Filters())
    with pytest.raises(DataError, match="prepare it again"):
        page(data, "users", "most")


def test_preparing_again_makes_another_stamp(workspace, data):
    manifest = data.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("sha256:abc", "sha256:def"))
    assert datasets.load(workspace, "films").stamp != data.stamp


def test_runs_on_exactly_this_dataset_are_found(workspace, data):
    write_run(workspace, "same", {"dataset_fingerprint": "sha256:abc"})
    write_run(workspace, "other", {"dataset_fingerprint": "sha256:old"})
    assert [run.id for run in datasets.runs_of(workspace, data)] == ["same"]


def test_users_come_with_their_interactions_of_each_part(data):
    found = page(data, "users", "most")
    assert found[["user_id", "n_train", "n_valid", "n_test"]].to_numpy().tolist() == [
        ["ann", 2, 1, 1],
        ["bob", 2, 1, 0],
        ["cid", 1, 0, 0],
    ]


def test_items_come_with_attributes_as_text(data):
    found = page(data, "items", "title")
    assert found["title"].tolist() == ["**Casino** <b>", "Alien", "Dune"]
    assert found["n_train"].tolist() == [3, 1, 1]
    assert found["attribute:genres"].tolist() == ["", "Horror, SF", "SF"]


def test_search_looks_at_ids_titles_and_texts_whatever_the_case(data):
    assert page(data, "items", "id", text="SPACE")["item_id"].tolist() == ["i0", "i2"]
    assert page(data, "items", "id", text="casino")["item_id"].tolist() == ["i1"]
    assert page(data, "users", "id", text="B")["user_id"].tolist() == ["bob"]
    assert tables.count(data, "items", Filters(text="space")) == 2


@pytest.mark.parametrize("text", ["%", "_", "'", "'; DROP VIEW items; --", "$text", "\\"])
def test_search_takes_every_sign_as_it_is(data, text):
    for table in ("users", "items", "interactions"):
        assert tables.count(data, table, Filters(text=text)) == 0


def test_interactions_of_all_parts_have_titles_and_know_their_train_row(data):
    found = page(data, "interactions", "id")
    assert found["part"].tolist() == ["train"] * 5 + ["validation"] * 2 + ["test"]
    assert found["row"].tolist()[:5] == [0, 1, 2, 3, 4]
    assert found["row"].isna().tolist()[5:] == [True, True, True]
    assert found["title"].tolist()[:2] == ["Alien", "**Casino** <b>"]


def test_interactions_can_be_filtered(data):
    assert len(page(data, "interactions", "id", user="ann")) == 4
    assert len(page(data, "interactions", "id", user="an")) == 0
    assert len(page(data, "interactions", "id", item="i1", parts=("train",))) == 3
    assert page(data, "interactions", "id", text="dune")["user_id"].tolist() == ["bob", "ann"]
    assert tables.count(data, "interactions", Filters(parts=("valid", "test"))) == 3


def test_orders_put_what_is_not_known_last(data):
    assert page(data, "interactions", "high")["rating"].tolist()[:4] == [5.0, 4.0, 3.0, 1.0]
    assert page(data, "interactions", "old")["timestamp"].tolist()[:3] == [50.0, 100.0, 200.0]


def test_pages_follow_one_another_without_gaps(data):
    pages = [page(data, "interactions", "new", number, 3) for number in (1, 2, 3)]
    assert [len(rows) for rows in pages] == [3, 3, 2]
    rows = pd.concat(pages)[["part", "user_id", "item_id"]]
    assert len(rows.drop_duplicates()) == 8


def test_orders_that_need_a_column_are_offered_where_it_is(data):
    assert "high" in tables.orders(data, "interactions")
    path = data.folder / "train.parquet"
    pd.read_parquet(path).drop(columns=["rating"]).to_parquet(path)
    assert "high" not in tables.orders(data, "interactions")
    assert "rating" not in page(data, "interactions", "id")


def test_degrees_are_counted(data):
    assert tables.degrees(data, "user").to_numpy().tolist() == [[1, 1], [2, 2]]
    assert tables.degrees(data, "item").to_numpy().tolist() == [[1, 2], [3, 1]]


def test_one_item_is_found_by_its_exact_id(data):
    found = tables.one(data, "items", "i0").iloc[0]
    assert (found["title"], found["n_train"], found["n_test"]) == ("Alien", 1, 1)
    assert tables.one(data, "users", "an").empty


def test_texts_are_shown_where_there_are_any(data):
    assert tables.has_texts(data, "items") is True
    assert tables.has_texts(data, "users") is False


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_export_has_all_rows_of_the_filters_in_order(data, tmp_path, suffix):
    target = tmp_path / f"it's{suffix}"
    tables.export(data, "interactions", Filters(user="ann"), "new", target)
    read = pd.read_csv(target) if suffix == ".csv" else pd.read_parquet(target)
    assert read["timestamp"].tolist()[:2] == [200.0, 100.0]
    assert list(read.columns) == [
        *("part", "row", "user_id", "item_id", "title", "rating", "timestamp")
    ]
    assert len(read) == 4


def test_planted_truth_is_never_opened(data):
    (data.folder / "truth.parquet").write_text("not a table")
    page(data, "interactions", "id")
    page(data, "items", "most")
