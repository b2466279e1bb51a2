"""What ``doctor`` says of language models: never a key, never a failure."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict

import pytest

from app.services.judge_endpoint import NOTHING, endpoint_state, local_state
from tests.llm_server import always, serve

KEY = "sk-proj-Zq81xYw0LmN"


def environ_of(server, **more):
    return {"LLMHNI_LLM_BASE_URL": server.base_url, "LLMHNI_LLM_MODEL": "tiny", **more}


def test_nothing_set_up_is_said_with_what_to_do(tmp_path):
    for environ in ({}, {"OPENAI_API_KEY": KEY}, {"LLMHNI_SECRETS": str(tmp_path / "none.toml")}):
        found = endpoint_state(environ, tmp_path)
        assert not found.configured
        assert found.note == NOTHING


@pytest.mark.parametrize(
    ("settings", "mode", "words"),
    [
        ({}, "schema", "JSON schema"),
        ({"formats": ("json_object",)}, "json", "JSON mode"),
        ({"formats": ()}, "text", "checked"),
    ],
)
def test_what_an_endpoint_can_do_is_asked_once(tmp_path, settings, mode, words):
    with serve(**settings) as server:
        found = endpoint_state(environ_of(server), tmp_path)
        assert (found.host, found.model) == (server.base_url.split("/")[2], "tiny")
        assert (found.configured, found.has_key, found.mode) == (True, False, mode)
        assert words in found.note
        n_before = len(server.state.requests)
        assert endpoint_state(environ_of(server), tmp_path) == found
        assert len(server.state.requests) == n_before


def test_a_key_is_said_to_be_there_and_never_shown(tmp_path):
    with serve(key=KEY) as server:
        found = endpoint_state(environ_of(server, LLMHNI_LLM_API_KEY=KEY), tmp_path)
    assert found.has_key
    assert found.mode == "schema"
    assert KEY not in str(asdict(found))
    assert not any(KEY in path.read_text() for path in tmp_path.rglob("*.json"))


def test_secrets_are_found(tmp_path):
    path = tmp_path / "secrets.toml"
    with serve(key=KEY) as server:
        path.write_text(
            f'[llm]\napi_key = "{KEY}"\nbase_url = "{server.base_url}"\nmodel = "tiny"\n'
        )
        found = endpoint_state({"LLMHNI_SECRETS": str(path)}, tmp_path)
    assert (found.has_key, found.model, found.mode) == (True, "tiny", "schema")


def test_whatever_is_wrong_is_said_and_nothing_fails(tmp_path):
    with serve(key=KEY) as server:
        found = endpoint_state(environ_of(server, LLMHNI_LLM_API_KEY="sk-wrong"), tmp_path)
        assert "LLMHNI_LLM_API_KEY" in found.note
        assert found.mode == ""
    gone = endpoint_state(environ_of(server), tmp_path)
    assert gone.configured
    assert "cannot be reached" in gone.note
    nameless = endpoint_state({"LLMHNI_LLM_BASE_URL": "http://127.0.0.1:9/v1"}, tmp_path)
    assert (nameless.configured, nameless.host) == (True, "")
    assert "LLMHNI_LLM_MODEL" in nameless.note
    damaged = tmp_path / "secrets.toml"
    damaged.write_text(f'[llm]\napi_key = "{KEY}\n')
    found = endpoint_state({"LLMHNI_SECRETS": str(damaged)}, tmp_path)
    assert "TOML" in found.note
    assert KEY not in found.note


def test_an_endpoint_that_hangs_is_given_up(tmp_path):
    with serve(faults=always("hang")) as server:
        found = endpoint_state(environ_of(server), tmp_path, timeout=0.2)
    assert "did not answer in time" in found.note


def test_the_local_judge_says_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert not local_state({}).installed
    assert "requirements-llm.txt" in local_state({}).note
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert "LLMHNI_LLM_FILE" in local_state({}).note
    file = tmp_path / "m.gguf"
    assert "names no file" in local_state({"LLMHNI_LLM_FILE": str(file)}).note
    file.write_bytes(b"GGUF")
    found = local_state({"LLMHNI_LLM_FILE": str(file)})
    assert (found.installed, found.file, found.note) == (True, "m.gguf", "installed")
