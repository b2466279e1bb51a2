"""What tests of the worker and of the commands share."""

from __future__ import annotations

import sys

import pytest
from rich.console import Console

from app.commands.sources import prepare_data
from app.services.importing import make_plan
from tests.app.fake_pipeline import FakePipeline


@pytest.fixture
def pipeline(monkeypatch):
    """A pipeline that takes no time."""
    fake = FakePipeline()
    monkeypatch.setitem(sys.modules, "core.pipeline", fake)
    return fake


@pytest.fixture
def raw_file(tmp_path_factory):
    """Interactions of 6 users with 8 items as a CSV file."""
    path = tmp_path_factory.mktemp("raw") / "clicks.csv"
    rows = [f"u{user},i{(user + step) % 8}" for user in range(6) for step in range(6)]
    path.write_text("user_id,item_id\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def prepared(raw_file, workspace):
    """Folder of a small dataset with planted noise in the workspace."""
    options = {"plant": "uniform", "plant_rate": 0.2, "name": "small"}
    prepare_data(make_plan(raw_file), options, workspace, Console(quiet=True))
    return workspace / "datasets" / "small"
