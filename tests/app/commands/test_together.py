import pytest

from app.commands import together
from core.errors import ConfigError


@pytest.fixture(params=[None, "1"])
def single(request, monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if request.param:
        monkeypatch.setenv("WORLD_SIZE", request.param)


@pytest.mark.usefixtures("single")
def test_one_process_does_any_command_itself():
    assert together.do("study", lambda: {"ok": True}) == {"ok": True}


def test_several_processes_run_and_do_nothing_else(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="'study' is done by one process"):
        together.do("study", lambda: pytest.fail("two processes would write the same files"))
