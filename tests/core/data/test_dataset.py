"""Datasets on disk: round trip, tampering, and what must not be opened."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.dataset import (
    fingerprint,
    load_dataset,
    load_manifest,
    save_dataset,
)
from core.data.noise import PlantedTruth
from core.errors import DataError
from core.types import Dataset, Interactions, Items, Users


@pytest.fixture
def dataset():
    def part(*pairs):
        user, item = np.array(pairs, dtype=np.int64).T
        return Interactions(user, item, 2, 3)

    data = Dataset(
        name="tiny",
        train=part((0, 0), (0, 1), (1, 2)),
        valid=part((1, 0)),
        test=part((0, 2)),
        users=Users(("u", "ü"), ("", "likes moons")),
        items=Items(
            ("a", "b", "c"),
            ("A", "", "C"),
            ("x", "y", ""),
            {"genres": (("Drama", "War"), (), ("War",))},
            ("n", "n", "m"),
        ),
        fingerprint="",
    )
    return replace(data, fingerprint=fingerprint(data))


TRUTH = PlantedTruth(np.array([0]), np.array([1]), ("uniform",))


def test_what_is_saved_is_loaded(dataset, tmp_path):
    display = {"rating": np.array([5.0, np.nan, 3.0])}
    save_dataset(dataset, tmp_path / "d", {"source": "test"}, TRUTH, display)
    loaded = load_dataset(tmp_path / "d")
    assert loaded.name == "tiny"
    assert loaded.users == dataset.users
    assert loaded.items == dataset.items
    assert loaded.fingerprint == dataset.fingerprint
    for part in ("train", "valid", "test"):
        assert (getattr(loaded, part).key() == getattr(dataset, part).key()).all()
        assert getattr(loaded, part).user.dtype == np.int64
    columns = pq.read_table(tmp_path / "d" / "train.parquet")
    np.testing.assert_array_equal(columns["rating"].to_numpy(), display["rating"])
    manifest = load_manifest(tmp_path / "d")
    assert manifest["counts"]["n_train"] == 3
    assert manifest["report"] == {"source": "test"}
    truth = pq.read_table(tmp_path / "d" / "truth.parquet").to_pylist()
    assert truth == [{"user": 0, "item": 1, "kind": "uniform"}]
    train = pq.read_table(tmp_path / "d" / "train.parquet").to_pylist()[2]
    assert train == {"user_id": "ü", "item_id": "c", "user": 1, "item": 2, "rating": 3.0}


def test_loading_never_opens_the_truth(dataset, tmp_path):
    save_dataset(dataset, tmp_path, {}, TRUTH)
    (tmp_path / "truth.parquet").unlink()
    (tmp_path / "truth.parquet").mkdir()  # opening it as a file would raise
    assert load_dataset(tmp_path).fingerprint == dataset.fingerprint


def test_saving_again_without_truth_removes_the_old_one(dataset, tmp_path):
    save_dataset(dataset, tmp_path, {}, TRUTH)
    save_dataset(dataset, tmp_path, {})
    assert not (tmp_path / "truth.parquet").exists()
    assert load_manifest(tmp_path)["has_truth"] is False


@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        ("train", "item", [0, 2, 2]),
        ("test", "user", [1]),
        ("valid", "item", [7]),
        ("items", "title", ["A", "", "changed"]),
        ("items", "group", ["n", "n", "n"]),
        ("users", "text", ["", "likes suns"]),
    ],
)
def test_a_changed_file_is_noticed(dataset, tmp_path, file, column, value):
    save_dataset(dataset, tmp_path, {})
    path = tmp_path / f"{file}.parquet"
    table = pq.read_table(path)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(value)), path)
    with pytest.raises(DataError, match="Prepare the dataset again"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "0" * 64}, "not the one its manifest speaks of"),
        ({"version": 99}, "another format or version"),
        ({"format": "other"}, "another format or version"),
    ],
)
def test_a_changed_manifest_is_noticed(dataset, tmp_path, change, message):
    save_dataset(dataset, tmp_path, {})
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=message):
        load_dataset(tmp_path)


def test_broken_and_missing_files_are_told(dataset, tmp_path):
    save_dataset(dataset, tmp_path, {})
    (tmp_path / "items.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(DataError, match="is damaged"):
        load_dataset(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(DataError, match="no finished dataset"):
        load_dataset(tmp_path)


def test_a_save_that_breaks_off_leaves_no_dataset(dataset, tmp_path):
    save_dataset(dataset, tmp_path, {})
    with pytest.raises(TypeError):
        save_dataset(dataset, tmp_path, {"not json": object()})
    with pytest.raises(DataError, match="no finished dataset"):
        load_dataset(tmp_path)


def test_the_fingerprint_sees_content_and_not_the_name(dataset):
    assert fingerprint(replace(dataset, name="other")) == dataset.fingerprint
    moved = replace(dataset, valid=dataset.test, test=dataset.valid)
    assert fingerprint(moved) != dataset.fingerprint
    shifted = replace(dataset.items, title=("", "A", "C"))
    assert fingerprint(replace(dataset, items=shifted)) != dataset.fingerprint


def test_loading_needs_neither_the_database_nor_pandas():
    code = (
        "import sys; import core.data.dataset; "
        "print(sorted({'duckdb', 'pandas', 'scipy', 'torch', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
