from __future__ import annotations

import json

import pandas as pd

from app.cli import main
from tests.compare_run import CHILD, write_runs


def test_the_newest_run_is_exported_from_the_command_line(workspace, tmp_path, capsys):
    write_runs(workspace)
    target = tmp_path / "taken"
    options = ["--to", str(target), "--only", "kept", "--json"]
    assert main(["export", "latest", *options]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["run_id"], said["n_rows"]) == (CHILD, 5)
    assert len(pd.read_csv(target / "train.csv")) == 5


def test_an_export_of_an_unknown_run_says_so(workspace, tmp_path, capsys):
    write_runs(workspace)
    assert main(["export", "nothing", "--to", str(tmp_path / "x")]) == 1
    assert "nothing" in capsys.readouterr().err
