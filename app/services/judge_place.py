"""Where a judge would send its questions, and whether a key is set for that; never the key."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.services import environment
from core.config import JudgeConfig
from core.errors import ConfigError
from core.judge.llm.endpoint import is_loopback, resolve

KEYS: Final = ("LLMHNI_LLM_API_KEY", "OPENAI_API_KEY")
"""Environment variables that a key is read from, the first that is for the host."""
IN_SECRETS: Final = "api_key under [llm] in .streamlit/secrets.toml"
MODEL_FILE: Final = "LLMHNI_LLM_FILE"


@dataclass(frozen=True)
class Place:
    """What receives the questions."""

    host: str
    """Empty where nothing leaves the process, or where it is not known."""
    model: str
    stays_here: bool
    """Whether the texts stay on this machine."""
    has_key: bool
    """Whether a key goes with the questions to this host."""
    problem: str = ""
    """What is missing, and what to do; empty where all is there."""


def asks(config: JudgeConfig) -> frozenset[str]:
    """Kinds of language models that a judge asks: ``openai``, ``local``, both or none."""
    kinds = {config.first, config.second} if config.kind == "ensemble" else {config.kind}
    return frozenset(kinds & {"openai", "local"})


def find(config: JudgeConfig, environ: Mapping[str, str] | None = None) -> Place:
    """Find out where the questions of a judge would go; nothing is sent.

    Args:
        config: Settings of the judge.
        environ: Environment variables; those of the process if omitted.
    """
    variables = environment.with_defaults(os.environ if environ is None else environ)
    asked = asks(config)
    if "openai" in asked:
        return _endpoint(config, variables)
    if "local" in asked:
        return _file(config, variables)
    return Place("", "", True, False)


def keys_set(environ: Mapping[str, str] | None = None) -> dict[str, bool]:
    """Whether each place that a key is read from holds one."""
    variables = environment.with_defaults(os.environ if environ is None else environ)
    found = {name: bool(variables.get(name, "").strip()) for name in KEYS}
    return {**found, IN_SECRETS: _in_secrets(variables)}


def _endpoint(config: JudgeConfig, variables: Mapping[str, str]) -> Place:
    secrets = variables.get(environment.SECRETS_VARIABLE, "")
    try:
        found = resolve(config.llm, variables, Path(secrets) if secrets else None)
    except ConfigError as error:
        return Place("", "", False, False, str(error))
    return Place(found.host, found.model, is_loopback(found), bool(found.api_key))


def _file(config: JudgeConfig, variables: Mapping[str, str]) -> Place:
    path = config.llm.model_file or variables.get(MODEL_FILE, "").strip()
    if not path:
        problem = f"no model file is named: set judge.llm.model_file or {MODEL_FILE}"
        return Place("", "", True, False, problem)
    problem = "" if Path(path).is_file() else "judge.llm.model_file: there is no such file"
    return Place("", Path(path).name, True, False, problem)


def _in_secrets(variables: Mapping[str, str]) -> bool:
    path = variables.get(environment.SECRETS_VARIABLE, "")
    try:
        part = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("llm", {}) if path else {}
    except (OSError, ValueError):
        return False
    return isinstance(part, dict) and bool(str(part.get("api_key", "")).strip())
