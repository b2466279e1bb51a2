"""Where questions would go, and whether there is a key: never the key."""

from __future__ import annotations

import pytest

from app.services import judge_place
from core.config import JudgeConfig

SECRET = "sk-proj-Zq81xYw0LmN"


def config(kind="openai", **llm):
    return JudgeConfig.model_validate({"kind": kind, "llm": llm})


@pytest.mark.parametrize(
    ("url", "stays"),
    [("http://127.0.0.1:8080/v1", True), ("https://llm.example.org/v1", False)],
)
def test_the_host_is_named_and_the_key_is_not(url, stays):
    environ = {"LLMHNI_LLM_API_KEY": SECRET}
    found = judge_place.find(config(base_url=url, model="m"), environ)
    assert (found.stays_here, found.has_key, found.model) == (stays, True, "m")
    assert found.host in url
    assert SECRET not in repr(found)
    assert SECRET not in repr(judge_place.keys_set(environ))


@pytest.mark.parametrize(
    ("llm", "problem"),
    [
        ({"base_url": "http://h/v1"}, "no language model is named"),
        ({"base_url": f"http://u:{SECRET}@h/v1", "model": "m"}, "no user name, password"),
        ({"model": "m"}, "wants a key"),
    ],
)
def test_what_is_missing_is_said_without_the_secret(llm, problem):
    found = judge_place.find(config(**llm), {})
    assert problem in found.problem
    assert SECRET not in found.problem


def test_a_model_file_must_be_there(tmp_path):
    assert "no model file" in judge_place.find(config("local"), {}).problem
    path = tmp_path / "m.gguf"
    assert "no such file" in judge_place.find(config("local", model_file=str(path)), {}).problem
    path.write_bytes(b"GGUF")
    found = judge_place.find(config("local"), {"LLMHNI_LLM_FILE": str(path)})
    assert (found.model, found.stays_here, found.problem) == ("m.gguf", True, "")


def test_judges_without_a_model_send_nothing():
    for kind in ("evidence", "recorded"):
        assert judge_place.find(config(kind), {}) == judge_place.Place("", "", True, False)
    two = JudgeConfig.model_validate({"kind": "ensemble", "first": "local", "second": "openai"})
    assert judge_place.asks(two) == {"local", "openai"}
    assert judge_place.asks(config("evidence")) == set()


def test_each_place_of_a_key_says_yes_or_no(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[llm]\napi_key = "{SECRET}"\n')
    found = judge_place.keys_set({"OPENAI_API_KEY": SECRET, "LLMHNI_SECRETS": str(secrets)})
    assert list(found.values()) == [False, True, True]
    secrets.write_text("not = toml =")
    found = judge_place.keys_set({"LLMHNI_SECRETS": str(secrets)})
    assert list(found.values()) == [False, False, False]
