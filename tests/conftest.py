"""What all tests share: thread placement, and a workspace of their own."""

from __future__ import annotations

import os

import pytest

from app.services import environment
from tests.run_folder import write_run

for _name, _value in environment.DEFAULTS.items():  # before any test imports PyTorch or Numba
    os.environ.setdefault(_name, _value)
os.environ[environment.SECRETS_VARIABLE] = ""  # no test asks the endpoint of whoever runs it


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty workspace that the app and its processes use."""
    monkeypatch.setenv(environment.WORKSPACE_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def finished_run(workspace):
    """Folder of one small finished run in the workspace."""
    return write_run(workspace)
