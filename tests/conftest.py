"""What all tests share: thread placement, and a workspace of their own."""

from __future__ import annotations

import asyncio
import os

import pytest

from app.services import environment
from tests.run_folder import write_run

for _name, _value in environment.DEFAULTS.items():  # before any test imports PyTorch or Numba
    os.environ.setdefault(_name, _value)
os.environ[environment.SECRETS_VARIABLE] = ""  # no test asks the endpoint of whoever runs it


BROWSER = "tests/browser/"
SECOND_HALF = f"{BROWSER}test_l"
"""The first of the files in the second half: both take about as long. Those of a half share a
workspace, an app and a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come first: they wait a lot, and others fill the time."""
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files stay whole, and each half of the browser tests in one process."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - only where it is used

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if not nodeid.startswith(BROWSER):
                return super()._split_scope(nodeid)
            return SECOND_HALF if nodeid >= SECOND_HALF else BROWSER

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def no_foreign_loop(request):
    """Hide the event loop that Playwright leaves waiting in this thread once it has started."""
    if request.node.nodeid.startswith(BROWSER):
        yield
        return
    waiting = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(waiting)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty workspace that the app and its processes use."""
    monkeypatch.setenv(environment.WORKSPACE_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def finished_run(workspace):
    """Folder of one small finished run in the workspace."""
    return write_run(workspace)
