from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from core.baselines import random_edits
from core.errors import Cancelled
from core.study import cells, run
from core.study.cells import GroupRun
from core.study.jobs import Job, jobs_of
from core.study.processes import THREADS
from core.study.rows import append_rows, done_keys, read_rows
from core.study.run import Event, Setup, run_job, run_study
from core.study.settings import Block, Cell, Group, StudyConfig
from tests.study_world import NAME, tiny_places, tiny_runs


def job(*variants: str, part: str = "methods", noise: str = "uniform", rate: float = 0.2) -> Job:
    group = Group(part, NAME, noise, rate, 0)
    return Job(group, tuple(Cell(group, name) for name in variants))


def do(work: Job, tmp_path: Path, tick=lambda: None) -> list[Event]:
    """Run a job on the tiny world in this process; what it told."""
    told: list[Event] = []
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    run_job(work, tiny_places(tmp_path)[0], tmp_path / "out", scratch, told.append, tick)
    return told


def test_rows_of_a_group_are_measured_alike(tmp_path, monkeypatch):
    tiny_runs(monkeypatch)
    told = do(job("bpr", "oracle", "llmhni", "text-only"), tmp_path)
    assert [event.what for event in told] == ["done"] * 4
    rows = read_rows(tmp_path / "out").set_index("variant")
    assert len(rows) == 8  # and four single signals
    assert rows["n_noise"].nunique() == rows["n_hard"].nunique() == 1
    assert set(rows["hard_source"]) == {"planted"}
    # The out-of-fold score is what is matched by.
    assert rows.loc["signal:score", "auc_matched"] == pytest.approx(0.5, abs=0.08)
    assert rows.loc["signal:semantic", "auc_all"] > 0.7
    assert rows.loc["oracle", ["auc_all", "noise_recall"]].isna().all()
    assert rows.loc["oracle", "recall20"] > 0
    assert np.isnan(rows.loc["text-only", "recall20"])  # it only looks
    assert np.isnan(rows.loc["bpr", "noise_recall"])  # only LLMHNI has a threshold of its own
    assert 0 < rows.loc["llmhni", "noise_rate_estimated"] < 0.6
    assert rows["seconds_shared"].nunique() == 1
    # What all share is told of the first cell that waits for it, and apart from its own time.
    assert [event.shared > 0 for event in told] == [True, False, False, False]
    assert told[0].seconds == pytest.approx(rows.loc["bpr", "seconds"], rel=1e-4)
    assert (rows.loc["bpr", "seconds"]) < rows.loc["bpr", "seconds_shared"]


def edited(monkeypatch) -> list[tuple[int, int]]:
    """Note the numbers that random edits were asked for, run by run."""
    asked: list[tuple[int, int]] = []
    made = random_edits.random_edits

    def spied(train, n_dropped, n_added, rng):
        asked.append((n_dropped, n_added))
        return made(train, n_dropped, n_added, rng)

    monkeypatch.setattr(random_edits, "random_edits", spied)
    return asked


@pytest.mark.parametrize("first", [("llmhni",), ()])
@pytest.mark.parametrize("preset", ["paper", "soft"])
def test_random_edits_are_as_many_as_those_of_llmhni_in_the_group(
    tmp_path, monkeypatch, preset, first
):
    """Whether LLMHNI is wanted in the group, or was run before and is only asked for its counts."""
    tiny_runs(monkeypatch)
    asked, graphs = edited(monkeypatch), []
    made = cells._edits

    def seen(trained):
        found = [int((trained["edge_origin"] == code).sum()) for code in (1, 2)]
        graphs.extend([found] if any(found) else [])  # baselines have the graph as it is
        return made(trained)

    monkeypatch.setattr(cells, "_edits", seen)
    options = json.dumps({"refine.preset": preset})
    group = Group("methods", NAME, "uniform", 0.2, 0)
    work = tuple(Cell(group, name, options) for name in first)
    told = do(Job(group, (*work, Cell(group, "random-edits", "{}", options))), tmp_path)
    assert {event.what for event in told} == {"done"}, told
    assert len(graphs) == 1  # once, wherever the counts come from
    assert [list(counts) for counts in asked] == graphs
    n_dropped, n_added = asked[0]
    assert n_added > 0
    assert (n_dropped > 0) == (preset == "paper")
    rows = read_rows(tmp_path / "out").set_index("variant")
    assert rows.loc["random-edits", "options"] == "{}"  # or the cell would be run again
    assert rows.loc["random-edits", "recall20"] > 0
    assert np.isnan(rows.loc["random-edits", "auc_all"]) == (preset == "soft")
    assert ("llmhni" in rows.index) == bool(first)


def test_cells_of_random_edits_know_the_options_of_llmhni():
    known = {("sample", "llmhni"): '{"train.pool":16}', ("sample", "random-edits"): "{}"}
    block = Block(noise=("position",), seeds=(0,), variants=("random-edits",))
    (work,) = jobs_of(block, known, set())
    assert work.cells == (Cell(work.group, "random-edits", "{}", '{"train.pool":16}'),)


def test_without_noise_there_is_nothing_to_detect_and_the_oracle_is_the_backbone(
    tmp_path, monkeypatch
):
    tiny_runs(monkeypatch)
    do(job("bpr", "oracle", noise="none", rate=0.0), tmp_path)
    rows = read_rows(tmp_path / "out").set_index("variant")
    assert rows["auc_all"].isna().all()
    assert rows.loc["bpr", "recall20"] == rows.loc["oracle", "recall20"] > 0


def test_tuning_measures_validation_alone(tmp_path, monkeypatch):
    tiny_runs(monkeypatch)
    seen: list[int] = []
    made = GroupRun._run

    def spied(self, config, dataset):
        seen.append(len(dataset.test))
        return made(self, config, dataset)

    monkeypatch.setattr(GroupRun, "_run", spied)
    told = do(job("bpr", part="tuning"), tmp_path)
    assert [event.what for event in told] == ["done"]
    assert set(seen) == {0}
    row = read_rows(tmp_path / "out").iloc[0]
    assert row["valid_ndcg20"] > 0
    assert row[["recall20", "ndcg20", "recall20_hard_users", "auc_all"]].isna().all()


def test_negatives_are_a_row_per_scheme(tmp_path, monkeypatch):
    tiny_runs(monkeypatch)
    do(job("bpr", part="negatives"), tmp_path)
    rows = read_rows(tmp_path / "out").set_index("scheme")
    assert set(rows.index) == {"uniform", "dns", "srns", "pool", "llmhni", "fresh"}
    assert rows["false_negative_rate"].between(0, 1).all()
    assert rows.loc["dns", "hardness"] > rows.loc["uniform", "hardness"]


def test_a_cell_that_fails_leaves_no_row_and_the_others_go_on(tmp_path, monkeypatch):
    tiny_runs(monkeypatch)
    measured = GroupRun.measure

    def broken(self, cell):
        if cell.variant == "bpr":
            raise FloatingPointError("too much")
        return measured(self, cell)

    monkeypatch.setattr(GroupRun, "measure", broken)
    told = do(job("bpr", "oracle"), tmp_path)
    assert [(event.what, event.cell.variant) for event in told] == [
        ("failed", "bpr"),
        ("done", "oracle"),
    ]
    assert "FloatingPointError: too much" in told[0].message
    assert read_rows(tmp_path / "out")["variant"].tolist() == ["oracle"]


def test_a_stopped_group_keeps_what_is_done_and_only_the_rest_is_run_again(tmp_path, monkeypatch):
    tiny_runs(monkeypatch)
    out = tmp_path / "out"

    def stop_after_one() -> None:
        if done_keys(out):
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        do(job("oracle", "bpr"), tmp_path, stop_after_one)
    block = Block(data=(NAME,), noise=("uniform",), seeds=(0,), variants=("oracle", "bpr"))
    (left,) = jobs_of(block, {}, done_keys(out))
    assert [cell.variant for cell in left.cells] == ["bpr"]


def plan(seeds: tuple[int, ...] = (0, 1)) -> StudyConfig:
    block = Block(data=(NAME,), noise=("uniform",), seeds=seeds, variants=("bpr", "r-ce"))
    return StudyConfig(blocks=(block,))


def rows_of(work: Job, folder: Path) -> None:
    group = work.group
    place = {name: getattr(group, name) for name in ("part", "data", "noise", "rate", "seed")}
    append_rows(
        folder, [{**place, "variant": cell.variant, "options": "{}"} for cell in work.cells]
    )


def _pretend(work: Job, _places, folder: Path, _scratch: Path, told) -> None:
    """In the place of the worker: writes rows at once; of seed 1 it dies before it is done."""
    if work.group.seed == 1:
        told.send(Event("done", work, work.cells[0], 1.0))
        os.kill(os.getpid(), signal.SIGKILL)
    rows_of(work, folder)
    for cell in work.cells:
        told.send(Event("done", work, cell, 1.0))


@pytest.fixture
def forked(monkeypatch):
    """Workers are forks of this process, which do nothing but write rows."""
    context = run.multiprocessing.get_context("fork")
    monkeypatch.setattr(run.multiprocessing, "get_context", lambda _: context)
    monkeypatch.setattr(run, "_work", _pretend)
    for name in THREADS:
        monkeypatch.setenv(name, "1")


@pytest.mark.usefixtures("forked")
def test_a_process_that_dies_fails_what_it_had_left_and_the_study_goes_on(tmp_path):
    told: list[Event] = []
    tally = run_study(plan((0, 1, 2)), Setup(tmp_path, None, 2), told.append)
    assert tally.n_done == 5
    ((key, said),) = tally.failed.items()
    assert key[4:6] == ("1", "r-ce")
    assert "code -9" in said
    assert [event.what for event in told].count("ended") == 3


@pytest.mark.usefixtures("forked")
def test_a_study_called_again_runs_only_what_is_missing(tmp_path):
    setup = Setup(tmp_path, None, 1)
    assert run_study(plan((0,)), setup, lambda _: None).n_done == 2
    assert run_study(plan((0,)), setup, lambda _: None).n_done == 0
    assert run_study(plan((0, 2)), setup, lambda _: None).n_done == 2


@pytest.mark.usefixtures("forked")
def test_no_group_is_begun_when_time_is_up(tmp_path):
    tally = run_study(plan(), Setup(tmp_path, None, 1, minutes=-1), lambda _: None)
    assert (tally.n_done, tally.out_of_time) == (0, True)


@pytest.mark.usefixtures("forked")
def test_ctrl_c_stops_the_processes_and_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def stop(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(plan(), Setup(tmp_path / "out", None, 1), stop)
    assert not list(tmp_path.glob(f"{run.PREFIX}*"))
    assert not run.multiprocessing.active_children()


def test_folders_of_studies_that_were_killed_are_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone, ours = tmp_path / f"{run.PREFIX}999999999-x", tmp_path / f"{run.PREFIX}{os.getpid()}-x"
    gone.mkdir()
    ours.mkdir()
    run._take_away_leftovers()
    assert (gone.exists(), ours.exists()) == (False, True)
