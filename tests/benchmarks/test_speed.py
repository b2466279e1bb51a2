from __future__ import annotations

import pytest

from benchmarks.speed import __main__ as speed
from benchmarks.speed.parts import PARTS, Contestant, Part
from benchmarks.speed.rows import Rows
from core.errors import ConfigError


class FakeWorker:
    """Notes who is asked when."""

    asked: list[tuple[str, int]] = []  # noqa: RUF012 - emptied by the fixture
    started: list[str] = []  # noqa: RUF012
    broken = ""

    def __init__(self, module, job, *_):
        if module == self.broken:
            raise ConfigError("the contestant failed")
        self.started.append(module)
        self.module, self.job, self.versions = module, job, {"python": "3"}

    def ask(self):
        self.asked.append((self.module, self.job["round"]))
        return {"skipped": "no GPU"} if self.module == "gpu" else {"step": 1.0}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def call(tmp_path, monkeypatch):
    FakeWorker.asked, FakeWorker.started, FakeWorker.broken = [], [], ""
    both = (Contestant("RecBole", "theirs"), Contestant("ours", "ours"))
    parts = {
        "steps": Part("Steps", both, ("S", "L"), rounds=3, on_demand=("L",)),
        "memory": Part("Memory", both, ("S",), rounds=2, fresh=True),
        "gpu": Part("GPU", (Contestant("GPU", "gpu"),), rounds=1, fresh=True),
    }
    monkeypatch.setattr(speed, "PARTS", parts)
    monkeypatch.setattr(speed, "Worker", FakeWorker)
    monkeypatch.setattr(speed, "file_of", lambda name, _: None if name == "L" else tmp_path / name)

    def run(*arguments):
        places = ["--out", str(tmp_path / "raw"), "--page", str(tmp_path / "page.md")]
        return speed.main([*places, "--threads", "1", *arguments])

    return run


def test_only_the_part_gpu_is_told_of_a_device(call, monkeypatch):
    told = []

    class Noting(FakeWorker):
        def __init__(self, module, job, *rest):
            super().__init__(module, job, *rest)
            told.append((module, job.get("device")))

    monkeypatch.setattr(speed, "Worker", Noting)
    assert call("--parts", "memory,gpu", "--device", "cuda", "--rounds", "1") == 0
    assert told == [("theirs", None), ("ours", None), ("gpu", "cuda")]


def test_contestants_take_turns_back_and_forth(call, tmp_path):
    assert call("--parts", "steps") == 0
    turns = [name for name, _ in FakeWorker.asked]
    assert turns == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert FakeWorker.started == ["theirs", "ours"]
    assert len(Rows.read(tmp_path / "raw").of(part="steps", graph="S")) == 6
    assert (tmp_path / "page.md").is_file()


def test_finished_rounds_are_not_measured_again_until_they_are_forgotten(call, tmp_path):
    call("--parts", "steps", "--rounds", "1")
    FakeWorker.asked.clear()
    call("--parts", "steps", "--rounds", "2")
    assert len(FakeWorker.asked) == 2
    call("--parts", "steps", "--rounds", "1", "--fresh")
    assert len(Rows.read(tmp_path / "raw")) == 2


@pytest.mark.parametrize("beside", [["--report"], ["--before", "older"]])
def test_nothing_is_forgotten_where_nothing_is_measured(call, tmp_path, capsys, beside):
    call("--parts", "steps", "--rounds", "1")
    assert call("--fresh", *beside) == 2
    assert "measure nothing" in capsys.readouterr().err
    assert len(Rows.read(tmp_path / "raw")) == 2


def test_a_part_with_seeds_or_peaks_has_a_process_for_every_round(call):
    call("--parts", "memory")
    assert len(FakeWorker.started) == 4
    assert sorted(FakeWorker.asked) == [("ours", 0), ("ours", 1), ("theirs", 0), ("theirs", 1)]


def test_who_fails_is_left_out_and_said(call, capsys, tmp_path):
    FakeWorker.broken = "theirs"
    assert call("--parts", "steps") == 0
    assert "RecBole, round 1: not measured, the contestant failed" in capsys.readouterr().out
    assert Rows.read(tmp_path / "raw").names("contestant") == ["ours"]


def test_missing_data_and_devices_are_passed_over_with_a_word(call, capsys, tmp_path):
    assert call("--parts", "steps,gpu", "--graphs", "L") == 0
    said = capsys.readouterr().out
    assert "steps, L: skipped, the data is not on this machine" in said
    assert "GPU, round 1: skipped, no GPU" in said
    assert len(Rows.read(tmp_path / "raw")) == 0


def test_unknown_parts_are_refused(call, capsys):
    assert call("--parts", "speed") == 2
    assert "There is no part speed" in capsys.readouterr().err


def test_contestants_of_a_part_have_names_of_their_own():
    for part in PARTS.values():
        names = [contestant.name for contestant in part.contestants]
        assert len(set(names)) == len(names)
