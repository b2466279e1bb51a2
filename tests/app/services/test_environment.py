from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from app.services import environment
from core.judge import create


def test_what_the_user_set_wins():
    variables = environment.with_defaults({"HF_HUB_OFFLINE": "0", "HOME": "/home/ann"})
    assert variables["HF_HUB_OFFLINE"] == "0"
    assert variables["OMP_WAIT_POLICY"] == "PASSIVE"
    assert variables["GOMP_SPINCOUNT"] == "1000"
    assert variables["HOME"] == "/home/ann"


def test_secrets_are_named_where_there_are_any_and_nobody_says_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.SECRETS_VARIABLE not in environment.with_defaults({})
    path = tmp_path / ".streamlit" / "secrets.toml"
    path.parent.mkdir()
    path.write_text('[llm]\napi_key = "sk-hidden"\n')
    found = environment.with_defaults({})
    assert found[environment.SECRETS_VARIABLE] == str(path)
    assert "sk-hidden" not in str(found)
    mine = {environment.SECRETS_VARIABLE: "/mine.toml"}
    assert environment.with_defaults(mine)[environment.SECRETS_VARIABLE] == "/mine.toml"


def test_secrets_have_one_name_and_stay_out_of_the_repository():
    assert environment.SECRETS_VARIABLE == create.SECRETS
    ignored = (environment.ROOT / ".gitignore").read_text().splitlines()
    assert ".streamlit/secrets.toml" in ignored
    example = environment.ROOT / ".streamlit" / "secrets.toml.example"
    assert tomllib.loads(example.read_text()) == {"llm": {}}
    shown = "\n".join(line.removeprefix("# ") for line in example.read_text().splitlines()[5:])
    assert set(tomllib.loads(shown)["llm"]) == {"api_key", "base_url", "model"}


@pytest.mark.parametrize("name", environment.DEFAULTS)
def test_make_exports_the_same_values(name):
    makefile = (environment.ROOT / "Makefile").read_text()
    assert re.search(rf"^{name} \?= {environment.DEFAULTS[name]}$", makefile, re.MULTILINE)
    assert re.search(rf"^export .*\b{name}\b", makefile, re.MULTILINE)


def test_a_printed_command_names_the_python_of_the_project(monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(environment.ROOT / ".venv"))
    assert environment.shell_command("report", "x") == ".venv/bin/python -m app.cli report x"
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert environment.shell_command("report", "x") == "python -m app.cli report x"


def test_a_printed_command_names_a_workspace_of_its_own(workspace, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert environment.shell_command("runs", place=workspace) == "python -m app.cli runs"
    elsewhere = environment.shell_command("runs", place=workspace / "a b")
    assert shlex.split(elsewhere) == [
        *("python", "-m", "app.cli", "runs", "--workspace"),
        str(workspace / "a b"),
    ]


@pytest.mark.skipif(
    not (environment.ROOT / ".venv/bin/python").exists(), reason="installed elsewhere"
)
def test_a_printed_command_works_from_the_root_of_the_project(workspace, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(environment.ROOT / ".venv"))
    command = environment.shell_command("runs", "--json", place=workspace / "other place")
    result = subprocess.run(
        ["sh", "-c", command], cwd=environment.ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == '{"runs": []}'


def test_the_workspace_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(environment.WORKSPACE_VARIABLE, "mine")
    assert environment.workspace() == tmp_path / "mine"
    monkeypatch.delenv(environment.WORKSPACE_VARIABLE)
    assert environment.workspace() == environment.ROOT / "workspace"
