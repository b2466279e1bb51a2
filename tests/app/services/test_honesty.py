"""What a run says about itself before anybody believes it; and the list of its settings."""

from __future__ import annotations

import json

import pytest

from app.services import detection, honesty, report, settings_list
from app.services.store import load_run
from core.config import RunConfig
from tests.baseline_run import NOTE, write_baseline_run
from tests.report_run import write_report_run


def told(workspace):
    return {one.topic: one for one in honesty.statements(load_run(workspace, "run-1"))}


def test_what_was_measured_against_planted_truth(workspace):
    write_report_run(workspace)
    said = told(workspace)
    assert "seed 3" in said["Seed"].text
    assert said["Judge"].standing == "limit"
    assert "no language model" in said["Judge"].text
    assert "12 pairs" in said["Judge"].text
    assert "25.0% of" in said["Share of noise"].text
    assert "Planted were 33.3%" in said["Share of noise"].text
    assert said["Detection"].standing == "known"
    assert said["Hard"].standing == "known"
    assert "counts 0.5 of its weight" in said["Caution"].text
    assert "1.0 times the estimated number" in said["Threshold"].text
    assert "too many" not in said["Threshold"].text
    assert "did better on validation" in said["Refined graph"].text
    assert said["Texts"].standing == "limit"  # hashed words
    assert "train.semantic_negatives" in said["Ablation"].text
    assert said["Made with"].text.startswith("cpu; torch 0.")


def test_a_judge_that_grades_all_alike_is_among_the_doubts(workspace):
    folder = write_report_run(workspace)
    assert "Grades" not in told(workspace)
    matrix = [[0, 0, 0], [0, 0, 0], [0, 0, 60]]
    views = {name: {"matrix": matrix} for name in ("all", "observed", "control")}
    (folder / "judge_quality.json").write_text(json.dumps({"views": views}))
    found = [one for one in honesty.statements(load_run(workspace, "run-1")) if one[0] == "Grades"]
    assert [one.standing for one in found] == ["limit"] * 3


def test_without_truth_detection_is_not_measured(workspace):
    write_report_run(workspace, truth=False, ranking=None)
    said = told(workspace)
    for topic in ("Detection", "Share of noise", "Ranking"):
        assert said[topic].standing == "not measured"
    assert "Hard" not in said


def test_a_run_that_says_little_of_itself_is_no_error(workspace):
    nothing = {"settings": {}, "seed": None, "versions": {}, "device": "", "preset": ""}
    write_report_run(workspace, truth=False, noise_rate=None, threshold=None, **nothing)
    said = told(workspace)
    assert said["Seed"].standing == said["Made with"].standing == "not measured"
    assert not {"Caution", "Threshold", "Texts", "Ablation"} & set(said)


def test_intervals_come_with_the_auc_where_there_are_some(workspace):
    write_report_run(workspace)
    said = detection.aucs_of_top_loss(load_run(workspace, "run-1"))
    assert said == {"loss": "0.50 (0.40–0.60)", "semantic": "0.66", "p_noisy": "0.85"}


def test_a_setting_that_differs_from_its_default_is_marked(workspace):
    write_report_run(workspace)
    table = settings_list.of_run(load_run(workspace, "run-1")).set_index("name")
    assert table.loc["train.pool", ["value", "default", "changed"]].tolist() == ["8", "128", True]
    assert not table.loc["scoring.caution", "changed"]
    assert table.loc["train.semantic_negatives", "value"] == "false"
    assert table.loc["train.epochs", "value"] == "–"  # the run does not say
    assert not table.loc["train.epochs", "changed"]
    assert table.index[-1] == "scoring.gone"  # of another version
    assert "`" not in "".join(table["meaning"])


def test_settings_are_found_by_any_of_their_words(workspace):
    write_report_run(workspace)
    table = settings_list.of_run(load_run(workspace, "run-1"))
    found = settings_list.matching(table, "POOL refreshed", changed_only=False)
    assert found["name"].tolist() == ["train.pool"]
    changed = settings_list.matching(table, "", changed_only=True)["name"].tolist()
    assert changed == [
        "seed",
        "text.encoder",
        "train.pool",
        "train.semantic_negatives",
        "scoring.gone",
    ]
    assert settings_list.matching(table, "(", changed_only=False).shape[0] > 0  # no pattern


def test_the_most_telling_come_first(workspace):
    write_report_run(workspace)
    run = load_run(workspace, "run-1")
    assert report.most_telling(run, "noisy")["title"].tolist() == ["Dune", "Brazil"]
    hard = report.most_telling(run, "hard", n=1)
    assert hard["loss"].tolist() == [3.5]
    assert hard["kind"].isna().all()


@pytest.mark.parametrize(("rate", "said"), [(0.5, True), (0.49, False)])
def test_an_estimate_at_its_limit_is_said(workspace, rate, said):
    write_report_run(workspace, noise_rate=rate)
    (found,) = (
        one
        for one in honesty.statements(load_run(workspace, "run-1"))
        if one.topic == "Share of noise"
    )
    assert ("upper limit" in found.text) == said


@pytest.mark.parametrize(("accept", "said"), [("high", False), ("mid", True)])
def test_a_run_that_accepts_less_than_the_paper_says_so(workspace, accept, said):
    write_report_run(workspace, settings={"refine": {"accept": accept}})
    found = told(workspace)
    assert ("Grades accepted" in found) is said
    if said:
        assert "at least Mid and Mid" in found["Grades accepted"].text


def test_a_run_of_a_baseline_claims_nothing_of_llmhni(workspace):
    write_baseline_run(workspace)
    said = told(workspace)
    assert said["Method"].text == NOTE
    assert "rank" in said["P(noisy)"].text
    assert said["Threshold"].text.startswith("Noisy from rank 0.700")
    assert "No verdict here is by a grade" in said["Judge"].text
    assert "Every edge is kept" in said["Graph"].text
    # Semantic negatives are off in its settings, and no part of a baseline.
    assert not {"Caution", "Refined graph", "Grades accepted", "Ablation"} & set(said)
    whole = " ".join(one.text for one in said.values())
    for wrong in ("LLMHNI", "calibrated", "did better", "language model", "abstract"):
        assert wrong not in whole


def test_shuffled_texts_are_an_ablation_of_a_baseline_too(workspace):
    shuffled = {"method": "text-only", "text": {"shuffle": True}}
    write_baseline_run(workspace, settings=shuffled)
    assert "text.shuffle" in told(workspace)["Ablation"].text


def test_options_of_a_baseline_stand_among_its_settings(workspace):
    settings = RunConfig(method="r-ce", method_options={"alpha": 0.3}).model_dump(mode="json")
    write_report_run(workspace, settings=settings)
    table = settings_list.of_run(load_run(workspace, "run-1")).set_index("name")
    row = table.loc["method_options.alpha"]
    assert (row["value"], row["default"], row["changed"]) == ("0.3", "0.2", True)
    assert row["meaning"].startswith("Exponent of the model's confidence")
    assert "method_options" not in table.index
