"""``doctor`` and language models."""

from __future__ import annotations

import json

from app.cli import main
from tests.llm_server import serve

KEY = "sk-proj-Zq81xYw0LmN"


def test_the_doctor_names_the_endpoint_and_what_it_can_do(workspace, monkeypatch, capsys):
    with serve(key=KEY) as server:
        monkeypatch.setenv("LLMHNI_LLM_BASE_URL", server.base_url)
        monkeypatch.setenv("LLMHNI_LLM_MODEL", "tiny")
        monkeypatch.setenv("LLMHNI_LLM_API_KEY", KEY)
        assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert f"tiny at {server.base_url.split('/')[2]}, key set: yes" in said
    assert "schema: the server binds replies" in said
    assert "local language model:" in said
    assert said.endswith("Everything is in place.\n")
    assert KEY not in said
    assert not any(KEY in path.read_text() for path in workspace.rglob("*.json"))


def test_a_language_model_that_is_away_is_no_failure(workspace, monkeypatch, capsys):  # noqa: ARG001
    monkeypatch.setenv("LLMHNI_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("LLMHNI_LLM_MODEL", "tiny")
    assert main(["doctor", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["problems"] == []
    assert answer["judges"]["endpoint"]["model"] == "tiny"
    assert "cannot be reached" in answer["judges"]["endpoint"]["note"]


def test_the_last_line_is_true_where_a_model_cannot_be_asked(workspace, monkeypatch, capsys):  # noqa: ARG001
    with serve() as server:
        monkeypatch.setenv("LLMHNI_LLM_BASE_URL", server.base_url)
        for model, last in (("other", "cannot be asked"), ("tiny", "Everything is in place.")):
            monkeypatch.setenv("LLMHNI_LLM_MODEL", model)
            assert main(["doctor"]) == 0
            assert last in capsys.readouterr().out.splitlines()[-1]
    assert main(["doctor"]) == 0  # gone since, though what it can do is kept
    assert "cannot be asked" in capsys.readouterr().out.splitlines()[-1]
