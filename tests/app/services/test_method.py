"""How a run came to its verdicts, against answers worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from app.services import method
from app.services.method_steps import of_run
from app.services.store import load_run
from app.ui.method_boxes import boxes
from core.errors import DataError
from tests.baseline_run import write_baseline_run
from tests.report_run import BASE, write_report_run


@pytest.fixture
def run(workspace):
    write_report_run(workspace)
    return load_run(workspace, "run-1")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("noisy", 3),  # the highest p_noisy
        ("hard", 4),  # behaviour +1.0, against +0.5 of row 2
        ("border", 5),  # p 0.232 is nearest to the threshold of 0.25
        ("clean", 0),
    ],
)
def test_an_example_of_each_sort(workspace, name, row):
    write_report_run(workspace, threshold=0.25)
    assert method.example(load_run(workspace, "run-1"), name)["row"] == row


def test_base_and_parts_of_an_example_add_up_to_its_log_odds(run):
    found = method.example(run, "noisy")
    assert found["base"] == pytest.approx(BASE, abs=1e-6)
    assert (found["from_language"], found["from_behaviour"]) == (1.5, 1.0)
    whole = found["base"] + found["from_language"] + found["from_behaviour"]
    assert found["p_noisy"] == pytest.approx(1 / (1 + math.exp(-whole)))
    assert found["kind"] == "uniform"
    assert method.example(run, "clean")["kind"] is None


def test_grades_are_counted_in_nine_cells_with_the_noise_among_them(run):
    cells = method.grade_matrix(run).set_index(["user_grade", "item_grade"])
    assert len(cells) == 9
    assert cells["n"].sum() == 4  # two were not graded
    assert cells.loc[(2, 2), ["n", "noise"]].tolist() == [2, 0]
    assert cells.loc[(0, 0), ["n", "noise"]].tolist() == [1, 1]
    assert cells.loc[(1, 0), ["n", "noise"]].tolist() == [1, 1]
    assert cells.loc[(0, 2), "n"] == 0


def test_planted_noise_by_bins_of_p_noisy(run):
    bins = method.calibration(run, n_bins=2)  # rows 0, 2, 1 and rows 4, 5, 3
    assert bins["n"].tolist() == [3, 3]
    assert bins["noise"].tolist() == [0, 2]
    assert bins["share"].tolist() == pytest.approx([0.0, 2 / 3])
    # Wilson, z = 1.96: 0 of 3 and 2 of 3
    assert bins["low"].tolist() == pytest.approx([0.0, 0.2077], abs=1e-4)
    assert bins["high"].tolist() == pytest.approx([0.5615, 0.9385], abs=1e-4)


def test_without_planted_truth_there_is_nothing_to_compare(workspace):
    write_report_run(workspace, truth=False)
    run = load_run(workspace, "run-1")
    assert method.calibration(run).empty
    assert method.grade_matrix(run)["noise"].isna().all()
    assert method.example(run, "noisy")["kind"] is None


def test_numbers_of_the_steps_leave_out_what_the_run_does_not_have(run):
    made = method.step_numbers(run)
    assert made == {
        "pretrain_epochs": 10,
        "train_epochs": 10,
        "pretrain_recall": 0.15,
        "train_recall": 0.25,
        "judged": 4,
        "accepted": 2,
        "kept": 4,
        "dropped": 2,
        "added": 1,
    }


def test_no_example_where_no_interaction_is_of_the_sort(workspace):
    folder = write_report_run(workspace)
    table = pd.read_parquet(folder / "interactions.parquet").assign(verdict="clean")
    table.to_parquet(folder / "interactions.parquet")
    assert method.example(load_run(workspace, "run-1"), "hard") is None


def test_a_damaged_table_is_explained(workspace):
    folder = write_report_run(workspace)
    (folder / "interactions.parquet").write_text("{")
    with pytest.raises(DataError, match="run-1"):
        method.grade_matrix(load_run(workspace, "run-1"))


def test_log_odds_are_finite_at_the_ends():
    assert method.logit(0.5) == 0
    assert math.isfinite(method.logit(0.0))
    assert math.isfinite(method.logit(1.0))


def test_bins_follow_p_noisy_and_not_the_rows(run):
    # By p_noisy the rows are 0 1, 2 4, 5 3; in their own order the noise, 3 and 5, would part.
    assert method.calibration(run, n_bins=3)["noise"].tolist() == [0, 0, 2]


def test_a_run_without_interactions_or_edges_has_none_in_its_steps(run):
    for name in ("interactions", "edges"):
        path = run.folder / f"{name}.parquet"
        pd.read_parquet(path).iloc[:0].to_parquet(path)
    made = method.step_numbers(run)
    assert {made[name] for name in ("judged", "accepted", "kept", "dropped", "added")} == {0}


def test_what_a_person_decided_is_no_example_and_measures_nothing(run):
    path = run.folder / "interactions.parquet"
    table = pd.read_parquet(path)
    table.loc[3, ["p_noisy", "verdict"]] = [1.0, "noisy"]
    decided = ["model"] * 3 + ["person"] + ["model"] * 2
    table.assign(decided_by=decided).to_parquet(path)
    assert method.example(run, "noisy")["row"] == 5  # row 3 has the highest P(noisy)
    assert method.calibration(run, n_bins=1)["n"].tolist() == [5]


def test_pairs_are_counted_by_the_grades_that_the_run_accepts(workspace):
    """Of the grades of the six rows two are High and High, and one is Mid and Low."""
    write_report_run(workspace, settings={"refine": {"accept": "mid"}})
    run = load_run(workspace, "run-1")
    table = pd.read_parquet(run.folder / "interactions.parquet")
    both = ((table["user_grade"] == 1) & (table["item_grade"] == 0)).to_numpy()
    table.loc[both, "item_grade"] = 1
    table.to_parquet(run.folder / "interactions.parquet")
    assert method.step_numbers(run)["accepted"] == 3
    made = dict(method.step_numbers(run))
    judge = next(box for box in boxes(run.manifest, made) if box.name == "Judge")
    assert judge.lines[-1] == "3 at least Mid and Mid"
    ours = " ".join(step.ours for step in of_run(run.manifest))
    assert "low-scored, both grades at least Mid, not noisy" in ours
    assert "{" not in ours
    assert "High" not in ours


def test_the_steps_of_a_baseline_speak_of_ranks_and_kept_edges(workspace):
    write_baseline_run(workspace)
    run = load_run(workspace, "run-1")
    lines = {box.name: box.lines for box in boxes(run.manifest, method.step_numbers(run))}
    assert lines["Judge"] == ("evidence judge, no LLM", "12 pairs graded", "no verdict by a grade")
    assert lines["P(noisy)"] == ("a rank, 0 to 1", "no probability", "noisy from 0.700")
    assert lines["Refined graph"] == ("every edge kept", "6 edges")
    assert lines["Final training"] == ("R-CE, pairwise", "10 epochs", "Recall@20 0.250")
    marks = {step.name: step.marks for step in of_run(run.manifest)}
    assert marks["Verdict"] == marks["Refined graph"] == "D"  # nothing of the paper
