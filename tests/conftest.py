"""What all tests share: thread placement, and a workspace of their own."""

from __future__ import annotations

import os

import pytest

from app.services import environment
from tests.run_folder import write_run

for _name, _value in environment.DEFAULTS.items():  # before any test imports PyTorch or Numba
    os.environ.setdefault(_name, _value)
os.environ[environment.SECRETS_VARIABLE] = ""  # no test asks the endpoint of whoever runs it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: from the first one on, this thread has an event loop for good."""
    items.sort(key=lambda item: "browser" in item.path.relative_to(item.config.rootpath).parts)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty workspace that the app and its processes use."""
    monkeypatch.setenv(environment.WORKSPACE_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def finished_run(workspace):
    """Folder of one small finished run in the workspace."""
    return write_run(workspace)
