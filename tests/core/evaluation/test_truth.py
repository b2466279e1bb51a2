"""Truth finds its rows, and refuses rows that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.dataset import load_dataset, load_manifest, save_dataset
from core.data.noise import PlantedTruth
from core.errors import DataError
from core.evaluation.truth import Truth, adopt_truth, join_truth, read_truth, read_truth_csv

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


def test_an_adopted_csv_comes_back_in_the_order_of_the_train_rows(
    dataset, dataset_folder, tmp_path
):
    path = write(tmp_path, HEADER + "bob,c,uniform\nann,b,tail\n")
    assert adopt_truth(path, dataset, dataset_folder) == 2
    assert read_truth(dataset_folder, dataset).kind == ("", "tail", "", "uniform")
    assert load_manifest(dataset_folder)["has_truth"] is True
    assert load_dataset(dataset_folder).fingerprint == dataset.fingerprint


def test_planted_noise_written_by_prepare_is_read(dataset, tmp_path):
    planted = PlantedTruth(np.array([1]), np.array([1]), ("position",))
    save_dataset(dataset, tmp_path / "planted", {}, planted)
    assert read_truth(tmp_path / "planted", dataset).kind == ("", "", "position", "")


def test_every_kind_of_wrong_row_is_counted(dataset, dataset_folder, tmp_path):
    rows = "ann,c,uniform\nzoe,b,uniform\nann,z,uniform\nann,a,tail\nann,a,tail\nbob,b,odd\n"
    with pytest.raises(DataError) as caught:
        adopt_truth(write(tmp_path, HEADER + rows), dataset, dataset_folder)
    message = str(caught.value)
    # A validation pair, an unknown user and an unknown item.
    assert "3 are no train interaction" in message
    assert "1 are listed twice" in message
    assert "1 have an unknown kind ('odd')" in message
    assert read_truth(dataset_folder, dataset) is None


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
