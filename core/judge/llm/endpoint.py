"""From settings, environment and secrets to the endpoint that is asked.

The key is read from the environment or from ``.streamlit/secrets.toml``, goes into one header, and
appears in no message: errors here name the variable or the file, never a value that may hold it.

Settings come from files that others may have written. So a key is sent to the host that it was set
for and to no other, whatever address the settings name, and never without TLS where its own address
has it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from core.config import LLMConfig
from core.errors import ConfigError
from core.judge.llm.call import Endpoint
from core.outgoing import OPENAI_HOST

OPENAI: Final = "https://api.openai.com/v1"
URL_VARIABLES: Final = ("LLMHNI_LLM_BASE_URL", "OPENAI_BASE_URL")
MODEL_VARIABLES: Final = ("LLMHNI_LLM_MODEL",)
OWN_URL: Final = URL_VARIABLES[0]
OWN_KEY: Final = "LLMHNI_LLM_API_KEY"
OPENAI_KEY: Final = "OPENAI_API_KEY"


def resolve(config: LLMConfig, environ: Mapping[str, str], secrets: Path | None = None) -> Endpoint:
    """The endpoint of the settings, else of the environment, else of the secrets, else OpenAI's.

    Args:
        config: Settings; their base_url and model go before all else.
        environ: Environment variables.
        secrets: A ``secrets.toml`` whose ``[llm]`` part may hold api_key, base_url and model; it
            need not exist.

    Raises:
        ConfigError: If there is no model, no key for OpenAI, or an address that cannot be used.
    """
    kept = _read_secrets(secrets)
    url = config.base_url or _first(environ, URL_VARIABLES) or kept.get("base_url", "") or OPENAI
    model = config.model or _first(environ, MODEL_VARIABLES) or kept.get("model", "")
    base_url = _checked_url(url)
    if not model:
        raise ConfigError("no language model is named: set judge.llm.model or LLMHNI_LLM_MODEL")
    key = _key_for(base_url, environ, kept)
    _check_key(key, base_url)
    return Endpoint(base_url, model, key, config.temperature)


def is_loopback(endpoint: Endpoint) -> bool:
    """Whether the texts stay on this machine."""
    name = urlsplit(endpoint.base_url).hostname or ""
    return name in ("localhost", "::1") or name.startswith("127.")


def _key_for(base_url: str, environ: Mapping[str, str], kept: Mapping[str, str]) -> str:
    """The first key that was set for this host; empty if there is none.

    That of OpenAI is for api.openai.com and for the host of OPENAI_BASE_URL. The others are for the
    address set beside them; where none is, for any that the settings name.
    """
    own, openai = (_first(environ, (name,)) for name in URL_VARIABLES)
    for key, places in (
        (_first(environ, (OWN_KEY,)), [own]),
        (_first(environ, (OPENAI_KEY,)), [OPENAI, openai or OPENAI]),
        (kept.get("api_key", ""), [kept.get("base_url", "") or own]),
    ):
        if key and any(not place or _same_host(base_url, place) for place in places):
            return key
    return ""


def _same_host(base_url: str, place: str) -> bool:
    """Whether an address is at the host of another, with TLS if that has it."""
    try:
        here, there = urlsplit(base_url), urlsplit(place)
    except ValueError:  # the other one is no address: nothing is at its host
        return False
    is_safe = here.scheme == "https" or there.scheme == "http"
    return bool(there.hostname) and here.hostname == there.hostname and is_safe


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The first variable that says something."""
    values = (environ.get(name, "").strip() for name in names)
    return next((value for value in values if value), "")


def _read_secrets(path: Path | None) -> Mapping[str, str]:
    """The ``[llm]`` part of a secrets file; empty if there is none."""
    if path is None or not path.is_file():
        return {}
    try:
        part: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("llm", {})
    except (OSError, ValueError):  # its message may quote a line that holds the key
        raise ConfigError(f"{path} cannot be read: it must be a TOML file in UTF-8") from None
    if not isinstance(part, dict) or not all(isinstance(value, str) for value in part.values()):
        raise ConfigError(f"{path}: [llm] must hold api_key, base_url and model, each in quotes")
    return {name: value.strip() for name, value in part.items()}


def _checked_url(text: str) -> str:
    """An address without a trailing slash.

    Raises:
        ConfigError: If it is none; the address is not quoted, for it may hold a key.
    """
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        _ = parts.port  # raises for a number that is none
    except ValueError:
        raise ConfigError(_WRONG_URL) from None
    if _has_secret_parts(parts):
        raise ConfigError(
            "judge.llm.base_url may hold no user name, password, ? or #: give the address alone, "
            "and the key in LLMHNI_LLM_API_KEY"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(_WRONG_URL)
    return parts.geturl()


_WRONG_URL: Final = (
    "judge.llm.base_url is no address: it starts with http:// or https:// and ends in /v1 as a "
    "rule, for example http://127.0.0.1:8080/v1"
)


def _has_secret_parts(parts: SplitResult) -> bool:
    return "@" in parts.netloc or bool(parts.query) or bool(parts.fragment)


def _check_key(key: str, base_url: str) -> None:
    """Whether a key can be sent, and is there where it must be.

    Raises:
        ConfigError: If not; the key is not quoted.
    """
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("the API key holds letters that no key has: copy it once more, alone")
    if not key and urlsplit(base_url).hostname == OPENAI_HOST:
        raise ConfigError(
            f"{OPENAI_HOST} wants a key: set OPENAI_API_KEY (it is sent to https addresses alone), "
            f"or LLMHNI_LLM_API_KEY; that one is sent to the host of {OWN_URL} alone, if that is "
            "set. Or set judge.llm.base_url for a server of your own"
        )
