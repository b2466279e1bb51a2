from __future__ import annotations

import pytest

from app.services import store
from tests.compare_run import CHILD, PARENT, write_runs


@pytest.fixture
def both(workspace):
    """Parent and child."""
    write_runs(workspace)
    return store.load_run(workspace, PARENT), store.load_run(workspace, CHILD)
