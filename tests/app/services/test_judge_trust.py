"""What is known of a judge, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import judge_subject, judge_trust, judging, store
from core.errors import DataError
from tests.judge_folder import JUDGE, NAME, write_judged_run, write_judgements


def standing(*rows):
    columns = ["user_id", "item_id", "observed", "label", "n_people", "origin", "sampled"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def run(workspace):
    write_judged_run(workspace)
    return store.load_run(workspace, "run-1")


def test_matrices_come_from_the_quality_file(run):
    found = judge_trust.views(judge_subject.of_run(run))
    assert found["observed"]["matrix"] == [[0, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found["control"]["matrix"] == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_matrices_are_counted_where_an_earlier_version_wrote_no_quality(run):
    (run.folder / "judge_quality.json").unlink()
    found = judge_trust.views(judge_subject.of_run(run))
    assert found["observed"]["matrix"] == [[0, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found["unobserved"]["matrix"] == [[0, 0, 0]] * 3
    assert found["control"]["matrix"] == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert found["observed"]["equal"]["n_yes"] == 2


def test_grades_are_numbers_or_names(run):
    path = run.folder / "judgements.parquet"
    rows = pd.read_parquet(path)
    for view in ("user_grade", "item_grade"):
        rows[view] = rows[view].map({"Low": 0, "Mid": 1, "High": 2}).astype(np.int8)
    rows.loc[0, "user_grade"] = -1  # was not judged
    rows.to_parquet(path)
    (run.folder / "judge_quality.json").unlink()
    found = judge_trust.views(judge_subject.of_run(run))
    assert found["observed"]["matrix"] == [[0, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_imported_judgements_have_one_group(workspace):
    folder = write_judgements(workspace)
    (folder / "judge_quality.json").unlink()
    path = folder / "judgements.parquet"
    pd.read_parquet(path).drop(columns=["observed", "control"]).to_parquet(path)
    subject = judge_subject.of_judgements(judging.known(workspace)[0], workspace)
    found = judge_trust.views(subject)
    assert list(found) == ["all"]
    assert found["all"]["matrix"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_labels_as_they_are_now_say_what_a_grade_is_worth(run):
    said = standing(
        ("ann", "i0", True, "clean", 1, "random", True),
        ("ann", "i1", True, "noisy", 1, "noisy", False),
        ("bob", "i1", True, "hard", 2, "noisy", None),
        ("ann", "i2", False, "like", 1, "random", True),
        ("bob", "i2", True, "noisy", 1, "random", True),  # was not judged
        ("cid", "i1", True, "noisy", 1, "bulk", False),  # given to many at once
        ("bob", "i0", True, "unsure", 1, "random", True),
        ("cid", "i0", True, "conflict", 2, "random", True),
    )
    found = judge_trust.by_labels(judge_subject.of_run(run), said)
    assert (found["n"], found["n_given_to_many"], found["n_not_judged"]) == (6, 1, 1)
    user = found["all"]["observed"]["user"]
    assert [(one["n_yes"], one["n"]) for one in user] == [(0, 0), (1, 2), (1, 1)]
    # Wilson interval of 1 of 2: (1 + z²/2) / (2 + z²) ± z sqrt(2/4 + z²/4) / (2 + z²).
    assert user[1]["low"] == pytest.approx(0.0945, abs=1e-4)
    unobserved = found["all"]["unobserved"]["item"]
    assert [(one["n_yes"], one["n"]) for one in unobserved] == [(1, 1), (0, 0), (0, 0)]
    by_chance = found["random"]["observed"]["user"]
    assert [(one["n_yes"], one["n"]) for one in by_chance] == [(0, 0), (0, 0), (1, 1)]


def test_without_labels_nothing_is_said(run):
    assert judge_trust.by_labels(judge_subject.of_run(run), standing()) == {}


def test_truth_is_what_the_run_measured_and_nothing_else(run):
    assert judge_trust.truth(run)["judge"]["dropped_precision"] == 1.0
    assert "edges" not in judge_trust.truth(run)
    (run.folder / "detection.json").unlink()
    assert judge_trust.truth(run) == {}


def test_recorded_grades_lead_to_where_the_judge_was_asked(workspace):
    settings = {"judge": {"kind": "recorded", "recorded": NAME}}
    write_judged_run(workspace, judge=f"recorded: {JUDGE}", settings=settings)
    subject = judge_subject.of_run(store.load_run(workspace, "run-1"))
    assert judge_subject.source_of(subject, workspace) == subject  # it is gone
    write_judgements(workspace)
    source = judge_subject.source_of(subject, workspace)
    assert (source.name, source.is_run, source.judge) == (NAME, False, JUDGE)


def test_a_recorded_file_outside_the_workspace_is_no_name(workspace):
    settings = {"judge": {"kind": "recorded", "recorded": "../../etc/passwd"}}
    write_judged_run(workspace, settings=settings)
    subject = judge_subject.of_run(store.load_run(workspace, "run-1"))
    assert judge_subject.source_of(subject, workspace) == subject


def test_damaged_files_are_said(run):
    subject = judge_subject.of_run(run)
    (run.folder / "judge_quality.json").write_text("{")
    assert judge_subject.quality(subject) == {}
    (run.folder / "judgements.parquet").write_text("no table")
    with pytest.raises(DataError, match="judge or import again"):
        judge_trust.views(subject)
