"""What can be known of the local server without its engine; the rest is in tests/llm."""

import importlib.util
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError, JudgeError
from core.judge.llm import local
from core.judge.llm.local import model_name, serve


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "tiny.Q4.gguf"
    path.write_bytes(b"GGUF and no model")
    return path


def test_the_name_is_that_of_the_content_wherever_it_lies(model, tmp_path):
    (tmp_path / "deep").mkdir()
    copy = tmp_path / "deep" / model.name
    copy.write_bytes(model.read_bytes())
    assert model_name(model) == model_name(copy)
    assert model_name(model).startswith("tiny.Q4-")
    assert str(tmp_path) not in model_name(model)
    copy.write_bytes(b"GGUF and another model")
    assert model_name(model) != model_name(copy)


def test_a_model_in_parts_is_named_by_all_of_them(tmp_path):
    parts = [tmp_path / f"big-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"GGUF one")
    name = model_name(parts[0])
    assert name.startswith("big-")
    assert "of-00002" not in name
    parts[1].write_bytes(b"GGUF other")
    assert model_name(parts[0]) != name
    parts[1].unlink()
    with pytest.raises(ConfigError, match=r"big-00002-of-00002\.gguf cannot be read"):
        model_name(parts[0])


def test_a_file_that_is_missing_or_no_model_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="LLMHNI_LLM_FILE"), serve(tmp_path / "none.gguf"):
        pass
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    with pytest.raises(ConfigError, match="no GGUF file"), serve(text):
        pass


def test_without_the_engine_it_says_how_to_install_it(model, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"requirements-llm\.txt"), serve(model):
        pass


def test_a_model_that_cannot_be_loaded_is_an_error_that_names_the_file(model):
    pytest.importorskip("xllamacpp")
    with pytest.raises(JudgeError, match=r"tiny.Q4.gguf cannot be served"), serve(model):
        pass


def test_the_server_sees_no_keys_and_the_command_line_none_either(model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("LLAMA_ARG_HOST", "0.0.0.0")
    seen = {}

    def spy(arguments, **options):
        seen.update(arguments=arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(local.subprocess, "Popen", spy)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: True)
    with pytest.raises(KeyboardInterrupt), serve(model):
        pass
    assert "sk-hidden" not in seen["env"].values()
    assert "LLAMA_ARG_HOST" not in seen["env"]
    assert [Path(part).name for part in seen["arguments"][1:]] == ["-P", "local_server.py"]
    assert seen["arguments"][0] == sys.executable
