"""The command line as a person or a script sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app import cli
from app.services import environment, notes
from tests.app.fake_pipeline import refuse


@pytest.fixture
def call(workspace, capsys):  # noqa: ARG001 - commands use the workspace
    """Do one command; return exit code, output and error output."""

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def answer(output):
    return json.loads(output.splitlines()[-1])


@pytest.mark.usefixtures("pipeline")
def test_import_prepare_run_report_go_together(call, raw_file):
    code, output, _ = call("import", raw_file, "--name", "clicks")
    assert code == 0
    assert "prepare clicks" in output
    code, output, _ = call("prepare", "clicks", "--plant", "uniform", "--json")
    assert code == 0
    assert answer(output)["counts"]["n_users"] == 6
    code, output, _ = call("run", "clicks", "--json", "--seed", 5)
    assert code == 0
    result = answer(output)
    assert output.count("\n") == 1  # the report is on standard error
    assert set(result["detection"]["auc_all"]) >= {"loss", "p_noisy"}
    assert result["ranking"]["bpr_recall20"] == 0.25
    code, output, _ = call("report")
    assert code == 0
    assert result["run_id"] in output
    assert "top 20 % by loss" in output
    assert call("report", result["run_id"], "--json")[1].count(result["run_id"]) >= 1


@pytest.mark.usefixtures("pipeline")
def test_the_demo_prepares_the_sample_once(call, workspace):
    code, output, _ = call("demo", "--json")
    first = answer(output)
    assert code == 0
    assert first["dataset"] == "sample"
    assert first["detection"]["auc_matched"]["loss"] is not None
    manifest = workspace / "datasets" / "sample" / "manifest.json"
    written = manifest.stat().st_mtime_ns
    assert answer(call("demo", "--json")[1])["run_id"] != first["run_id"]
    assert manifest.stat().st_mtime_ns == written
    call("demo", "--fresh")
    assert manifest.stat().st_mtime_ns > written


def test_a_stopped_demo_is_continued(call, pipeline, workspace):
    pipeline.stop_with = KeyboardInterrupt()
    assert call("demo")[0] == 1
    (stopped,) = (path.name for path in (workspace / "runs").iterdir())
    pipeline.stop_with = None
    assert answer(call("demo", "--json")[1])["run_id"] == stopped


@pytest.mark.usefixtures("pipeline", "prepared")
def test_nothing_of_the_data_steers_the_terminal(call):
    code, output, _ = call("run", "small")
    assert code == 0
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "a [red]title[/] with [2J steering" in output


@pytest.mark.usefixtures("prepared")
def test_a_user_error_is_one_message_and_code_1(call, pipeline):
    pipeline.stop_with = refuse()
    code, output, errors = call("run", "small", "--json")
    assert code == 1
    assert answer(output) == {"error": "these settings cannot be used"}
    assert "these settings cannot be used" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "small", "--resume", "other"),
        ("run", "--resume", "other", "--seed", "1"),
        ("fly",),
        ("prepare", "x", "--plant", "unknown"),
    ],
)
def test_wrong_usage_is_code_2(call, arguments):
    with pytest.raises(SystemExit) as caught:
        call(*arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere"), "no dataset nowhere"),
        (("run", "../secret"), "no dataset ../secret"),
        (("run", "--resume", "../x"), "no name of a run"),
        (("run", "--resume", "gone"), "no run gone"),
        (("prepare", "nowhere"), "no import and no file named nowhere"),
        (("import", "nowhere.csv"), "nothing at nowhere.csv"),
        (("report",), "no finished run"),
        (("report", "gone"), "no run gone"),
        (("cancel", "gone"), "no run gone"),
        (("cancel", "../x"), "no name of a run"),
    ],
)
def test_what_does_not_exist_is_said(call, arguments, message):
    code, _, errors = call(*arguments)
    assert code == 1
    assert message in errors


@pytest.mark.usefixtures("prepared")
def test_ablation_flags_and_settings_reach_the_pipeline(call, pipeline):
    flags = ("--no-alignment", "--shuffle-text", "--set", "train.pool=8", "judge.controls=2")
    assert call("run", "small", *flags)[0] == 0
    (config,) = pipeline.configs
    assert config.train.cross_graph_alignment is False
    assert config.train.semantic_negatives is True
    assert config.text.shuffle is True
    assert (config.train.pool, config.judge.controls) == (8, 2)


@pytest.mark.usefixtures("prepared")
def test_a_dataset_named_after_settings_is_the_dataset(call, pipeline):
    assert call("run", "--set", "train.pool=8", "small")[0] == 0
    assert pipeline.configs[0].train.pool == 8


def test_a_file_named_after_columns_is_the_file(call, raw_file):
    code, output, _ = call("import", "--map", "user=user_id", raw_file)
    assert code == 0
    assert f"{environment.shell_command('prepare', 'clicks')}\n" in output


@pytest.mark.usefixtures("pipeline", "prepared")
def test_the_report_tells_the_notes_of_the_manifest(call, pipeline):
    made = pipeline.run_pipeline

    def blind(*arguments):
        found = made(*arguments)
        folder = arguments[2]
        table = pd.read_parquet(folder / "interactions.parquet").assign(semantic=float("nan"))
        table.to_parquet(folder / "interactions.parquet")
        scores = replace(found.scores, semantic=np.full_like(found.scores.semantic, np.nan))
        return replace(found, scores=scores, noise_rate=0.5, threshold=float("nan"))

    pipeline.run_pipeline = blind
    settings = ("--set", "scoring.rule=grades")
    result = answer(call("run", "small", "--json", *settings)[1])
    assert result["threshold"] is None
    assert result["notes"] == [notes.AT_LIMIT, notes.NO_TEXTS]
    assert result["created"] <= result["finished"]
    code, output, _ = call("report")
    assert code == 0
    assert "upper limit (50%)" in output
    assert "No texts: semantic relevance is not known." in output
    assert "semantic relevance not known," in output
    assert "low-scored, judged and not both grades High" in output
    assert "whatever the grades" not in output
    assert ", finished 20" in output


@pytest.mark.usefixtures("pipeline", "prepared")
def test_by_p_noisy_the_report_says_what_each_verdict_means(call):
    output = call("run", "small")[1]
    assert "the rest: neither noisy nor hard" in output
    assert "whatever the grades" in output
    assert "Note:" not in output


def test_all_settings_can_be_listed(call):
    code, output, _ = call("run", "--help-settings")
    assert code == 0
    assert "train.pool = 128" in output
    assert "pool of hard negatives" in output


def test_options_of_a_baseline_are_listed_with_its_name(call):
    code, output, _ = call("run", "--method", "r-ce", "--help-settings")
    assert code == 0
    assert "method_options.alpha = 0.2" in output
    assert "Exponent of the model's confidence" in output


def test_the_doctor_finds_a_healthy_machine(call):
    code, output, _ = call("doctor", "--json")
    assert code == 0, output
    assert answer(output)["problems"] == []


def test_threads_are_placed_before_anything_heavy_is_loaded():
    script = (
        "import os, sys; import app.cli; heavy = {'torch', 'sklearn'} & set(sys.modules); "
        "print(os.environ['OMP_WAIT_POLICY'], *heavy)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=environment.ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["PASSIVE"]


def test_labels_parent_and_message_reach_the_run(call, pipeline, workspace, prepared):
    frame = pd.DataFrame({"user_id": ["u0"], "item_id": ["i0"], "label": ["noisy"]})
    frame.to_parquet(workspace / "mine.parquet")
    first = answer(call("run", "small", "--json")[1])["run_id"]
    code, output, _ = call(
        "run", "small", "--labels", workspace / "mine.parquet", "--parent", first,
        "--message", "why", "--revision", "r1", "--json",
    )  # fmt: skip
    told = answer(output)
    assert code == 0
    assert (told["parent"], told["message"], told["revision"]) == (first, "why", "r1")
    folder = workspace / "runs" / told["run_id"]
    wanted = {"labels": folder / "labels.parquet", "parent": workspace / "runs" / first}
    assert pipeline.given[-1] == wanted
    assert call("run", "small", "--parent", first, "--from-scratch", "--json")[0] == 0
    assert pipeline.given[-1] == {}
    assert prepared.is_dir()


def test_a_parent_or_labels_that_are_not_there_are_said(call, prepared):
    assert "no finished run gone" in call("run", "small", "--parent", "gone")[2]
    assert "cannot be read" in call("run", "small", "--labels", "none.parquet")[2]
    assert prepared.is_dir()
