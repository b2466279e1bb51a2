"""All jobs from their folders, and what can be done with them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from app.services import job_actions, job_list, job_log, jobs, lineage, run_folder
from core.config import RunConfig
from core.errors import DataError
from tests.dataset_folder import write_dataset
from tests.job_folder import write_finished, write_job, write_order


def test_jobs_come_in_the_order_of_their_turn_then_the_latest(workspace):
    write_finished(workspace, "old", created="2029-01-01T00:00:00+00:00", message="first try")
    write_finished(workspace, "new", created="2031-01-01T00:00:00+00:00", parent="old")
    write_job(workspace, "z-running", "running", stage="train", seconds=5.0)
    write_job(workspace, "b-third", "queued", place=2, waits_for="z-running")
    write_job(workspace, "c-second", "queued", place=1, waits_for="z-running")
    found = job_list.every(workspace)
    assert [(one.run_id, one.state) for one in found] == [
        ("z-running", "running"),
        ("c-second", "queued"),
        ("b-third", "queued"),
        ("new", "done"),
        ("old", "done"),
    ]
    assert 5.0 <= found[0].seconds < 10.0
    assert (found[3].parent, found[4].message, found[4].seconds) == ("old", "first try", 12.5)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_that_ended_without_a_result_says_why_and_can_be_resumed(workspace, state):
    folder = write_job(workspace, "mine", state, message="because", order={"message": "try"})
    entry = job_list.read(folder)
    assert (entry.state, entry.reason, entry.message) == (state, "because", "try")
    assert (entry.can_resume, entry.active) == (True, False)


@pytest.mark.parametrize("state", ["running", "queued"])
def test_a_job_whose_process_is_gone_is_interrupted(workspace, state):
    entry = job_list.read(write_job(workspace, "mine", state, pid=2**22 + 1))
    assert (entry.state, entry.can_resume) == ("interrupted", True)
    assert "killed" in entry.reason


def test_a_folder_without_anything_to_read_is_listed_all_the_same(workspace):
    (workspace / "runs" / "odd").mkdir(parents=True)
    (workspace / "runs" / "odd" / "settings.json").write_text("{}")
    (entry,) = job_list.every(workspace)
    assert (entry.state, entry.can_resume, entry.created) == ("interrupted", False, None)


def test_a_damaged_manifest_is_a_failure(workspace):
    (write_finished(workspace, "torn") / "manifest.json").write_text("{")
    (entry,) = job_list.every(workspace)
    assert (entry.state, entry.can_resume) == ("failed", False)
    assert "damaged" in entry.reason


def test_seconds_are_those_of_the_parent_else_of_the_latest_on_the_dataset(workspace):
    write_finished(workspace, "a", stages={"train": 1.0}, created="2029-01-01T00:00:00+00:00")
    write_finished(workspace, "b", stages={"train": 2.0}, created="2030-01-01T00:00:00+00:00")
    write_finished(workspace, "c", stages={"train": 3.0}, dataset="other")
    child = job_list.read(write_job(workspace, "child", "running", order={"parent": "a"}))
    other = job_list.read(write_job(workspace, "orphan", "running"))
    assert job_list.seconds_of_stages(workspace, child) == {"train": 1.0}
    assert job_list.seconds_of_stages(workspace, other) == {"train": 2.0}


def test_seconds_of_the_parent_are_found_without_a_look_at_others(workspace, monkeypatch):
    write_finished(workspace, "a", stages={"train": 1.0})
    write_finished(workspace, "b", stages={"train": 2.0})
    child = job_list.read(write_job(workspace, "child", "running", order={"parent": "a"}))
    read = []
    usual = job_list.finished
    monkeypatch.setattr(job_list, "finished", lambda path: read.append(path.name) or usual(path))
    assert job_list.seconds_of_stages(workspace, child) == {"train": 1.0}
    assert read == ["a"]


def test_a_run_is_started_again_with_all_it_was_given(workspace, prepared, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start_run", lambda *told: started.append(told))
    write_finished(workspace, "parent")
    folder = write_job(workspace, "mine", "failed")
    config = RunConfig(seed=5).model_dump(mode="json")
    given = {
        "labels": "labels.parquet",
        "revision": "r1",
        "parent": "parent",
        "message": "m",
        "warm_start": False,
        "settings": config,
        "dataset_folder": "datasets/small",
    }
    write_order(folder, **given)
    frame = pd.DataFrame({"user_id": ["u0"], "item_id": ["i0"], "label": ["noisy"]})
    frame.to_parquet(folder / "labels.parquet")
    run_id = job_actions.start_again(workspace, "mine")
    assert started == [(workspace, run_id)]
    again, settings = run_folder.read_order(workspace / "runs" / run_id)
    told = again.model_dump(mode="json")
    assert {name: told[name] for name in given} == given
    assert settings.seed == 5
    copied = workspace / "runs" / run_id / "labels.parquet"
    assert copied.read_bytes() == (folder / "labels.parquet").read_bytes()
    assert prepared.is_dir()


def test_a_run_without_its_dataset_cannot_be_started_again(workspace):
    write_job(workspace, "mine", "failed")
    assert not job_actions.can_start_again(workspace, "mine")
    with pytest.raises(DataError, match="no finished dataset"):
        job_actions.start_again(workspace, "mine")
    assert [path.name for path in (workspace / "runs").iterdir()] == ["mine"]
    write_dataset(workspace)
    assert job_actions.can_start_again(workspace, "mine")


def test_the_report_has_reason_and_log_without_keys(workspace, monkeypatch):
    monkeypatch.setenv("JUDGE_API_KEY", "verysecretvalue")
    folder = write_job(workspace, "mine", "failed", message="no space", stage="train")
    logs = workspace / "logs"
    logs.mkdir()
    (logs / "run-mine.log").write_text("line\nuses verysecretvalue and sk-abcdefghijklmnop\n")
    told = job_actions.report(job_list.read(folder))
    assert "reason: no space" in told
    assert "line\nuses [removed] and [removed]" in told
    assert "secretvalue" not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefghij", "Authorization: Bearer [removed]"),
        ("api_key='abcdefgh'", "api_key='[removed]'"),
        ('{"token": "abc123456"}', '{"token": "[removed]"}'),
        ("https://me:word@host/x", "https://[removed]@host/x"),
        ("epoch 3: loss 0.5, 12 tokens", "epoch 3: loss 0.5, 12 tokens"),
    ],
)
def test_what_looks_like_a_key_is_taken_out(text, shown):
    assert job_log.without_secrets(text, {"HOME_KEY": "short"}) == shown


def test_the_end_of_a_log_is_plain_text(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"a\n\x1b[31mred\x1b[0m\x07 <b>\xff\n")
    assert job_log.read(log, 1) == "red <b>\ufffd"
    assert job_log.read(tmp_path / "none") == job_log.read(None) == ""


def test_the_line_of_a_run_names_what_was_changed_at_each_step(workspace):
    base = RunConfig().model_dump(mode="json")
    other = RunConfig.model_validate({"train": {"epochs": 7}}).model_dump(mode="json")
    write_finished(workspace, "a", settings=base)
    write_finished(
        workspace, "b", settings=other, parent="a", revision="r1", message="more",
        warm_start=True, labels={"n_used": 12},
    )  # fmt: skip
    write_job(workspace, "c", "running", order={"parent": "b", "settings": other})
    found = lineage.chain(workspace, "c")
    assert [(one.run_id, one.n_labels, one.warm_start) for one in found] == [
        ("c", None, None),
        ("b", 12, True),
        ("a", None, False),
    ]
    epochs = RunConfig().train.epochs
    assert [dict(one.changes) for one in found] == [{}, {"train.epochs": (epochs, 7)}, {}]


def test_a_line_ends_where_a_folder_is_gone_or_it_would_go_in_circles(workspace):
    write_finished(workspace, "a", parent="gone")
    assert [one.run_id for one in lineage.chain(workspace, "a")] == ["a"]
    write_finished(workspace, "b", parent="c")
    write_finished(workspace, "c", parent="b")
    assert [one.run_id for one in lineage.chain(workspace, "b")] == ["b", "c"]


def test_settings_that_an_older_run_did_not_know_had_their_default_or_what_it_did():
    known = lineage.differences({}, RunConfig().model_dump(mode="json"))
    assert known == {"train.layer_contrast": (False, True)}  # there was none before the setting
    assert lineage.differences({"seed": 1}, json.loads('{"seed": 2, "odd": 3}')) == {"seed": (1, 2)}
