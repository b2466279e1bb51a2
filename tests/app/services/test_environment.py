from __future__ import annotations

import re

import pytest

from app.services import environment


def test_what_the_user_set_wins():
    variables = environment.with_defaults({"HF_HUB_OFFLINE": "0", "HOME": "/home/ann"})
    assert variables["HF_HUB_OFFLINE"] == "0"
    assert variables["OMP_WAIT_POLICY"] == "PASSIVE"
    assert variables["HOME"] == "/home/ann"


@pytest.mark.parametrize("name", environment.DEFAULTS)
def test_make_exports_the_same_values(name):
    makefile = (environment.ROOT / "Makefile").read_text()
    assert re.search(rf"^{name} \?= {environment.DEFAULTS[name]}$", makefile, re.MULTILINE)
    assert re.search(rf"^export .*\b{name}\b", makefile, re.MULTILINE)


def test_the_workspace_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(environment.WORKSPACE_VARIABLE, "mine")
    assert environment.workspace() == tmp_path / "mine"
    monkeypatch.delenv(environment.WORKSPACE_VARIABLE)
    assert environment.workspace() == environment.ROOT / "workspace"
