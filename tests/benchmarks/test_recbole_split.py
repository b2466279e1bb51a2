"""What RecBole is given: files and configuration of known content."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.recbole_parity import is_in, read_rows
from benchmarks.recbole_settings import Matched, recbole_config
from benchmarks.recbole_split import write_split
from core.errors import ConfigError, DataError
from core.types import Dataset, Interactions, Items, Users


def dataset(train, valid=(), test=(), size=(2, 3)):
    def pairs(rows):
        table = np.array(rows, np.int64).reshape(-1, 2)
        return Interactions(table[:, 0], table[:, 1], *size)

    users = Users(tuple("ab"), ("",) * 2)
    items = Items(tuple("xyz"), ("",) * 3, ("",) * 3)
    return Dataset("tiny", pairs(train), pairs(valid), pairs(test), users, items, "print")


TRAIN = [(0, 0), (0, 1), (1, 2)]


def test_each_part_is_an_atomic_file_of_our_numbers(tmp_path):
    write_split(dataset(TRAIN, [(1, 0)], [(0, 2)]), tmp_path, "tiny")
    head = "user_id:token\titem_id:token\n"
    files = {path.name: path.read_text() for path in (tmp_path / "tiny").iterdir()}
    assert files == {
        "tiny.train.inter": head + "0\t0\n0\t1\n1\t2\n",
        "tiny.valid.inter": head + "1\t0\n",
        "tiny.test.inter": head + "0\t2\n",
    }


@pytest.mark.parametrize(
    ("train", "valid", "message"),
    [
        (TRAIN, [(0, 0)], "in the split twice"),
        ([*TRAIN, (0, 0)], [], "in the split twice"),
        ([(0, 0), (1, 1)], [(0, 2)], "no train row"),
        ([(0, 0), (0, 1), (0, 2)], [(1, 0)], "no train row"),
    ],
)
def test_a_split_that_the_sides_would_read_differently_is_refused(tmp_path, train, valid, message):
    with pytest.raises(DataError, match=message):
        write_split(dataset(train, valid), tmp_path, "tiny")


def test_recbole_stops_one_evaluation_later_so_it_is_told_one_less():
    found = recbole_config(Matched(patience=5, eval_every=2), "lightgcn", 3, "place")
    assert (found["stopping_step"], found["eval_step"], found["seed"]) == (4, 2, 3)
    assert found["valid_metric"] == "Recall@20"
    assert found["benchmark_filename"] == ["train", "valid", "test"]


def test_simgcl_waits_longer_on_both_sides():
    matched = Matched(patience=5, simgcl_patience=9)
    assert recbole_config(matched, "simgcl", 0, "place")["stopping_step"] == 8
    assert [matched.patience_of(method) for method in ("lightgcn", "sgl", "simgcl")] == [5, 5, 9]


def test_the_decay_of_sgl_has_another_form_so_it_has_none():
    matched = Matched(weight_decay=1e-3)
    weights = {m: recbole_config(matched, m, 0, "x")["reg_weight"] for m in ("lightgcn", "sgl")}
    assert weights == {"lightgcn": 1e-3, "sgl": 0.0}
    assert matched.decay_of("sgl") == 0.0
    assert recbole_config(matched, "lightgcn", 0, "x")["require_pow"] is True


def test_the_same_numbers_go_by_the_names_of_each_side():
    matched = Matched(drop_rate=0.3, sgl_weight=0.7, temperature=0.5)
    theirs = recbole_config(matched, "sgl", 0, "x")
    ours = matched.options_of("sgl")
    assert (theirs["drop_ratio"], theirs["ssl_weight"], theirs["ssl_tau"]) == (0.3, 0.7, 0.5)
    assert ours == {"drop_rate": 0.3, "weight": 0.7, "temperature": 0.5}


def test_finished_cells_are_found_and_another_split_of_the_same_data_is_refused(tmp_path):
    matched = Matched().model_dump(mode="json")
    line = {"data": "tiny", "method": "sgl", "side": "ours", "seed": 1, "matched": matched}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(line | {"fingerprint": "print"}) + "\n")
    rows = read_rows(path, dataset(TRAIN))
    assert is_in(line, rows)
    assert not is_in(line | {"seed": 2}, rows)
    assert not is_in(line | {"matched": matched | {"epochs": 7}}, rows)
    path.write_text(json.dumps(line | {"fingerprint": "other"}) + "\n")
    with pytest.raises(ConfigError, match="another split of tiny"):
        read_rows(path, dataset(TRAIN))
    assert read_rows(tmp_path / "none.jsonl", dataset(TRAIN)) == []
