"""What retraining would change, counted by hand."""

from __future__ import annotations

import errno
import json

import numpy as np
import pandas as pd
import pytest

from app.services import background, retrain, run_orders, store
from app.services.compare import next_settings
from core.config import RunConfig
from core.errors import DataError
from core.labels import held_out_pairs
from tests.dataset_folder import write_dataset
from tests.job_folder import write_job
from tests.run_folder import write_run

EDGES = pd.DataFrame(
    {
        "user": [0, 0, 1, 1, 2],
        "item": [0, 1, 2, 3, 0],
        "user_id": ["ann", "ann", "bob", "bob", "cid"],
        "item_id": ["i0", "i1", "i2", "i3", "i0"],
        "in_original": [True, True, True, True, False],
        "in_refined": [True, False, True, True, True],
        "origin": ["kept", "dropped", "kept", "kept", "added"],
        "weight": np.array([1.0, 0.0, 0.4, 1.0, 1.0], dtype=np.float32),
        "reason": ["x"] * 5,
    }
)
LABELS = [
    ("ann", "i0", True, "noisy"),
    ("ann", "i1", True, "clean"),
    ("bob", "i2", True, "hard"),
    ("bob", "i3", True, "conflict"),
    ("cid", "i1", True, "unsure"),
    ("cid", "i0", False, "not"),
    ("cid", "i2", False, "like"),
]
NONE_HELD_OUT = {"labels": {"held_out": 0.0}}


def said(rows=LABELS):
    return pd.DataFrame(rows, columns=["user_id", "item_id", "observed", "label"])


@pytest.fixture
def run(workspace):
    stages = {"pretrain": 10.0, "score": 2.0, "train": 40.0, "project": 5.0}
    settings = RunConfig().model_dump(mode="json")
    changes = {"stages": stages, "settings": settings, "dataset": "films",
               "dataset_fingerprint": "sha256:abc"}  # fmt: skip
    EDGES.to_parquet(write_run(workspace, "run-1", changes) / "edges.parquet")
    write_dataset(workspace)
    return store.load_run(workspace, "run-1")


def config(**changes):
    return RunConfig.model_validate(changes)


def test_labels_are_counted_by_kind_and_edges_by_what_changes(run):
    plan = retrain.plan(run, said(), config(**NONE_HELD_OUT))
    assert plan.n_by_label == {"clean": 1, "hard": 1, "noisy": 1, "like": 1, "not": 1}
    assert (plan.n_used, plan.n_held_out, plan.n_conflicts, plan.n_unsure) == (5, 0, 1, 1)
    # clean ann-i1 (dropped before), hard bob-i2 (there), like cid-i2 (new); noisy ann-i0 (there);
    # not cid-i0 (added before).
    assert plan.edges == retrain.Edges(3, 2, 1, 1, 1, 1)
    assert plan.changes == {"labels.held_out": (RunConfig().labels.held_out, 0.0)}


def test_labels_held_out_are_those_that_the_run_will_hold_out(run):
    rows = [(f"u{number}", "i0", True, "noisy") for number in range(50)]
    plan = retrain.plan(run, said(rows), config(labels={"held_out": 0.3}))
    expected = held_out_pairs([row[0] for row in rows], ["i0"] * 50, 0.3).sum()
    assert 0 < plan.n_held_out == expected
    assert plan.n_used == 50 - expected
    assert plan.edges.dropped == plan.n_used
    assert plan.edges.n_gone == 0


def test_without_any_label_the_plan_is_empty(run):
    plan = retrain.plan(run, said([]), config())
    assert (plan.n_used, plan.n_held_out, plan.changes) == (0, 0, {})
    assert plan.edges == retrain.Edges(0, 0, 0, 0, 0, 0)


def test_the_time_is_that_of_the_stages_that_are_done_again(run, workspace):
    whole = retrain.plan(run, said(), config())
    assert (whole.reuses, whole.seconds) == (False, retrain.START_S + 57.0)
    (workspace / "cache" / "stages" / "x").mkdir(parents=True)
    late = retrain.plan(run, said(), config())
    assert (late.reuses, late.seconds) == (True, retrain.START_S + 42.0)
    early = retrain.plan(run, said(), config(pretrain={"epochs": 5}))
    assert early.seconds == retrain.START_S + 57.0
    half = RunConfig().train.epochs // 2
    fewer = retrain.plan(run, said(), config(train={"epochs": half}))
    assert fewer.seconds == pytest.approx(
        retrain.START_S + 2.0 + 40.0 * half / RunConfig().train.epochs
    )


def write_weights(run, **about):
    told = {
        "dataset": "sha256:abc",
        "backbone": RunConfig().backbone.model_dump(mode="json"),
        "denoising": RunConfig().train.interaction_denoising,
        "preset": "soft",
    }
    np.savez(run.folder / "warm.npz", about=np.array(json.dumps(told | about)))


def test_a_warm_start_needs_weights_that_fit(run):
    assert "kept no weights" in retrain.plan(run, said(), config()).warm_reason
    write_weights(run)
    plan = retrain.plan(run, said(), config())
    assert plan.can_warm_start
    # One preset is trained where "auto" without weights compares two.
    assert plan.seconds == retrain.START_S + 17.0 + 20.0
    assert retrain.plan(run, said(), config(), from_scratch=True).seconds == retrain.START_S + 57.0
    other = retrain.plan(run, said(), config(backbone={"embedding_size": 8}))
    assert not other.can_warm_start
    assert "backbone" in other.warm_reason
    assert not retrain.plan(run, said(), config(refine={"preset": "paper"})).can_warm_start
    (run.folder / "warm.npz").write_bytes(b"PK broken")
    assert "cannot be read" in retrain.plan(run, said(), config()).warm_reason


def test_settings_of_what_if_are_offered_for_the_run_they_were_chosen_for(run):
    own, chosen = retrain.settings_to_start(run)
    assert (own["train.epochs"], chosen) == (RunConfig().train.epochs, None)
    next_settings.save(run, {"train.epochs": 7})
    own, chosen = retrain.settings_to_start(run)
    assert (own["train.epochs"], chosen["train.epochs"]) == (RunConfig().train.epochs, 7)
    path = next_settings.path_of(run)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"from_run": "other"}))
    assert retrain.settings_to_start(run)[1] is None
    path.write_text("{")
    assert retrain.settings_to_start(run)[1] is None


def test_a_retraining_is_ordered_with_labels_revision_parent_and_message(
    run, workspace, monkeypatch
):
    asked = []
    monkeypatch.setattr(background, "start_run", lambda *told: asked.append(told) or "new")
    labels = workspace / "labels.parquet"
    assert retrain.start(run, config(seed=3), labels, "rev", "why", from_scratch=True) == "new"
    given = run_orders.Retraining(labels, "rev", "run-1", "why", warm_start=False)
    assert asked == [("films", config(seed=3), workspace, given)]


def test_what_keeps_a_run_from_being_retrained_is_said(run, workspace):
    assert retrain.why_not(run) == ""
    path = workspace / "datasets" / "films" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprint": "sha256:new"}))
    assert "prepared anew" in retrain.why_not(run)
    path.unlink()
    assert "not in this workspace" in retrain.why_not(run)


def test_retrainings_of_a_run_that_go_on_are_found(run, workspace):
    write_job(workspace, "a", "running", order={"parent": "run-1"})
    write_job(workspace, "b", "queued", place=1, order={"parent": "run-1"})
    write_job(workspace, "c", "failed", order={"parent": "run-1"})
    write_job(workspace, "d", "running", order={"parent": "other"})
    assert retrain.going_on(workspace, run) == ["a", "b"]


@pytest.fixture
def labels(tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "mine.parquet"
    said()[["user_id", "item_id", "label"]].to_parquet(path)
    return path


def test_an_order_has_the_labels_with_their_hash(workspace, prepared, labels):
    write_run(workspace, "parent")
    given = run_orders.Retraining(labels, parent="parent", message=" why ")
    folder = run_orders.place(workspace, prepared, config(), given, "mine")
    order = json.loads((folder / "run.json").read_text())
    assert (folder / "labels.parquet").read_bytes() == labels.read_bytes()
    assert order["revision"] == run_orders.file_hash(labels)
    assert len(order["revision"]) == 64
    assert (order["labels"], order["parent"], order["message"]) == (
        "labels.parquet",
        "parent",
        "why",
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parent": "gone"}, "no finished run gone"),
        ({"labels": "none.parquet"}, "cannot be read"),
        ({"labels": "text.parquet"}, "cannot be read"),
        ({"labels": "other.parquet"}, "lack the columns user_id, item_id, label"),
    ],
)
def test_an_order_that_cannot_be_met_leaves_nothing(workspace, prepared, given, message):
    (workspace / "text.parquet").write_text("no table")
    pd.DataFrame({"x": [1]}).to_parquet(workspace / "other.parquet")
    if "labels" in given:
        given = {"labels": workspace / given["labels"]}
    with pytest.raises(DataError, match=message):
        run_orders.place(workspace, prepared, config(), run_orders.Retraining(**given), "mine")
    assert not (workspace / "runs" / "mine").exists()


def test_an_order_for_which_there_is_no_space_says_so(workspace, prepared, labels, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_orders.shutil, "copyfile", refuse)
    with pytest.raises(DataError, match="no space left"):
        run_orders.place(workspace, prepared, config(), run_orders.Retraining(labels), "mine")
    assert not (workspace / "runs" / "mine").exists()
