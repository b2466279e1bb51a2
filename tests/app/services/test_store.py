from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.services import store
from core.errors import DataError
from tests.run_folder import INTERACTIONS, NAN, write_run


def one_run(workspace, **interactions):
    n_rows = len(next(iter(interactions.values())))
    table = {name: values[:1] * n_rows for name, values in INTERACTIONS.items()} | interactions
    write_run(workspace, interactions=table)
    return store.load_run(workspace, "run-1")


def test_the_newest_run_comes_first_and_a_damaged_one_last(workspace):
    write_run(workspace, "a-new", {"created": "2030-02-01T00:00:00+00:00"})
    write_run(workspace, "b-old", {"created": "2030-01-01T00:00:00+00:00"})
    (write_run(workspace, "z-damaged") / "manifest.json").write_text("{")
    assert store.run_ids(workspace) == ["a-new", "b-old", "z-damaged"]


def test_a_folder_without_a_manifest_is_not_a_run(workspace):
    (write_run(workspace) / "manifest.json").unlink()
    assert store.run_ids(workspace) == []


def test_a_manifest_is_read_with_its_numbers(workspace, finished_run):
    run = store.load_run(workspace, "run-1")
    assert run.folder == finished_run
    assert run.manifest.verdicts == {"clean": 2, "hard": 2, "noisy": 2}
    assert run.manifest.detection.auc_top_loss["logical"] is None
    assert run.manifest.ranking.bpr_recall20 == 0.2


def test_a_run_without_known_truth_is_read(workspace):
    write_run(workspace, changes={"detection": None, "noise_recall": None, "ranking": None})
    assert store.load_run(workspace, "run-1").manifest.detection is None


@pytest.mark.parametrize("run_id", ["run-9", "../runs/run-1", "", "..", "x" * 300, "a\0b"])
@pytest.mark.usefixtures("finished_run")
def test_only_a_finished_run_can_be_named(workspace, run_id):
    with pytest.raises(DataError, match="no finished run"):
        store.load_run(workspace, run_id)


def test_a_damaged_manifest_is_named_with_the_field(workspace, finished_run):
    manifest = json.loads((finished_run / "manifest.json").read_text())
    manifest["verdicts"] = {"clean": "many"}
    (finished_run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"run-1 is damaged.*verdicts\.clean"):
        store.load_run(workspace, "run-1")


def test_missing_interactions_are_an_error_that_says_what_to_do(workspace, finished_run):
    (finished_run / "interactions.parquet").unlink()
    with pytest.raises(DataError, match=r"interactions\.parquet cannot be read.*run it again"):
        store.examples(store.load_run(workspace, "run-1"))


@pytest.mark.usefixtures("finished_run")
def test_losses_are_counted_by_bin_and_verdict(workspace):
    # Losses 0 and 1 clean, 2 and 3.5 hard, 4 noisy; one noisy row has none. Bins of width 1.
    histogram = store.loss_histogram(store.load_run(workspace, "run-1"), n_bins=4)
    found = {
        (verdict, left, right): n
        for verdict, left, right, n in histogram[["verdict", "left", "right", "n"]].itertuples(
            index=False
        )
    }
    assert found == {
        ("clean", 0.0, 1.0): 1,
        ("clean", 1.0, 2.0): 1,
        ("hard", 2.0, 3.0): 1,
        ("hard", 3.0, 4.0): 1,
        ("noisy", 3.0, 4.0): 1,  # the largest loss belongs to the last bin
    }


def test_equal_losses_fall_into_one_bin(workspace):
    run = one_run(workspace, loss=[0.5, 0.5, 0.5])
    assert store.loss_histogram(run, n_bins=4)[["bin", "n"]].to_numpy().tolist() == [[0, 3]]


def test_no_known_loss_gives_an_empty_histogram(workspace):
    assert store.loss_histogram(one_run(workspace, loss=[NAN, NAN])).empty


@pytest.mark.usefixtures("finished_run")
def test_examples_are_the_worst_fitted_and_the_cleanest(workspace):
    # Noisy: loss 4, then the one with unknown loss. Hard: 3.5, 2. Clean: p_noisy 0.01, not 0.02.
    rows = store.examples(store.load_run(workspace, "run-1"))
    assert rows["row"].tolist() == [3, 5, 4, 2, 0]


def test_judged_interactions_come_before_worse_fitted_ones(workspace):
    run = one_run(
        workspace,
        row=[0, 1, 2],
        verdict=["hard"] * 3,
        loss=[9.0, 8.0, 1.0],
        user_grade=[-1, -1, 2],
    )
    assert store.examples(run)["row"].tolist() == [2, 0]


def test_one_run_is_read_without_a_look_at_the_others(workspace, finished_run, monkeypatch):
    write_run(workspace, "run-2")
    read, usual = [], Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path: read.append(path.parent.name) or usual(path)
    )
    assert store.load_run(workspace, "run-1").folder == finished_run
    assert read == ["run-1"]
