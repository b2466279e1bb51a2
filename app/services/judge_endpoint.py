"""Which language models are set up on this machine, and what they can do."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.config import LLMConfig
from core.errors import WorkbenchError

NAMES: Final = ("LLMHNI_LLM_BASE_URL", "OPENAI_BASE_URL", "LLMHNI_LLM_MODEL", "LLMHNI_LLM_API_KEY")
"""Variables that only somebody sets who means an endpoint; OPENAI_API_KEY is often there anyway."""
FILE: Final = "LLMHNI_LLM_FILE"
NOTHING: Final = (
    "none is set up: set LLMHNI_LLM_MODEL, with LLMHNI_LLM_API_KEY or LLMHNI_LLM_BASE_URL, or copy "
    ".streamlit/secrets.toml.example to secrets.toml. The evidence judge needs none."
)
TIMEOUT: Final = 15.0
"""Seconds for each of the tiny questions."""


@dataclass(frozen=True)
class EndpointState:
    """The endpoint of environment and secrets; never its key."""

    configured: bool
    host: str = ""
    model: str = ""
    has_key: bool = False
    mode: str = ""
    """``schema``, ``json`` or ``text``: the strictest way of binding replies; empty = not known."""
    note: str = ""
    """What it can do, or what is missing and what to do about it."""

    @property
    def is_amiss(self) -> bool:
        """Whether somebody set one up, and it cannot be asked."""
        return self.configured and not self.mode


@dataclass(frozen=True)
class LocalState:
    """The judge from a file on this machine."""

    installed: bool
    file: str = ""
    """Name of the file that LLMHNI_LLM_FILE names; empty if it names none."""
    note: str = ""
    is_amiss: bool = False
    """Whether LLMHNI_LLM_FILE names a file that cannot be served."""


def endpoint_state(
    environ: Mapping[str, str], cache: Path, timeout: float = TIMEOUT
) -> EndpointState:
    """Find the endpoint, and ask it once what it can do; the answer is kept in the cache.

    Args:
        environ: Environment variables.
        cache: Cache of the workspace.
        timeout: Seconds per question.

    Returns:
        What was found; whatever is wrong is part of it, and nothing is raised for it.
    """
    from core.judge.create import SECRETS, resolve  # noqa: PLC0415 - reads schemas
    from core.judge.llm import capabilities, reach  # noqa: PLC0415

    secrets = environ.get(SECRETS, "")
    named = any(environ.get(name, "").strip() for name in NAMES)
    if not named and not (secrets and Path(secrets).is_file()):
        return EndpointState(False, note=NOTHING)
    try:
        place = resolve(LLMConfig(), environ)
    except WorkbenchError as error:
        return EndpointState(True, note=str(error))
    known = (True, place.host, place.model, bool(place.api_key))
    try:
        reach.check_reach(place, timeout=min(timeout, reach.TIMEOUT))  # the cache may be older
        able = capabilities.probe(place, cache, timeout=timeout)
    except WorkbenchError as error:
        return EndpointState(*known, note=str(error))
    return EndpointState(*known, able.mode, able.note)


def local_state(environ: Mapping[str, str]) -> LocalState:
    """Look whether a model file could be served; it is not loaded."""
    path = environ.get(FILE, "").strip()
    if importlib.util.find_spec("xllamacpp") is None:
        note = "not installed: pip install -r requirements-llm.txt"
        return LocalState(False, note=note, is_amiss=bool(path))
    if not path:
        return LocalState(True, note=f"installed; {FILE} names no GGUF file yet")
    if not Path(path).is_file():
        return LocalState(True, Path(path).name, f"installed, but {FILE} names no file", True)
    return LocalState(True, Path(path).name, "installed")
