from __future__ import annotations

import json

import pytest

from app import cli
from app.commands import study
from core.study.names import ROWS_FILE
from core.study.rows import append_rows, done_keys
from core.study.run import Tally


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
    assert noted["plans"]["quick"]["blocks"][0]["noise"] == ["uniform"]


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


@pytest.mark.usefixtures("ran")
def test_fresh_forgets_the_rows(tmp_path):
    out = tmp_path / "out"
    append_rows(out, [{"part": "methods", "data": "sample", "variant": "bpr"}])
    before = (out / ROWS_FILE).read_bytes()
    call(tmp_path, "--plan", "quick", "--dry")
    assert (out / ROWS_FILE).read_bytes() == before
    call(tmp_path, "--plan", "quick", "--fresh")
    assert done_keys(out) == set()
