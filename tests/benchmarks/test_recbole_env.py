"""When RecBole's environment is made, and when it is taken as it is; nothing is installed here."""

from __future__ import annotations

import pytest

from benchmarks import recbole_env
from core.errors import ConfigError


@pytest.fixture
def calls(monkeypatch, tmp_path):
    made = []

    def call(command, check):
        assert check
        made.append(command)
        if "venv" in command:
            (tmp_path / "env" / "bin").mkdir(parents=True, exist_ok=True)
            (tmp_path / "env" / "bin" / "python").touch()

    monkeypatch.setattr(recbole_env.subprocess, "run", call)
    return made


def test_recbole_comes_last_and_without_its_requirements(calls, tmp_path):
    python = recbole_env.make_environment(tmp_path / "env")
    assert python == tmp_path / "env" / "bin" / "python"
    assert len(calls) == 3
    assert calls[1][-2:] == ["-r", str(recbole_env.REQUIREMENTS)]
    assert calls[2][-2:] == ["--no-deps", "recbole==1.2.1"]


def test_it_is_made_once_and_again_after_a_change_of_the_versions(calls, tmp_path, monkeypatch):
    recbole_env.make_environment(tmp_path / "env")
    recbole_env.make_environment(tmp_path / "env")
    assert len(calls) == 3
    other = tmp_path / "other.txt"
    other.write_text("numpy==1.26.3\n")
    monkeypatch.setattr(recbole_env, "REQUIREMENTS", other)
    recbole_env.make_environment(tmp_path / "env")
    assert len(calls) == 6


def test_a_failed_installation_says_what_is_needed_and_is_tried_again(monkeypatch, tmp_path):
    def fail(command, check):
        assert check
        raise recbole_env.subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(recbole_env.subprocess, "run", fail)
    for _ in range(2):
        with pytest.raises(ConfigError, match="package index"):
            recbole_env.make_environment(tmp_path / "env")


def test_every_version_is_pinned():
    lines = recbole_env.REQUIREMENTS.read_text().splitlines()
    assert all("==" in line for line in lines if line and not line.startswith("#"))
