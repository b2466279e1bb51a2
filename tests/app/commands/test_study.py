from __future__ import annotations

import json

import pytest

from app import cli
from app.commands import study
from core.study import tuning
from core.study.jobs import Job
from core.study.names import ROWS_FILE
from core.study.rows import append_rows, done_keys
from core.study.run import Event, Tally
from core.study.settings import QUICK, StudyConfig


@pytest.fixture
def ran(monkeypatch):
    """Plans that were run, and what the runs are said to have come to."""
    plans = []
    tally = Tally()

    def pretend(plan, setup, _):
        plans.append((plan, setup))
        return tally

    monkeypatch.setattr(study, "run_study", pretend)
    monkeypatch.delenv(study.DATA_VARIABLE, raising=False)
    return plans, tally


def call(tmp_path, *words: str) -> int:
    return cli.main(["study", "--out", str(tmp_path / "out"), "--json", *words])


def last_line(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_dry_lists_cells_and_runs_nothing(tmp_path, ran, capsys):
    assert call(tmp_path, "--plan", "quick", "--dry", "--variants", "bpr", "--seeds", "0") == 0
    answer = last_line(capsys)
    assert (answer["cells"], answer["done"]) == (3, 0)
    assert answer["seconds"] > 0
    assert not ran[0]
    assert not (tmp_path / "out").exists()


def test_what_is_asked_for_is_run_and_noted_down(tmp_path, ran):
    assert call(tmp_path, "--plan", "quick", "--noise", "uniform", "--jobs", "3") == 0
    ((plan, setup),) = ran[0]
    assert {block.noise for block in plan.blocks} == {("uniform",)}
    assert setup.n_jobs == 3
    noted = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert noted["variants"]["t-ce"]["family"] == "loss-based"
    # The whole plan, or a part of it that is done would look like all of it.
    assert StudyConfig.model_validate(noted["plans"]["quick"]) == QUICK


def test_failed_cells_give_exit_code_one(tmp_path, ran, capsys):
    ran[1].failed[("methods", "sample", "position", "0.2", "0", "bpr", "{}", "")] = "no memory"
    assert call(tmp_path, "--plan", "quick") == 1
    assert last_line(capsys)["failed"][0]["error"] == "no memory"


def test_published_data_that_is_not_there_is_left_out_with_a_word(tmp_path, ran, capsys):
    assert call(tmp_path) == 0
    ((plan, _),) = ran[0]
    assert {name for block in plan.blocks for name in block.data} == {"sample"}
    assert "--real-data" in capsys.readouterr().err


def test_unknown_names_are_told(tmp_path, ran, capsys):
    assert call(tmp_path, "--variants", "nonsense") == 1
    assert "no variant 'nonsense'" in last_line(capsys)["error"]
    assert call(tmp_path, "--plan", "slow") == 1
    assert not ran[0]


def rows_of(*places: tuple[str, str, int]) -> list[dict]:
    """Rows of methods on the sample with 20 % uniform noise, by part, variant and seed."""
    group = {"data": "sample", "noise": "uniform", "rate": 0.2, "options": "{}"}
    return [
        group | {"part": part, "variant": variant, "seed": seed, "scheme": ""}
        for part, variant, seed in places
    ]


THERE = (("methods", "bpr", 0), ("methods", "bpr", 1), ("methods", "dcf", 0))
FRESH = ("--plan", "quick", "--fresh", "--variants", "bpr", "--seeds", "0")


def test_fresh_forgets_the_rows_of_the_cells_that_are_asked_for_and_keeps_a_copy(
    tmp_path, ran, capsys
):
    out = tmp_path / "out"
    append_rows(out, rows_of(*THERE))
    before = (out / ROWS_FILE).read_bytes()
    assert call(tmp_path, *FRESH) == 0
    assert {(key[5], key[4]) for key in done_keys(out)} == {("bpr", "1"), ("dcf", "0")}
    assert (out / "rows.csv.bak").read_bytes() == before
    said = capsys.readouterr().err
    assert "--fresh forgets 1 row (1 of methods)" in said
    assert "rows.csv.bak" in said
    assert ran[0]


def test_fresh_and_dry_say_what_would_be_forgotten_and_touch_nothing(tmp_path, ran, capsys):
    out = tmp_path / "out"
    append_rows(out, rows_of(*THERE))
    before = (out / ROWS_FILE).read_bytes()
    assert call(tmp_path, *FRESH, "--dry") == 0
    captured = capsys.readouterr()
    assert "--fresh would forget 1 row (1 of methods)" in captured.err
    answer = json.loads(captured.out.splitlines()[-1])
    assert (answer["cells"], answer["done"], answer["forgotten"]) == (3, 0, 1)
    assert (out / ROWS_FILE).read_bytes() == before
    assert not (out / "rows.csv.bak").exists()
    assert not ran[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "-1"), "--seeds -1"),
        (("--rates", "0.25"), "It has: 0, 0.1,"),
        (("--noise", "natural", "--data", "sample"), "methods on sample: position"),
        (("--noise", "natural"), "--real-data"),  # it is of the MovieLens that is not there
        (("--data", "nope"), "The plan full has sample, ml-latest-small, amazon-book; of the"),
        (("--data", "sample", "ml-latest-small"), "--real-data"),
        (("--data", "sample", "--parts", "tuning", "--variants", "cleanlab"), "not tuned"),
        (("--jobs", "0"), "--jobs 0"),
    ],
)
def test_what_cannot_be_run_is_refused_with_what_there_is(tmp_path, ran, capsys, words, said):
    assert call(tmp_path, *words) == 1
    assert said in last_line(capsys)["error"]
    assert not ran[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "again"), [((), "the same command goes on"), (("--fresh",), "without --fresh goes")]
)
def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    tmp_path, ran, capsys, monkeypatch, words, again
):
    def stopped(_plan, _setup, progress):
        cell = next(iter(progress.left.values()))
        progress(Event("done", Job(cell.group, (cell,)), cell, 2.6, 61.2))
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "run_study", stopped)
    words = (*words, "--variants", "bpr", "t-ce", "--seeds", "0", "--noise", "uniform")
    assert call(tmp_path, "--plan", "quick", *words) == 1
    captured = capsys.readouterr()
    assert "bpr: 3 s, after 61 s for what its group shares" in captured.err
    said = json.loads(captured.out.splitlines()[-1])["error"]
    assert f"Finished cells are kept in {tmp_path / 'out'} (1 of this call)" in said
    assert again in said
    assert said.endswith("with the 1 that are left.")
    assert not ran[0]


@pytest.mark.usefixtures("ran")
def test_that_options_come_from_the_study_of_the_project_is_said(tmp_path, monkeypatch, capsys):
    theirs = tmp_path / "theirs"
    monkeypatch.setattr(study, "FOLDER", theirs)
    monkeypatch.setattr(tuning, "grid_of", lambda _: ({}, {"train.fresh": 2}))
    place = {"part": "tuning", "data": "sample", "noise": "mixed", "rate": 0.2, "seed": 1000}
    append_rows(
        theirs,
        [
            {**place, "variant": "bpr", "options": text, "valid_ndcg20": value}
            for text, value in (("{}", 0.1), ('{"train.fresh":2}', 0.2))
        ],
    )
    assert call(tmp_path, "--plan", "quick", "--variants", "bpr", "--seeds", "0", "--dry") == 0
    assert f"options that {theirs} chose" in " ".join(capsys.readouterr().err.split())
    assert call(tmp_path, "--plan", "quick", "--variants", "t-ce", "--seeds", "0", "--dry") == 0
    assert "chose" not in capsys.readouterr().err


def test_help_names_every_variant_and_the_page_on_plans(capsys):
    with pytest.raises(SystemExit):
        cli.main(["study", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "docs/measuring.md" in said
    assert all(name in said for name in ("r-ce-pairwise", "oracle-llmhni", "caution-0.25"))
