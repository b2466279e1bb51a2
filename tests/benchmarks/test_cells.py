from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks.cells import GIVEN, Plan, prepare_cell, read_rows
from core.data.dataset import load_dataset
from core.errors import ConfigError
from core.evaluation.truth import read_truth

SAMPLE = Plan("sample", None, 0, ("projection.method=none",))


def row_of(plan: Plan, kind: str, seed: int) -> dict:
    return plan.identity() | {"plant": kind, "seed": seed}


def test_finished_cells_of_the_same_plan_are_read_back(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text(json.dumps(row_of(SAMPLE, "as given", 3)) + "\n", encoding="utf-8")
    assert [row["seed"] for row in read_rows(path, SAMPLE)] == [3]
    assert read_rows(tmp_path / "none.jsonl", SAMPLE) == []


@pytest.mark.parametrize("other", [{"assignments": ()}, {"data": "elsewhere"}])
def test_cells_of_other_data_or_settings_are_never_mixed_in(tmp_path, other):
    path = tmp_path / "out.jsonl"
    path.write_text(json.dumps(row_of(replace(SAMPLE, **other), "as given", 0)), encoding="utf-8")
    with pytest.raises(ConfigError, match="--out"):
        read_rows(path, SAMPLE)


def test_the_seed_is_no_part_of_the_plan():
    assert "seed" not in SAMPLE.identity()["settings"]


def test_the_sample_keeps_its_committed_split_and_truth_for_every_seed(tmp_path):
    folders = [prepare_cell(SAMPLE, GIVEN, k, tmp_path / str(k)) for k in (0, 1)]
    first, second = (load_dataset(folder) for folder in folders)
    assert first.fingerprint == second.fingerprint
    truth = read_truth(folders[0], first)
    assert truth is not None
    assert truth.is_noise.mean() == pytest.approx(0.2, abs=0.001)
    assert truth.is_planted_hard.any()


def test_raw_data_is_split_and_noised_anew_for_every_seed(tmp_path):
    source = tmp_path / "raw.csv"
    lines = [f"u{u},i{(u * 3 + k) % 40}" for u in range(30) for k in range(12)]
    source.write_text("user_id,item_id\n" + "\n".join(lines) + "\n", encoding="utf-8")
    plan = Plan(str(source), None, 0, ())
    folders = [prepare_cell(plan, "uniform", k, tmp_path / str(k)) for k in (0, 1)]
    first, second = (load_dataset(folder) for folder in folders)
    assert first.fingerprint != second.fingerprint
    truth = read_truth(folders[0], first)
    assert truth is not None
    assert truth.of_kind("uniform").mean() == pytest.approx(0.2, abs=0.01)
