"""What a file of reports tells, worked out by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.services import job_progress
from app.services.progress_file import ProgressFile
from core.types import Progress
from tests.job_folder import START, write_progress


def at(seconds):
    return START + timedelta(seconds=seconds)


def values(epoch, loss, recall=None, **more):
    return {"epoch": epoch, "loss": loss, **({"recall@20": recall} if recall else {}), **more}


def points(progress, name="loss"):
    rows = progress.curves[progress.curves["name"] == name]
    return list(zip(rows["stage"], rows["part"], rows["epoch"], rows["value"], strict=True))


def test_without_a_file_nothing_is_known(tmp_path):
    progress = job_progress.read(tmp_path, True)
    assert (progress.stages, progress.seconds_left, progress.epoch) == ((), None, None)
    assert progress.curves.empty


def test_stages_have_a_state_and_their_seconds(tmp_path):
    write_progress(tmp_path, (2, "pretrain", 0.5, None), (4, "pretrain", 1.0, None),
                   (4, "train", 0.0, None), (10, "train", 0.25, values(1, 0.9)))  # fmt: skip
    progress = job_progress.read(tmp_path, True, moment=at(12))
    assert [(one.name, one.state, one.seconds) for one in progress.stages] == [
        ("pretrain", "done", 4.0),
        ("train", "running", 8.0),
    ]
    assert (progress.stage, progress.fraction, progress.epoch) == ("train", 0.25, 1)


def test_the_time_left_follows_the_pace_of_the_stage(tmp_path):
    write_progress(tmp_path, (4, "pretrain", 1.0, None), (14, "train", 0.25, None))
    # 10 s for a quarter, 2 s on: 12 s for a quarter, 36 s for the rest.
    assert job_progress.read(tmp_path, True, moment=at(16)).seconds_left == pytest.approx(36)


def test_stages_to_come_take_as_long_as_before_at_the_pace_of_this_run(tmp_path):
    write_progress(tmp_path, (5, "pretrain", 0.5, None))
    # 5 s left of pretrain; train took 40 s then, and no stage tells yet that this run is faster.
    earlier = {"pretrain": 10.0, "train": 40.0}
    assert job_progress.read(tmp_path, True, earlier, at(5)).seconds_left == pytest.approx(45)
    write_progress(tmp_path, (5, "pretrain", 1.0, None), (5, "train", 0.0, None))
    # pretrain took half as long as then: so will train.
    assert job_progress.read(tmp_path, True, earlier, at(5)).seconds_left == pytest.approx(20)


def test_a_stage_that_was_taken_over_says_nothing_about_the_pace(tmp_path):
    write_progress(tmp_path, (0.1, "pretrain", 1.0, None), (0.1, "train", 0.0, None))
    earlier = {"pretrain": 10.0, "train": 40.0}
    assert job_progress.read(tmp_path, True, earlier, at(0.1)).seconds_left == pytest.approx(40)


def test_without_an_earlier_run_the_usual_shares_are_scaled_by_what_was_measured(tmp_path):
    write_progress(tmp_path, (5, "pretrain", 0.5, None))
    # half a share in 5 s: 10 s per share, 5 s and three shares to go.
    assert job_progress.read(tmp_path, True, moment=at(5)).seconds_left == pytest.approx(35)
    write_progress(tmp_path, (0, "pretrain", 0.0, None))
    assert job_progress.read(tmp_path, True, moment=at(9)).seconds_left is None


def test_curves_have_loss_and_recall_by_epoch(tmp_path):
    write_progress(tmp_path, (1, "pretrain", 0.5, values(1, 0.9)),
                   (2, "pretrain", 1.0, values(2, 0.5, 0.25)))  # fmt: skip
    progress = job_progress.read(tmp_path, False)
    assert points(progress) == [("pretrain", 0, 1, 0.9), ("pretrain", 0, 2, 0.5)]
    assert points(progress, "recall@20") == [("pretrain", 0, 2, 0.25)]


def test_a_second_model_of_a_stage_is_a_part_of_its_own(tmp_path):
    write_progress(tmp_path, (1, "train", 0.2, values(1, 0.9)), (2, "train", 0.4, values(2, 0.8)),
                   (3, "train", 0.6, values(1, 0.7)))  # fmt: skip
    assert points(job_progress.read(tmp_path, False)) == [
        ("train", 0, 1, 0.9),
        ("train", 0, 2, 0.8),
        ("train", 1, 1, 0.7),
    ]


def test_models_that_train_at_once_are_told_apart_by_their_number(tmp_path):
    write_progress(tmp_path, (1, "train", 0.2, values(1, 0.9, part=0)),
                   (2, "train", 0.4, values(1, 0.8, part=1)),
                   (3, "train", 0.6, values(2, 0.7, part=0)),
                   (4, "train", 0.8, values(2, 0.6, part=1)))  # fmt: skip
    assert points(job_progress.read(tmp_path, False)) == [
        ("train", 0, 1, 0.9),
        ("train", 0, 2, 0.7),
        ("train", 1, 1, 0.8),
        ("train", 1, 2, 0.6),
    ]


def test_epochs_done_again_after_a_kill_replace_those_before(tmp_path):
    write_progress(tmp_path, (1, "train", 0.2, values(5, 0.9)))
    first = (tmp_path / "progress.jsonl").read_text()
    write_progress(tmp_path, (1, "train", 0.1, values(4, 0.6)), (2, "train", 0.2, values(5, 0.5)),
                   at=at(1000))  # fmt: skip
    text = first + '{"at": "2030-05' + "\n" + (tmp_path / "progress.jsonl").read_text()
    (tmp_path / "progress.jsonl").write_text(text)
    progress = job_progress.read(tmp_path, False)
    assert points(progress) == [("train", 0, 4, 0.6), ("train", 0, 5, 0.5)]
    assert sum(stage.seconds for stage in progress.stages) == 3.0  # nobody worked in between


def go_on(folder, seconds, *lines):
    """A further sitting: said to begin, and perhaps with stages and reports ``after`` seconds."""
    first = (folder / "progress.jsonl").read_text()
    told = first + "\n" + json.dumps({"at": at(seconds).isoformat(), "sitting": True}) + "\n"
    if lines:
        after, *reports = lines
        write_progress(folder, *reports, at=at(seconds + after))
        told += (folder / "progress.jsonl").read_text()
    (folder / "progress.jsonl").write_text(told)


def test_a_pause_is_no_work_and_neither_is_loading(tmp_path):
    write_progress(tmp_path, (4, "pretrain", 1.0, None), (14, "train", 0.25, None))
    go_on(tmp_path, 1000)
    # 6 s after it went on it is still loading: 10 s for a quarter, 30 s for the rest.
    loading = job_progress.read(tmp_path, True, moment=at(1006))
    assert [one.seconds for one in loading.stages] == [4.0, 10.0]
    assert loading.seconds_left == pytest.approx(30)


def test_time_of_a_resumed_run_counts_from_its_stages_on_and_for_its_stage(tmp_path):
    write_progress(tmp_path, (4, "pretrain", 1.0, None), (14, "train", 0.25, None))
    go_on(tmp_path, 1000, 8, (0, "pretrain", 1.0, None), (1, "train", 0.0, None))
    # A second until train reported again, two since then.
    resumed = job_progress.read(tmp_path, True, moment=at(1011))
    assert [one.seconds for one in resumed.stages] == [5.0, 12.0]
    assert resumed.stage == "train"
    go_on(tmp_path, 2000, 8, (3, "train", 0.0, None))
    # The first report of a sitting is of the stage that went on, not of the one before it.
    again = job_progress.read(tmp_path, True, moment=at(2011))
    assert [one.seconds for one in again.stages] == [5.0, 13.0]


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    write_progress(tmp_path, (1, "train", 0.2, None), (2, "train", 0.4, None), whole=False)
    assert job_progress.read(tmp_path, False).fraction == 0.2


@pytest.mark.parametrize("line", ["", "{", "[]", '{"stage": "x"}', '{"at": 3}', "\x00\xff"])
def test_a_damaged_line_hides_no_other(tmp_path, line):
    write_progress(tmp_path, (1, "train", 0.2, None))
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write(line + "\n")
    assert job_progress.read(tmp_path, False).fraction == 0.2


def test_reports_are_thinned_but_those_with_other_values_are_kept(tmp_path):
    file = ProgressFile(tmp_path)
    file.begin([("train", 1.0)])
    for epoch in range(1, 101):
        told = {"epoch": float(epoch), "loss": 1.0, **({"recall@20": 0.5} if epoch == 40 else {})}
        file.report(Progress("train", epoch / 200, told))
    file.report(Progress("train", 1.0, {"epoch": 200.0, "loss": float("nan")}))
    lines = [
        json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()[1:]
    ]
    assert lines[0]["stages"] == [["train", 1.0]]
    epochs = [line["values"]["epoch"] for line in lines[1:]]
    assert {1.0, 40.0, 200.0} <= set(epochs)
    assert len(epochs) < 20
    assert lines[-1]["values"]["loss"] is None


def test_of_two_models_that_report_in_step_both_have_a_curve(tmp_path):
    file = ProgressFile(tmp_path)
    file.begin([("train", 1.0)])
    for epoch in range(1, 4):
        for part in (0.0, 1.0):
            told = {"epoch": float(epoch), "loss": 1.0, "part": part}
            file.report(Progress("train", epoch / 10, told))
    assert {part for _, part, *_ in points(job_progress.read(tmp_path, False))} == {0, 1}


def test_progress_that_cannot_be_written_stops_nothing(tmp_path):
    ProgressFile(tmp_path / "gone").report(Progress("train", 0.5))
