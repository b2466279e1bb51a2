"""Truth finds its rows, and refuses rows that are not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.data.dataset import load_dataset, load_manifest, save_dataset
from core.data.noise import PlantedTruth
from core.errors import DataError
from core.evaluation.truth import (
    Truth,
    join_truth,
    read_truth,
    read_truth_csv,
    write_kinds,
)

HEADER = "user_id,item_id,kind\n"


def write(tmp_path, text):
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_noise_and_hard_kinds_are_told_apart():
    truth = Truth(("", "uniform", "minority", "co-click", "tail", "position", "lookalike"))
    assert truth.is_noise.tolist() == [False, True, False, True, False, True, True]
    assert truth.is_planted_hard.tolist() == [False, False, True, False, True, False, False]


def test_a_dataset_without_a_truth_file_has_no_truth(dataset, dataset_folder):
    assert read_truth(dataset_folder, dataset) is None


def test_a_listed_truth_comes_back_in_the_order_of_the_train_rows(dataset, tmp_path):
    told = read_truth_csv(write(tmp_path, HEADER + "bob,c,uniform\nann,b,tail\n"), dataset)
    save_dataset(dataset, tmp_path / "d", {}, told)
    assert read_truth(tmp_path / "d", dataset).kind == ("", "tail", "", "uniform")
    assert load_manifest(tmp_path / "d")["has_truth"] is True
    assert load_dataset(tmp_path / "d").fingerprint == dataset.fingerprint


def test_planted_noise_written_by_prepare_is_read(dataset, tmp_path):
    planted = PlantedTruth(np.array([1]), np.array([1]), ("position",))
    save_dataset(dataset, tmp_path / "planted", {}, planted)
    assert read_truth(tmp_path / "planted", dataset).kind == ("", "", "position", "")


def test_every_kind_of_wrong_row_is_counted(dataset, tmp_path):
    rows = "ann,c,uniform\nzoe,b,uniform\nann,z,uniform\nann,a,tail\nann,a,tail\nbob,b,odd\n"
    with pytest.raises(DataError) as caught:
        read_truth_csv(write(tmp_path, HEADER + rows), dataset)
    message = str(caught.value)
    # A validation pair, an unknown user and an unknown item.
    assert "3 are no train interaction" in message
    assert "1 are listed twice" in message
    assert "1 have an unknown kind ('odd')" in message


@pytest.mark.parametrize("text", ["user_id,item_id\nann,a\n", ""])
def test_a_csv_without_the_columns_is_refused(dataset, tmp_path, text):
    with pytest.raises(DataError, match="has no column"):
        read_truth_csv(write(tmp_path, text), dataset)


def test_a_csv_that_is_no_text_is_refused(dataset, tmp_path):
    path = tmp_path / "truth.csv"
    path.write_bytes(HEADER.encode() + b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        read_truth_csv(path, dataset)


def test_a_damaged_truth_file_is_refused(dataset, dataset_folder):
    (dataset_folder / "truth.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read"):
        read_truth(dataset_folder, dataset)


def test_two_truths_are_joined_in_the_order_of_pairs():
    first = PlantedTruth(np.array([0, 1]), np.array([1, 2]), ("tail", "uniform"))
    second = PlantedTruth(np.array([0]), np.array([0]), ("position",))
    joined = join_truth(first, second)
    assert joined.user.tolist() == [0, 0, 1]
    assert joined.item.tolist() == [0, 1, 2]
    assert joined.kind == ("position", "tail", "uniform")


def test_what_is_known_is_written_beside_the_run(tmp_path):
    (tmp_path / "kinds.tmp").write_text("of an attempt that broke off")
    write_kinds(Truth(("", "uniform", "minority", "")), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kinds.parquet"]
    assert pq.read_table(tmp_path / "kinds.parquet").to_pydict() == {
        "row": [1, 2],
        "kind": ["uniform", "minority"],
        "noise": [True, False],
        "hard": [False, True],
    }


@pytest.mark.parametrize("n_train", [0, 1, 2])
def test_a_pair_behind_the_last_of_train_is_none_of_train(dataset, tmp_path, n_train):
    """Train ends before (bob, c), whose number is the highest; what is there is found."""
    few = replace(dataset, train=dataset.train.select(np.arange(n_train)))
    path = write(tmp_path, HEADER + "bob,c,uniform\nann,a,tail\n")
    n_wrong = 1 if n_train else 2
    with pytest.raises(DataError, match=f"of its 2 rows {n_wrong} are no train interaction"):
        read_truth_csv(path, few)
