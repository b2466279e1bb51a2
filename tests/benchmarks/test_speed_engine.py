"""Every part that measures our side does so: on a graph so small that no number means anything."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pytest

from app.services import environment
from benchmarks.speed import asking, gpu, losses, ours, sampling
from benchmarks.speed.graphs import power_law


@pytest.fixture
def job(tmp_path):
    power_law(40, 40, 300, np.random.default_rng(0)).save(tmp_path / "tiny.npz")
    return {"graph": str(tmp_path / "tiny.npz"), "threads": 1, "steps": 1, "dtype": "float32"}


def check(found, *names):
    assert set(names) <= set(found)
    assert all(math.isfinite(found[name]) and found[name] >= 0 for name in names)


def test_drawing_negatives_is_measured_beside_every_objective(job):
    found = sampling.prepare(job)()
    check(found, "plain_sampling", "plain_epoch", "pool_refresh", "pool_draw")
    for kind in ("default", "full"):
        check(found, f"{kind}_sampling", f"{kind}_begin", f"{kind}_epoch")
        assert found[f"{kind}_sampling"] < found[f"{kind}_epoch"]


@pytest.mark.parametrize("objective", ["plain", "default", "full"])
def test_steps_and_evaluation_are_measured(job, objective):
    task = {**job, "objective": objective}
    check(ours.prepare({**task, "task": "step"})(), "step", "sample", "n_steps")
    check(ours.prepare({**task, "task": "evaluate"})(), "evaluate")


def test_losses_and_folds_are_measured(job):
    assert losses.prepare({**job, "task": "loss"})()["n"] == 300
    check(losses.prepare({**job, "task": "folds", "epochs": 1})(), "training", "folds")


def test_what_is_measured_on_a_gpu_can_be_tried_on_the_cpu(job):
    found = gpu.prepare({**job, "device": "cpu"})()
    assert found["relative difference to the CPU"] == 0.0
    check(found, *(f"{kind} epoch, {short}" for kind in gpu.KINDS for short in gpu.TYPES))


def test_questions_to_partitioned_parquet_are_answered_from_all_parts(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(environment.ROOT))  # as workers have it
    monkeypatch.chdir(tmp_path)
    found = asking.prepare({"size": 3000, "threads": 1})()
    assert found["n"] == 3000
    check(found, *asking.QUESTIONS)
    connection = asking.connect(tmp_path / "clicks-3000", 1)
    answer = {name: connection.sql(q).fetchall() for name, q in asking.QUESTIONS.items()}
    rows = duckdb.sql(f"FROM '{tmp_path}/clicks-3000/**/*.parquet'").df()
    counts = rows["item_id"].value_counts()
    assert answer["rows of a day"] == [(100,)]
    assert answer["most clicked items"][0][1] == counts.max()
    assert sum(n for _, n in answer["most clicked items"]) == counts.sum()  # 16 items in all
    assert len(answer["history of a user"]) == (rows["user_id"] == "user-7").sum() > 0
    assert sum(n for _, n in answer["users by number of clicks"]) == rows["user_id"].nunique()
    assert len(answer["a sorted page"]) == 50
