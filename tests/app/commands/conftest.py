"""What tests of ``judge`` share: a workspace, a server to ask, and commands with a judge."""

from __future__ import annotations

import json
import os

import pytest

from app.cli import main
from app.services import environment
from core.data.dataset import save_dataset
from core.data.noise import PlantedTruth
from tests.llm_server import serve
from tests.taste_grader import by_number
from tests.worlds import TINY_RUN, fewer_trees, tastes


@pytest.fixture(scope="package")
def no_endpoint():
    with pytest.MonkeyPatch.context() as patch:
        fewer_trees(patch)
        for name in list(os.environ):
            if name.startswith(("LLMHNI_LLM", "OPENAI")):
                patch.delenv(name)
        patch.setenv("LLMHNI_SECRETS", "")
        yield


@pytest.fixture(scope="package")
def place(tmp_path_factory, no_endpoint):  # noqa: ARG001 - the environment comes first
    """A workspace with one dataset with planted noise, shared by tests of judges."""
    folder = tmp_path_factory.mktemp("workspace")
    data, noise = tastes(24, 32)
    truth = PlantedTruth(
        data.train.user[noise], data.train.item[noise], ("uniform",) * int(noise.sum())
    )
    save_dataset(data, folder / "datasets" / "films", {"source": "test"}, truth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(environment.WORKSPACE_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="package")
def server():
    with serve(by_number) as found:
        yield found


@pytest.fixture
def call(place, capsys, tmp_path):  # noqa: ARG001 - commands use the workspace
    """Do one command with a judge: exit code, answer as JSON, error output."""

    def run(*arguments, **judge):
        words = [str(argument) for argument in arguments]
        if judge:
            path = tmp_path / "settings.json"
            path.write_text(json.dumps({**TINY_RUN, "judge": judge}))
            words += ["--config", str(path)]
        capsys.readouterr()
        code = main([*words, "--json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out.splitlines()[-1]), captured.err

    return run


@pytest.fixture
def done(call):
    """Do a command that works; its answer."""

    def run(*arguments, **judge):
        code, answer, said = call(*arguments, **judge)
        assert code == 0, said
        return answer

    return run
