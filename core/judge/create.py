"""From settings to a judge that is ready to grade.

What a judge needs is loaded when it is asked for: the evidence judge works where no client of a
language model is installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.config import JudgeConfig
from core.errors import ConfigError
from core.judge import Judge
from core.judge.evidence import EvidenceJudge
from core.judge.llm.call import Endpoint
from core.types import IntArray

SECRETS: Final = "LLMHNI_SECRETS"
"""Environment variable with the path of a secrets.toml: the path, never what is in it."""
CALLS: Final = "judge"
"""Folder of the answers of language models within the cache of the workspace."""


@dataclass(frozen=True)
class Surroundings:
    """What a judge needs beside its settings."""

    user_id: tuple[str, ...]
    item_id: tuple[str, ...]
    cache: Path
    """Cache of the workspace."""
    recorded: Path
    """Folder of imported judgements, found by name."""
    seed: int
    """Of the order of the targets within a call."""
    profile_of: Callable[[int, IntArray], str]
    """A user's profile from some of the user's train items."""
    environ: Mapping[str, str]
    """Address, model and key of the endpoint."""


@contextmanager
def opened(config: JudgeConfig, around: Surroundings) -> Iterator[Judge]:
    """Have a judge for as long as the block runs.

    Raises:
        ConfigError: If settings, key, file or model are missing; the message says which.
        JudgeError: If the endpoint cannot be reached or does not know the model.
    """
    with ExitStack() as stack:
        yield _OPENERS[config.kind](config, around, stack)


def resolve(config: JudgeConfig, environ: Mapping[str, str]) -> Endpoint:
    """Find the endpoint that settings and environment name.

    Raises:
        ConfigError: If there is no model or no key.
    """
    from core.judge.llm import endpoint  # noqa: PLC0415

    secrets = environ.get(SECRETS, "")
    return endpoint.resolve(config.llm, environ, Path(secrets) if secrets else None)


def find_recorded(name: str, folder: Path) -> Path:
    """Find a file of judgements by its path, or an imported one by its name.

    Raises:
        ConfigError: If there is neither.
    """
    if not name:
        raise ConfigError("judge.recorded names no file; set it to a file of judgements")
    imported = folder / name / "judgements.parquet"
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) and imported.is_file():
        return imported
    if Path(name).is_file():
        return Path(name)
    known = ", ".join(sorted(p.parent.name for p in folder.glob("*/judgements.parquet"))) or "none"
    raise ConfigError(f"there are no judgements '{name}': no such file. Imported ones: {known}")


def _evidence(_config: JudgeConfig, _around: Surroundings, _: ExitStack) -> Judge:
    return EvidenceJudge()


def _openai(config: JudgeConfig, around: Surroundings, _: ExitStack) -> Judge:
    return _over(resolve(config, around.environ), config, around)


def _local(config: JudgeConfig, around: Surroundings, stack: ExitStack) -> Judge:
    from core.judge.llm import local  # noqa: PLC0415

    path = config.llm.model_file or around.environ.get("LLMHNI_LLM_FILE", "")
    served = stack.enter_context(local.serve(Path(path), config.llm.in_flight))
    return _over(replace(served, temperature=config.llm.temperature), config, around)


def _over(place: Endpoint, config: JudgeConfig, around: Surroundings) -> Judge:
    from core.judge.llm import capabilities  # noqa: PLC0415
    from core.judge.llm.judge import LLMJudge  # noqa: PLC0415
    from core.judge.llm.store import CallStore  # noqa: PLC0415

    able = capabilities.probe(place, around.cache, config.llm.mode, config.llm.timeout)
    return LLMJudge(
        place,
        able.mode,
        CallStore(around.cache / CALLS),
        config.llm,
        around.seed,
        profile_of=around.profile_of,
    )


def _recorded(config: JudgeConfig, around: Surroundings, _: ExitStack) -> Judge:
    from core.judge.recorded import RecordedJudge, read_recorded  # noqa: PLC0415

    path = find_recorded(config.recorded, around.recorded)
    found, _ = read_recorded(path, around.user_id, around.item_id)
    return RecordedJudge(found)


def _ensemble(config: JudgeConfig, around: Surroundings, stack: ExitStack) -> Judge:
    from core.judge.ensemble import EnsembleJudge  # noqa: PLC0415

    if config.first == config.second:
        raise ConfigError("the two judges of an ensemble must be different ones")
    first, second = (
        _OPENERS[kind](config, around, stack) for kind in (config.first, config.second)
    )
    return EnsembleJudge(first, second)


_OPENERS: Final[Mapping[str, Callable[[JudgeConfig, Surroundings, ExitStack], Judge]]] = {
    "evidence": _evidence,
    "openai": _openai,
    "local": _local,
    "recorded": _recorded,
    "ensemble": _ensemble,
}
