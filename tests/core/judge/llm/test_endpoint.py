from __future__ import annotations

import traceback

import pytest

from core.config import LLMConfig
from core.errors import ConfigError
from core.judge.llm.endpoint import is_loopback, resolve

SECRET = "sk-abc123"
ALL = {
    "LLMHNI_LLM_BASE_URL": "http://one:1/v1/",
    "OPENAI_BASE_URL": "http://two/v1",
    "LLMHNI_LLM_MODEL": "from-environment",
    "LLMHNI_LLM_API_KEY": SECRET,
    "OPENAI_API_KEY": "sk-other",
}


def without(*names):
    return {name: value for name, value in ALL.items() if name not in names}


def secrets(tmp_path, text):
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    return path


def test_settings_go_before_the_environment():
    found = resolve(LLMConfig(base_url="https://three/v1", model="m", temperature=0.5), ALL)
    assert (found.base_url, found.model, found.temperature) == ("https://three/v1", "m", 0.5)


def test_own_variables_go_before_those_of_openai():
    found = resolve(LLMConfig(), ALL)
    assert (found.base_url, found.model, found.api_key) == (
        "http://one:1/v1",
        "from-environment",
        SECRET,
    )
    found = resolve(LLMConfig(), without("LLMHNI_LLM_BASE_URL", "LLMHNI_LLM_API_KEY"))
    assert (found.base_url, found.api_key) == ("http://two/v1", "sk-other")


def test_secrets_are_read_where_the_environment_is_silent(tmp_path):
    path = secrets(tmp_path, '[llm]\napi_key = "sk-toml"\nbase_url = "http://t/v1"\nmodel = "tm"\n')
    found = resolve(LLMConfig(), {}, path)
    assert (found.base_url, found.model, found.api_key) == ("http://t/v1", "tm", "sk-toml")
    assert resolve(LLMConfig(), ALL, path).api_key == SECRET
    assert resolve(LLMConfig(), ALL, tmp_path / "none.toml").api_key == SECRET


def test_openai_is_asked_where_nothing_else_is_said_and_wants_a_key():
    found = resolve(LLMConfig(model="m"), {"OPENAI_API_KEY": "k"})
    assert found.base_url == "https://api.openai.com/v1"
    with pytest.raises(ConfigError, match="LLMHNI_LLM_API_KEY"):
        resolve(LLMConfig(model="m"), {})
    assert resolve(LLMConfig(model="m", base_url="http://localhost:8080/v1"), {}).api_key == ""


def test_a_missing_model_is_named_with_the_way_to_set_it():
    with pytest.raises(ConfigError, match="LLMHNI_LLM_MODEL"):
        resolve(LLMConfig(), without("LLMHNI_LLM_MODEL"))


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@host/v1",
        f"http://{SECRET}@host/v1",
        f"https://host/v1?api-key={SECRET}",
        f"https://host/v1#{SECRET}",
        f"{SECRET}.example/v1",
        f"ftp://{SECRET}/v1",
        f"http://host:{SECRET}/v1",
        "http:///v1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match="base_url") as caught:
        resolve(LLMConfig(model="m", base_url=url), ALL)
    assert SECRET not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("text", ["[llm", '[llm]\napi_key = "sk-abc123\n', "[llm]\napi_key = 5\n"])
def test_damaged_secrets_are_named_and_not_quoted(tmp_path, text):
    with pytest.raises(ConfigError, match=r"secrets\.toml") as caught:
        resolve(LLMConfig(model="m"), {}, secrets(tmp_path, text))
    assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(text, "")


def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="API key") as caught:
        resolve(LLMConfig(model="m"), {"OPENAI_API_KEY": f"{SECRET} \u2026"})
    assert SECRET not in str(caught.value)


def test_the_key_is_not_in_the_repr():
    assert SECRET not in repr(resolve(LLMConfig(), ALL))


def test_the_own_machine_is_known():
    hosts = ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8080/v1")
    assert all(is_loopback(resolve(LLMConfig(base_url=url), ALL)) for url in hosts)
    assert not is_loopback(resolve(LLMConfig(base_url="http://10.0.0.1/v1"), ALL))


@pytest.mark.parametrize(
    ("url", "environ", "sent"),
    [
        # The key of OpenAI: to OpenAI and to the host of OPENAI_BASE_URL.
        ("https://api.openai.com/v1", {"OPENAI_API_KEY": "o"}, "o"),
        ("https://evil.example/v1", {"OPENAI_API_KEY": "o"}, ""),
        ("https://api.openai.com.evil.example/v1", {"OPENAI_API_KEY": "o"}, ""),
        ("http://127.0.0.1:8080/v1", {"OPENAI_API_KEY": "o"}, ""),
        ("http://p:9/v1", {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://p:9/v1"}, "o"),
        ("http://q:9/v1", {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "http://p:9/v1"}, ""),
        ("http://P/v1", {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": "https://p/v1"}, ""),
        # The own key: anywhere, or to the host of its address.
        ("http://q/v1", {"LLMHNI_LLM_API_KEY": "l"}, "l"),
        ("http://Q/v2", {"LLMHNI_LLM_API_KEY": "l", "LLMHNI_LLM_BASE_URL": "http://q/v1"}, "l"),
        ("http://r/v1", {"LLMHNI_LLM_API_KEY": "l", "LLMHNI_LLM_BASE_URL": "http://q/v1"}, ""),
        ("http://q/v1", {"LLMHNI_LLM_API_KEY": "l", "LLMHNI_LLM_BASE_URL": "https://q/v1"}, ""),
        ("http://q/v1", {"LLMHNI_LLM_API_KEY": "l", "LLMHNI_LLM_BASE_URL": "http://[q"}, ""),
        # The own key is held back, that of OpenAI may go.
        (
            "https://api.openai.com/v1",
            {
                "LLMHNI_LLM_API_KEY": "l",
                "LLMHNI_LLM_BASE_URL": "http://q/v1",
                "OPENAI_API_KEY": "o",
            },
            "o",
        ),
    ],
)
def test_a_key_goes_to_the_host_it_was_set_for_and_to_no_other(url, environ, sent):
    assert resolve(LLMConfig(model="m", base_url=url), environ).api_key == sent


def test_the_key_of_openai_does_not_follow_an_address_of_the_environment():
    environ = {"OPENAI_API_KEY": "o", "LLMHNI_LLM_BASE_URL": "http://own/v1"}
    assert resolve(LLMConfig(model="m"), environ).api_key == ""


def test_a_key_of_the_secrets_stays_with_their_address(tmp_path):
    path = secrets(tmp_path, '[llm]\napi_key = "t"\nbase_url = "https://t/v1"\n')
    assert resolve(LLMConfig(model="m"), {}, path).api_key == "t"
    assert resolve(LLMConfig(model="m", base_url="https://u/v1"), {}, path).api_key == ""
    elsewhere = {"LLMHNI_LLM_BASE_URL": "https://u/v1"}
    assert resolve(LLMConfig(model="m"), elsewhere, path).api_key == ""
    path = secrets(tmp_path, '[llm]\napi_key = "t"\n')
    assert resolve(LLMConfig(model="m"), elsewhere, path).api_key == "t"
    assert resolve(LLMConfig(model="m", base_url="https://v/v1"), elsewhere, path).api_key == ""
    assert resolve(LLMConfig(model="m", base_url="https://v/v1"), {}, path).api_key == "t"


def test_openai_without_tls_gets_no_key():
    with pytest.raises(ConfigError, match="https"):
        resolve(LLMConfig(model="m", base_url="http://api.openai.com/v1"), {"OPENAI_API_KEY": "o"})
