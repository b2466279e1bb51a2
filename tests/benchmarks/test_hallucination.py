"""Which cells are run, and what keeps a benchmark of flips that do nothing from being believed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import hallucination
from benchmarks.cells import SAMPLE, Plan
from benchmarks.hallucination import Cell, changed_share, main
from core.errors import ConfigError

PLAN = Plan(SAMPLE, None, 0, ())


def row_of(cell):
    return PLAN.identity() | {
        "seed": cell.seed, "flip": cell.flip, "preset": cell.preset,
        "suppression": cell.suppression, "recall20": 0.5, "seconds": 1.0,
    }  # fmt: skip


@pytest.fixture
def measured(monkeypatch):
    """Cells that were run, none of them in truth."""
    asked = []

    def measure(_plan, cell, _workspace):
        asked.append(cell)
        return row_of(cell)

    monkeypatch.setattr(hallucination, "measure", measure)
    monkeypatch.setattr(hallucination, "render", lambda rows: f"{len(rows)} rows")
    return asked


def arguments(tmp_path, *more):
    return ["--out", str(tmp_path / "out"), "--workspace", str(tmp_path), "--seeds", "0", *more]


def test_every_share_preset_and_state_is_run_once_per_seed_without_flips_first(tmp_path, measured):
    assert main(arguments(tmp_path, "--seeds", "0", "1", "2")) == 0
    assert len(measured) == len(set(measured)) == 3 * 4 * 2 * 2
    assert [cell.flip for cell in measured[:16:4]] == [0.0, 0.1, 0.2, 0.3]
    assert [cell.seed for cell in measured[::16]] == [0, 1, 2]
    assert (tmp_path / "out.md").read_text(encoding="utf-8") == "48 rows"


def test_finished_cells_are_not_run_again(tmp_path, measured):
    done = Cell(0, 0.1, "paper", True)
    lines = tmp_path / "out.jsonl"
    lines.write_text(json.dumps(row_of(done)) + "\n", encoding="utf-8")
    assert main(arguments(tmp_path, "--flips", "0.1", "--presets", "paper")) == 0
    assert measured == [Cell(0, 0.1, "paper", False)]
    assert len(lines.read_text(encoding="utf-8").splitlines()) == 2


def test_cells_of_other_settings_are_never_mixed_in(tmp_path, measured, capsys):
    (tmp_path / "out.jsonl").write_text(json.dumps(row_of(Cell(0, 0.0, "soft", True))) + "\n")
    assert main(arguments(tmp_path, "--set", "judge.observed_share=0.4")) == 1
    said = capsys.readouterr().err
    assert "judge.observed_share: 0.2 in the file, 0.4 now" in said
    assert "--out" in said
    assert "--fresh" in said
    assert measured == []


def test_a_fresh_start_measures_all_and_keeps_what_there_was(tmp_path, measured):
    before = json.dumps(row_of(Cell(0, 0.1, "paper", True)) | {"settings": {}}) + "\n"
    (tmp_path / "out.jsonl").write_text(before)
    assert main(arguments(tmp_path, "--flips", "0.1", "--presets", "paper", "--fresh")) == 0
    assert len(measured) == len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    assert (tmp_path / "out.before.jsonl").read_text() == before


def test_a_cell_decides_flip_preset_and_contrast():
    cell = Cell(3, 0.2, "paper", False)
    config = hallucination.build_config(None, cell.assignments(), seed=3)
    assert config.judge.flip == 0.2
    assert config.refine.preset == "paper"
    assert config.train.hallucination_suppression is False
    assert config.seed == 3


def test_the_preset_is_never_chosen_on_validation(tmp_path):
    with pytest.raises(SystemExit):
        main(arguments(tmp_path, "--presets", "auto"))


def test_changed_grades_are_counted_beside_those_without_flips(tmp_path):
    grades = np.array([[0, 1, 2, 2], [2, 2, 0, 1]], np.int8)
    assert changed_share(grades, Cell(0, 0.0, "soft", True), tmp_path, "c") == 0.0
    flipped = grades.copy()
    flipped[0, 0] = 2
    assert changed_share(flipped, Cell(0, 0.1, "soft", True), tmp_path, "c") == pytest.approx(1 / 8)


def test_flips_that_change_nothing_are_an_error(tmp_path):
    grades = np.zeros((2, 4), np.int8)
    changed_share(grades, Cell(0, 0.0, "soft", True), tmp_path, "c")
    with pytest.raises(ConfigError, match="changed no grade"):
        changed_share(grades, Cell(0, 0.1, "soft", True), tmp_path, "c")


def test_grades_of_another_seed_or_code_are_no_comparison(tmp_path):
    grades = np.zeros((2, 4), np.int8)
    changed_share(grades, Cell(0, 0.0, "soft", True), tmp_path, "c")
    assert changed_share(grades, Cell(1, 0.1, "soft", True), tmp_path, "c") is None
    assert changed_share(grades, Cell(0, 0.1, "soft", True), tmp_path, "d") is None
