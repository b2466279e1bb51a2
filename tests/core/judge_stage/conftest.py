"""A tiny world that is judged by a server on this machine, shared by the tests of this folder."""

from __future__ import annotations

import pytest

from core.pipeline import run_judging, run_pipeline
from tests.judge_tables import N_ITEMS, N_USERS
from tests.llm_server import serve
from tests.taste_grader import by_number, judged_by
from tests.worlds import fewer_trees, tastes, tiny_run


@pytest.fixture(scope="package", autouse=True)
def quick():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        for name in ("LLMHNI_LLM_BASE_URL", "LLMHNI_LLM_MODEL", "LLMHNI_LLM_API_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("LLMHNI_SECRETS", "")
        yield


@pytest.fixture(scope="package")
def data():
    return tastes(N_USERS, N_ITEMS)[0]


@pytest.fixture(scope="package")
def workspace(tmp_path_factory):
    """Runs of this folder share what comes before the judging; each server has its own answers."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="package")
def server():
    with serve(by_number) as found:
        yield found


@pytest.fixture
def judged(data, workspace, base, tmp_path):  # noqa: ARG001 - its calls are counted first
    """Judge with some settings: quality, and the folder of the tables."""

    def run(name: str = "judged", **judge):
        folder, config = tmp_path / name, tiny_run(judge=judge)
        return run_judging(data, config, folder, workspace / "cache"), folder

    return run


@pytest.fixture(scope="package")
def base(data, workspace, server, tmp_path_factory):
    """Everything judged by the server, in a whole run: outcome, folder, requests it took."""
    folder = tmp_path_factory.mktemp("base")
    outcome = run_pipeline(data, tiny_run(judge=judged_by(server)), folder, workspace / "cache")
    return outcome, folder, len(server.state.requests)
