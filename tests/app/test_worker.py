"""A run leaves a folder that says what happened, however it ended."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.services import jobs, run_folder, store
from app.services.run_orders import Retraining
from app.worker import execute, overall_fraction, resume
from core.config import RunConfig
from core.data.dataset import fingerprint, load_dataset, load_manifest, save_dataset
from core.errors import Cancelled, ConfigError, DataError
from core.types import Progress
from tests.app.fake_pipeline import STAGES, refuse

CONFIG = RunConfig(seed=3)


def status(workspace, run_id="mine"):
    return json.loads((workspace / "runs" / run_id / "status.json").read_text())


@pytest.mark.usefixtures("pipeline")
def test_a_run_leaves_a_manifest_that_the_app_can_read(prepared, workspace):
    manifest = execute(prepared, CONFIG, workspace)
    run = store.load_run(workspace, manifest["run_id"])
    n_train = load_manifest(prepared)["counts"]["n_train"]
    assert run.manifest.n_interactions == n_train
    assert run.manifest.verdicts == {
        "clean": n_train - n_train // 5,
        "hard": 0,
        "noisy": n_train // 5,
    }
    assert run.manifest.ranking.recall20 == 0.3
    assert run.manifest.seed == 3
    assert run.manifest.created <= run.manifest.finished
    assert run.manifest.notes == ()
    assert run.manifest.n_judged == 7
    assert run.manifest.settings["seed"] == 3
    assert run.manifest.device
    assert set(manifest["versions"]) >= {"python", "torch", "numpy", "project"}
    assert set(manifest["stages"]) == {"pretrain", "evaluate"}
    assert "-small-" in manifest["run_id"]


@pytest.mark.usefixtures("pipeline")
def test_detection_is_measured_where_noise_was_planted(prepared, workspace):
    manifest = execute(prepared, CONFIG, workspace)
    details = json.loads((workspace / "runs" / manifest["run_id"] / "detection.json").read_text())
    for name in ("auc_all", "auc_top_loss", "auc_matched"):
        assert set(manifest["detection"][name]) == {
            "loss",
            "score",
            "semantic",
            "logical",
            "p_noisy",
        }
        assert details[name] == manifest["detection"][name]
    for recall, kept in manifest["hard_kept_at"].items():
        assert details["hard_kept_at"][recall]["p_noisy"] == kept
    assert set(manifest["hard_kept_at"]) == {"0.5", "0.7", "0.9"}
    assert manifest["noise_recall"] == details["noise_recall"]
    assert details["counts"]["noise"] == load_manifest(prepared)["report"]["n_planted"]
    assert details["judge"]["n_judged"] == 0
    assert details["edges"]["judge"] == "fake judge"
    assert details["edges"]["dropped"]["n"] == 1
    assert details["edges"]["added"]["n"] == 0
    assert "edges" not in manifest


@pytest.mark.usefixtures("pipeline")
def test_without_truth_nothing_is_claimed(prepared, workspace):
    (prepared / "truth.parquet").unlink()
    manifest = execute(prepared, CONFIG, workspace, "mine")
    assert manifest["detection"] is None
    assert manifest["noise_recall"] is None
    assert not (workspace / "runs" / "mine" / "detection.json").exists()
    assert store.load_run(workspace, "mine").manifest.detection is None


@pytest.mark.usefixtures("pipeline")
def test_the_manifest_names_the_hash_of_every_result_file(prepared, workspace):
    manifest = execute(prepared, CONFIG, workspace, "mine")
    folder = workspace / "runs" / "mine"
    assert set(manifest["files"]) == {
        "run.json",
        "interactions.parquet",
        "judge_quality.json",
        "detection.json",
        "edges.parquet",
        "kinds.parquet",
    }
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_while_it_works_the_status_says_where_it_is_and_who_it_is(pipeline, prepared, workspace):
    seen = []
    pipeline.during = lambda folder: seen.append(
        (json.loads((folder / "status.json").read_text()), jobs.read_status(folder).state)
    )
    execute(prepared, CONFIG, workspace, "mine")
    (written, state) = seen[0]
    assert state == "running"
    assert written["pid"] == os.getpid()
    assert written["stage"] == "pretrain"
    assert written["fraction"] == 0.375  # half of three quarters
    assert status(workspace)["state"] == "done"
    assert status(workspace)["fraction"] == 1.0


def test_a_file_named_cancel_stops_the_run_and_resume_continues_it(pipeline, prepared, workspace):
    pipeline.during = lambda folder: (folder / "cancel").touch()
    with pytest.raises(Cancelled, match="--resume mine"):
        execute(prepared, CONFIG, workspace, "mine")
    folder = workspace / "runs" / "mine"
    assert status(workspace)["state"] == "cancelled"
    assert not (folder / "manifest.json").exists()
    pipeline.during = lambda _: None
    manifest = resume(folder)
    assert manifest["run_id"] == "mine"
    assert pipeline.configs == [CONFIG, CONFIG]
    assert status(workspace)["state"] == "done"


def test_what_happens_before_the_first_stage_is_told(pipeline, prepared, workspace):
    told, seen = [], []
    pipeline.during = lambda folder: seen.append(json.loads((folder / "status.json").read_text()))
    execute(prepared, CONFIG, workspace, "mine", told.append)
    assert told[0] == Progress("loading libraries", 0.0)
    assert seen[0]["fraction"] == 0.375


def test_a_request_to_stop_while_libraries_load_keeps_the_pipeline_from_beginning(
    pipeline, prepared, workspace, monkeypatch
):
    flag = workspace / "runs" / "mine" / "cancel"

    def asked_meanwhile(folder):
        flag.touch()
        return load_dataset(folder)

    monkeypatch.setattr("app.worker.load_dataset", asked_meanwhile)
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "core.pipeline", pipeline)
    assert (status(workspace)["state"], pipeline.given) == ("cancelled", [])
    flag.unlink()
    with pytest.raises(Cancelled):  # and when it is the first thing that is told
        resume(flag.parent, lambda _: flag.touch())
    assert (status(workspace)["state"], pipeline.given) == ("cancelled", [])


def test_a_further_sitting_begins_before_anything_is_loaded(pipeline, prepared, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    path, seen = workspace / "runs" / "mine" / "progress.jsonl", []
    pipeline.stop_with = None

    def look(progress):
        if progress.stage == "loading libraries":
            seen.extend(json.loads(line) for line in path.read_text().splitlines() if line)

    resume(path.parent, look)
    assert [line for line in seen if "sitting" in line] == seen[-1:]
    assert seen[-1].keys() == {"at", "sitting"}


def test_ctrl_c_is_a_cancel(pipeline, prepared, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    assert status(workspace)["state"] == "cancelled"


def test_a_user_error_is_the_message_of_the_status(pipeline, prepared, workspace):
    pipeline.stop_with = refuse()
    with pytest.raises(ConfigError, match="cannot be used"):
        execute(prepared, CONFIG, workspace, "mine")
    assert status(workspace)["state"] == "failed"
    assert status(workspace)["message"] == "these settings cannot be used"


def test_an_unexpected_error_is_named_and_passed_on(pipeline, prepared, workspace):
    pipeline.stop_with = ZeroDivisionError("by zero")
    with pytest.raises(ZeroDivisionError):
        execute(prepared, CONFIG, workspace, "mine")
    assert status(workspace)["message"] == "Unexpected ZeroDivisionError: by zero"


def test_seconds_add_up_over_sittings(pipeline, prepared, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    path = workspace / "runs" / "mine" / "status.json"
    path.write_text(json.dumps(status(workspace) | {"seconds": 100.0}))
    pipeline.stop_with = None
    assert 100.0 < resume(path.parent)["seconds"] < 110.0


def write_scratch(folder):
    for name in ("stages", "checkpoints"):
        (folder / name).mkdir(parents=True)
        (folder / name / "half.npz").write_bytes(b"x")


def test_what_a_killed_end_left_behind_goes_with_the_next_run(pipeline, prepared, workspace):
    """Killed between manifest and removal: the run is finished, so nobody resumes it."""
    execute(prepared, CONFIG, workspace, "killed")
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "stopped")
    for name in ("killed", "stopped"):
        write_scratch(workspace / "runs" / name)
    pipeline.stop_with = None
    execute(prepared, CONFIG, workspace, "next")
    assert not list((workspace / "runs" / "killed").rglob("*.npz"))
    assert len(list((workspace / "runs" / "stopped").rglob("*.npz"))) == 2  # to be resumed
    assert (workspace / "runs" / "killed" / "interactions.parquet").exists()


@pytest.mark.usefixtures("pipeline")
def test_a_finished_run_is_not_continued(prepared, workspace):
    execute(prepared, CONFIG, workspace, "mine")
    with pytest.raises(ConfigError, match="is finished"):
        resume(workspace / "runs" / "mine")


def test_a_run_that_still_runs_is_not_continued(pipeline, prepared, workspace):
    errors = []

    def resume_meanwhile(folder):
        with pytest.raises(ConfigError) as caught:
            resume(folder)
        errors.append(str(caught.value))

    pipeline.during = resume_meanwhile
    execute(prepared, CONFIG, workspace, "mine")
    assert "still running" in errors[0]


def test_a_run_is_not_continued_on_other_data(pipeline, prepared, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    other = load_dataset(prepared)
    valid = other.valid.select(np.arange(len(other.valid) - 1))
    changed = replace(other, valid=valid)
    save_dataset(replace(changed, fingerprint=fingerprint(changed)), prepared, {})
    with pytest.raises(DataError, match="has changed"):
        resume(workspace / "runs" / "mine")


def test_a_damaged_or_missing_order_is_said(workspace):
    folder = workspace / "runs" / "mine"
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match="no run mine"):
        resume(folder)
    (folder / "run.json").write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        resume(folder)


@pytest.mark.usefixtures("pipeline")
def test_a_name_that_is_taken_is_refused(prepared, workspace):
    execute(prepared, CONFIG, workspace, "mine")
    with pytest.raises(DataError, match="There is a run mine already"):
        execute(prepared, CONFIG, workspace, "mine")


@pytest.mark.usefixtures("pipeline")
def test_two_runs_in_one_second_have_two_folders(prepared, workspace):
    first, second = (execute(prepared, CONFIG, workspace)["run_id"] for _ in range(2))
    assert first != second


def test_a_ranking_that_is_not_known_is_null_and_readable(pipeline, prepared, workspace):
    original = pipeline.run_pipeline
    unknown = {"recall20": float("nan"), "ndcg20": 0.0, "bpr_recall20": 0.0, "bpr_ndcg20": 0.0}
    pipeline.run_pipeline = lambda *arguments: replace(original(*arguments), ranking=unknown)
    assert execute(prepared, CONFIG, workspace, "mine")["ranking"] is None
    assert store.load_run(workspace, "mine").manifest.ranking is None


def test_the_overall_share_weighs_the_stages():
    overall = overall_fraction(STAGES)
    assert overall(Progress("pretrain", 0.5)) == 0.375
    assert overall(Progress("judge", 0.0)) == 0.75
    assert overall(Progress("judge", 1.0)) == 1.0
    assert overall(Progress("evaluate", 0.0)) == 1.0
    assert overall(Progress("of a later version", 1.0)) == 0.0


def write_labels(folder):
    frame = pd.DataFrame({"user_id": ["u0"], "item_id": ["i0"], "label": ["noisy"]})
    path = folder / "said.parquet"
    frame.to_parquet(path)
    return path


def test_labels_and_parent_reach_the_pipeline_also_after_a_stop(pipeline, prepared, workspace):
    execute(prepared, CONFIG, workspace, "parent")
    labels = write_labels(workspace)
    given = Retraining(labels, "rev", "parent", "why")
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine", retraining=given)
    labels.unlink()
    pipeline.stop_with = None
    folder = workspace / "runs" / "mine"
    manifest = resume(folder)
    wanted = {"labels": folder / "labels.parquet", "parent": workspace / "runs" / "parent"}
    assert pipeline.given == [{}, wanted, wanted]
    assert {name: manifest[name] for name in ("parent", "revision", "message", "warm_start")} == {
        "parent": "parent",
        "revision": "rev",
        "message": "why",
        "warm_start": False,
    }
    assert manifest["labels"] is None  # this pipeline says nothing about them
    assert "labels.parquet" in manifest["files"]


def test_what_became_of_the_labels_is_written(pipeline, prepared, workspace):
    original = pipeline.run_pipeline
    told = {"labels": {"n": 1, "n_used": 1, "auc": float("nan")}, "warm_start": True,
            "warm_reason": "it fits", "reused": ("texts",)}  # fmt: skip
    pipeline.run_pipeline = lambda *args, **given: replace(original(*args, **given), **told)
    execute(prepared, CONFIG, workspace, "parent")
    given = Retraining(write_labels(workspace), "rev", "parent")
    manifest = execute(prepared, CONFIG, workspace, "mine", retraining=given)
    quality = json.loads((workspace / "runs" / "mine" / "label_quality.json").read_text())
    assert quality == {"n": 1, "n_used": 1, "auc": None, "revision": "rev"} == manifest["labels"]
    assert (manifest["warm_start"], manifest["warm_reason"]) == (True, "it fits")
    assert store.load_run(workspace, "mine").manifest.reused == ("texts",)
    assert not (workspace / "runs" / "parent" / "label_quality.json").exists()


def test_from_scratch_has_a_parent_but_not_its_weights(pipeline, prepared, workspace):
    execute(prepared, CONFIG, workspace, "parent")
    given = Retraining(parent="parent", warm_start=False)
    assert execute(prepared, CONFIG, workspace, retraining=given)["parent"] == "parent"
    assert pipeline.given == [{}, {}]


def test_a_dataset_that_is_gone_is_the_reason_of_the_failure(pipeline, prepared, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    with pytest.raises(Cancelled):
        execute(prepared, CONFIG, workspace, "mine")
    (prepared / "manifest.json").unlink()
    with pytest.raises(DataError, match="no finished dataset"):
        resume(workspace / "runs" / "mine")
    assert status(workspace)["state"] == "failed"
    assert "no finished dataset" in status(workspace)["message"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x.npz"), r"no space left .*x\.npz"),
        (OSError("123 requested and 0 written"), "no space left"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (FileNotFoundError(errno.ENOENT, "gone", "a.parquet"), r"A file is gone .a\.parquet"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "Permission denied"),
    ],
)
def test_what_the_machine_lacks_is_said_with_what_to_do(pipeline, prepared, workspace, error, said):
    pipeline.stop_with = error
    with pytest.raises(DataError, match=said):
        execute(prepared, CONFIG, workspace, "mine")
    assert status(workspace)["state"] == "failed"
    assert re.search(said, status(workspace)["message"])


def test_the_end_is_told_where_no_new_file_can_be_written(
    pipeline, prepared, workspace, monkeypatch
):
    def fill_the_disk(_):
        def refuse(*_args):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(run_folder, "write_json", refuse)
        refuse()

    pipeline.during = fill_the_disk
    with pytest.raises(DataError, match="no space left"):
        execute(prepared, CONFIG, workspace, "mine")
    assert status(workspace)["state"] == "failed"
    assert "Free some space" in status(workspace)["message"]


def test_what_was_measured_is_written_while_it_works(pipeline, prepared, workspace):
    def report(*args, **given):
        args[4](Progress("pretrain", 0.25, {"epoch": 3.0, "loss": 0.5}))
        return original(*args, **given)

    original, pipeline.run_pipeline = pipeline.run_pipeline, report
    manifest = execute(prepared, CONFIG, workspace, "mine")
    text = (workspace / "runs" / "mine" / "progress.jsonl").read_text()
    first, *reports = [json.loads(line) for line in text.splitlines() if line]
    assert first["stages"] == [["pretrain", 3.0], ["judge", 1.0], ["evaluate", 0.0]]
    assert reports[0]["values"] == {"epoch": 3.0, "loss": 0.5}
    assert {line["stage"] for line in reports} == {"pretrain", "judge", "evaluate"}
    assert "progress.jsonl" not in manifest["files"]
