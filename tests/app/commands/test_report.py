"""``report --html``: the file of the report from the command line."""

from __future__ import annotations

import json

import pytest

from app import cli
from tests.baseline_run import write_baseline_run
from tests.report_run import write_report_run


@pytest.fixture
def run(workspace):
    return write_report_run(workspace)


@pytest.mark.usefixtures("run")
def test_the_file_is_written_and_named(tmp_path, capsys):
    target = tmp_path / "out.html"
    assert cli.main(["report", "run-1", "--html", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["html"] == str(target)
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not list(tmp_path.glob(".out*"))  # nothing left beside it


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("target", ["missing/out.html", "."])
def test_a_place_that_cannot_be_written_is_said(tmp_path, monkeypatch, capsys, target):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", "--html", target]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.usefixtures("run")
def test_without_the_option_nothing_is_written(tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    assert cli.main(["report"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_run_of_a_baseline_is_reported_as_one(workspace, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "160")
    write_baseline_run(workspace)
    assert cli.main(["report"]) == 0
    said = capsys.readouterr().out
    assert "Method: R-CE, pairwise" in said
    assert "no verdict of this method is by a grade" in said
    assert "Note: A baseline: R-CE, pairwise (Wang et al., WSDM 2021)." in said
    assert "rank of suspicion of at least 0.700, whatever the grades" in said
    for wrong in ("LLMHNI", "Refined graph", "all together", "not asked", "log-odds", "logical"):
        assert wrong not in said


@pytest.mark.usefixtures("run")
def test_the_table_of_verdicts_claims_nothing_of_the_grades(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "160")
    assert cli.main(["report"]) == 0
    said = capsys.readouterr().out
    assert "P(noisy) of at least 0.500, whatever the grades" in said
    assert "LLMHNI" in said
    assert "speak against it" not in said
