"""From settings to a judge that is ready to grade.

What a judge needs is loaded when it is asked for: the evidence judge works where no client of a
language model is installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from core.config import JudgeConfig, LLMConfig
from core.errors import ConfigError
from core.judge import Judge
from core.judge.evidence import EvidenceJudge
from core.judge.llm.call import Endpoint, Mode
from core.judge.llm.plan import TOKENS_PER_CALL, TOKENS_PER_TARGET
from core.types import IntArray

if TYPE_CHECKING:
    from core.judge.llm.store import CallStore

SECRETS: Final = "LLMHNI_SECRETS"
"""Environment variable with the path of a secrets.toml: the path, never what is in it."""
LOCAL_TIMEOUT: Final = 900.0
"""Seconds for a call to a model on this machine: a processor writes a few tokens a second."""
LONGEST_QUESTION: Final = 2000
"""Tokens of the longest question: 6,000 letters, three to a token."""
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


@dataclass(frozen=True)
class Model:
    """A language model that can be asked."""

    endpoint: Endpoint
    mode: Mode
    store: CallStore
    """Answers that were paid for."""
    config: LLMConfig
    """How it is asked: a file on this machine has more time than an endpoint."""


@contextmanager
def opened(config: JudgeConfig, around: Surroundings) -> Iterator[Judge]:
    """Have a judge for as long as the block runs.

    Raises:
        ConfigError: If settings, key, file or model are missing; the message says which.
        JudgeError: If the endpoint cannot be reached or does not know the model.
    """
    with ExitStack() as stack:
        yield _OPENERS[config.kind](config, around, stack)


@contextmanager
def model(
    kind: Literal["openai", "local"], config: LLMConfig, around: Surroundings
) -> Iterator[Model]:
    """Have a language model at hand for as long as the block runs; what it can do is found out.

    Raises:
        ConfigError: If key, file or model are missing.
        JudgeError: If it cannot be reached.
    """
    from core.judge.llm import capabilities, local  # noqa: PLC0415
    from core.judge.llm.store import CallStore  # noqa: PLC0415

    with ExitStack() as stack:
        if kind == "openai":
            place = resolve(config, around.environ)
        else:
            path = model_file(config, around.environ)
            room = room_for(config)
            served = stack.enter_context(local.serve(path, config.in_flight, room))
            place = replace(served, temperature=config.temperature)
            slow = max(config.timeout, LOCAL_TIMEOUT)
            config = config.model_copy(update={"timeout": slow, "batch": False})
        room, wanted = config.thinking_tokens, config.mode
        able = capabilities.probe(place, around.cache, wanted, config.timeout, room=room)
        yield Model(place, able.mode, CallStore(around.cache / CALLS), config)


def room_for(config: LLMConfig) -> int:
    """Tokens that a call to a model on this machine may take: question, reply, and its repair."""
    reply = TOKENS_PER_CALL + TOKENS_PER_TARGET * config.targets_per_call
    wanted = LONGEST_QUESTION + 2 * reply + config.thinking_tokens
    return -(-wanted // 1024) * 1024


def check(config: JudgeConfig, writer: str, environ: Mapping[str, str], recorded: Path) -> None:
    """Look for what a judge will need, before minutes of work are done for it.

    An endpoint is asked once for its models, which costs nothing and tells it nothing of the data.

    Args:
        config: Who judges.
        writer: Who writes profiles: ``openai``, ``local``, or neither.
        environ: Address, model and key of the endpoint.
        recorded: Folder of imported judgements.

    Raises:
        ConfigError: If settings, key, file or model are missing; the message says which.
        JudgeError: If nobody is at the address, or key or model are refused there.
    """
    judges = _members(config) if config.kind == "ensemble" else (config.kind,)
    place = resolve(config.llm, environ) if "openai" in (*judges, writer) else None
    if "local" in (*judges, writer):
        from core.judge.llm import local  # noqa: PLC0415

        local.check(model_file(config.llm, environ))
    if "recorded" in judges:
        find_recorded(config.recorded, recorded)
    if place is not None and not _answered_before(config, writer, recorded):
        from core.judge.llm.reach import check_reach  # noqa: PLC0415

        check_reach(place)


def _answered_before(config: JudgeConfig, writer: str, recorded: Path) -> bool:
    """Whether a finished judging asked this with the same settings: its answers are kept.

    Then the endpoint need not be there any more; of another dataset it is missed later.
    """
    wanted = (config.model_dump(mode="json"), writer)
    for path in recorded.glob("*/about.json"):
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            about = json.loads(path.read_text(encoding="utf-8"))
            settings = about["settings"]
            found = (settings["judge"], settings["text"]["writer"])
            if found == wanted and not about["stopped_by"]:
                return True
    return False


def model_file(config: LLMConfig, environ: Mapping[str, str]) -> Path:
    """Find the model that settings or environment name.

    Raises:
        ConfigError: If they name none, or there is no such file.
    """
    path = config.model_file or environ.get("LLMHNI_LLM_FILE", "")
    if not path:
        raise ConfigError(
            "no model file is named: set judge.llm.model_file or LLMHNI_LLM_FILE to a GGUF file; "
            "docs/judges.md names some"
        )
    if not Path(path).is_file():
        raise ConfigError(
            f"there is no model file {path}. Set judge.llm.model_file or LLMHNI_LLM_FILE to a GGUF "
            "file."
        )
    return Path(path)


def resolve(config: LLMConfig, environ: Mapping[str, str]) -> Endpoint:
    """Find the endpoint that settings and environment name.

    Raises:
        ConfigError: If there is no model or no key.
    """
    from core.judge.llm import endpoint  # noqa: PLC0415

    secrets = environ.get(SECRETS, "")
    return endpoint.resolve(config, environ, Path(secrets) if secrets else None)


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


def _openai(config: JudgeConfig, around: Surroundings, stack: ExitStack) -> Judge:
    return _over(stack.enter_context(model("openai", config.llm, around)), around)


def _local(config: JudgeConfig, around: Surroundings, stack: ExitStack) -> Judge:
    return _over(stack.enter_context(model("local", config.llm, around)), around)


def _over(found: Model, around: Surroundings) -> Judge:
    from core.judge.llm.judge import LLMJudge  # noqa: PLC0415

    options = (found.config, around.seed, around.profile_of)
    return LLMJudge(found.endpoint, found.mode, found.store, *options)


def _recorded(config: JudgeConfig, around: Surroundings, _: ExitStack) -> Judge:
    from core.judge.recorded import RecordedJudge  # noqa: PLC0415

    path = find_recorded(config.recorded, around.recorded)
    judge = RecordedJudge.from_file(path, around.user_id, around.item_id)
    if not len(judge.recorded):
        raise ConfigError(
            f"none of the judgements '{config.recorded}' can be used for this dataset: are they of "
            "another one? 'judge --import' says what is wrong with each row"
        )
    return judge


def _ensemble(config: JudgeConfig, around: Surroundings, stack: ExitStack) -> Judge:
    from core.judge.ensemble import EnsembleJudge  # noqa: PLC0415

    first, second = (_OPENERS[kind](config, around, stack) for kind in _members(config))
    return EnsembleJudge(first, second)


def _members(config: JudgeConfig) -> tuple[str, str]:
    if config.first == config.second:
        raise ConfigError("the two judges of an ensemble must be different ones")
    return config.first, config.second


_OPENERS: Final[Mapping[str, Callable[[JudgeConfig, Surroundings, ExitStack], Judge]]] = {
    "evidence": _evidence,
    "openai": _openai,
    "local": _local,
    "recorded": _recorded,
    "ensemble": _ensemble,
}
