from __future__ import annotations

from dataclasses import replace

import pytest

from app.services import store
from benchmarks import pages_report
from benchmarks.pages_report import Measured, Part
from tests.run_folder import MANIFEST, write_run

FACTS = {"cpus": 4, "cpu": "a chip", "load": 0.2, "system": "an OS", "when": "today"}


@pytest.fixture
def part(workspace):
    write_run(workspace)
    run = store.load_run(workspace, MANIFEST["run_id"])
    measured = [
        Measured("Overview", "first view", [0.9]),
        Measured("Flagged", "filter", [0.2, 0.9, 0.4]),
        Measured("Data", "filter", [0.6]),
    ]
    return Part(run, measured, {"at the end": 300.0, "at most": 1200.0}, "1.2")


def test_medians_stand_beside_their_targets(part):
    lines = pages_report.write(FACTS, [part]).splitlines()
    assert "| Overview | 0.90 | 0.90 | 1 | met |" in lines
    assert "| Flagged | 0.40 | 0.90 | 0.5 | met |" in lines
    assert "| Data | 0.60 | 0.60 | 0.5 | **missed** |" in lines
    assert lines[-1].endswith("Target 1,000 MB: **missed**.")


def test_a_large_run_may_take_longer_to_come(part):
    large = part.run.manifest.model_copy(update={"n_interactions": 1_000_000})
    lines = pages_report.write(FACTS, [replace(part, run=replace(part.run, manifest=large))])
    assert "| Overview | 0.90 | 0.90 | 3 | met |" in lines


def test_a_busy_machine_is_said(part):
    assert "busy" not in pages_report.write(FACTS, [part])
    assert "busy" in pages_report.write(FACTS | {"load": 3.0}, [part])


def test_unknown_memory_is_said(part):
    sizes = {"at the end": None, "at most": None}
    assert "not known" in pages_report.write(FACTS, [replace(part, sizes=sizes)])


def test_the_machine_tells_about_itself():
    facts = pages_report.machine()
    assert set(facts) == set(FACTS)
    assert facts["cpus"] >= 1
