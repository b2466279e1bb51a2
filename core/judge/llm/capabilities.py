"""What an endpoint can do, found out by asking it once and kept on disk."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import JudgeError
from core.judge.llm.call import Endpoint, Mode
from core.judge.llm.failures import FormatRefused, Retry, clean
from core.judge.llm.loop import run
from core.judge.llm.wire import arguments_of, ask, open_client

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TRIES: Final = 3
LONGEST_WAIT: Final = 5.0
"""Seconds between two tries."""
N_TOKENS: Final = 512
"""Room for models that think first."""
N_NAMED: Final = 8
"""Models that an error names."""
MODES: Final[tuple[Mode, ...]] = ("schema", "json", "text")
QUESTION: Final = (
    {"role": "user", "content": 'Reply with this JSON object and nothing else: {"ready": true}'},
)
T = TypeVar("T")


class Ready(BaseModel):
    """The form of the reply."""

    model_config = ConfigDict(extra="forbid")

    ready: bool


class Capabilities(BaseModel):
    """What an endpoint can do."""

    model_config = ConfigDict(frozen=True)

    mode: Mode
    """The strictest way of binding replies that works."""
    models: tuple[str, ...] = ()
    """Names of the models there; empty if it does not say."""
    note: str = ""
    """What was found, for people."""


def probe(
    endpoint: Endpoint,
    cache: Path,
    wanted: Literal["auto", "schema", "json", "text"] = "auto",
    timeout: float = 60.0,
    again: bool = False,
    room: int = 0,
) -> Capabilities:
    """Find out how replies of an endpoint can be bound to a form: one to three tiny calls.

    Args:
        endpoint: Where to ask; its key is not kept.
        cache: Folder of the cache; found out once per address and model, and kept in
            ``judge/endpoints`` there.
        wanted: A mode to take without asking, from the settings; ``auto`` asks.
        timeout: Seconds per request.
        again: Ask even where it is known, e.g. after the server was changed.
        room: Tokens that the model may think before it replies.

    Raises:
        JudgeError: If the endpoint cannot be reached, the key is refused or the model is not
            there; says what to do.
    """
    if wanted != "auto":
        return Capabilities(mode=wanted, note="set by judge.llm.mode")
    path = _path(endpoint, cache)
    if not again and (known := _read(path)) is not None:
        return known
    found = run(_probe(endpoint, timeout, N_TOKENS + room))
    _write(path, found)
    return found


def _path(endpoint: Endpoint, cache: Path) -> Path:
    where = json.dumps([endpoint.place or endpoint.base_url, endpoint.model])
    return cache / "judge" / "endpoints" / f"{hashlib.sha256(where.encode()).hexdigest()}.json"


def _read(path: Path) -> Capabilities | None:
    try:
        return Capabilities.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, found: Capabilities) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with suppress(OSError):  # a read-only cache costs three calls each time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(found.model_dump_json(), encoding="utf-8")
        os.replace(aside, path)


async def _probe(endpoint: Endpoint, timeout: float, n_tokens: int) -> Capabilities:
    client = open_client(endpoint, timeout)
    try:
        models = await _models(client, endpoint)
        for mode in MODES:
            arguments = arguments_of(endpoint, QUESTION, Ready, mode, n_tokens)
            if await _understands(client, endpoint, mode, arguments, timeout, models):
                return Capabilities(mode=mode, models=models, note=_NOTES[mode])
        return Capabilities(mode="text", models=models, note=_NOTES[""])
    finally:
        await client.close()


_NOTES: Final = {
    "schema": "the server binds replies to a JSON schema",
    "json": "the server knows JSON mode but no schema: replies are checked, and repaired once",
    "text": "the server binds replies to no form: they are checked, and repaired once",
    "": "the model did not follow even a tiny form: expect many replies that cannot be read",
}


async def _models(client: AsyncOpenAI, endpoint: Endpoint) -> tuple[str, ...]:
    """Names of the models, sorted; empty where the server does not list them."""
    try:
        raw = await client.models.with_raw_response.list(timeout=LONGEST_WAIT)
        names = [str(entry["id"]) for entry in json.loads(raw.content)["data"]]
    except Exception:  # a list is not needed; what is wrong shows at the first question
        return ()
    return tuple(sorted({clean(name, endpoint) for name in names}))


async def _understands(
    client: AsyncOpenAI,
    endpoint: Endpoint,
    mode: Mode,
    arguments: Mapping[str, Any],
    timeout: float,
    models: tuple[str, ...],
) -> bool:
    """Whether a reply in this mode keeps to its form."""
    try:
        reply = await _persist(lambda: ask(client, endpoint, arguments, timeout))
    except FormatRefused:
        if mode == "text":  # no form was asked for
            raise
        return False
    except JudgeError as error:
        raise JudgeError(f"{error}{which_models(endpoint, models)}") from None
    text = reply.text if mode != "text" else _embedded(reply.text)
    try:
        Ready.model_validate_json(text)
    except ValidationError:
        return False
    return True


async def _persist(run: Callable[[], Awaitable[T]]) -> T:
    """Try a few times: a busy server is no sign of what it can do.

    Raises:
        JudgeError: If it stays busy, broken or away.
    """
    for attempt in range(TRIES):
        try:
            return await run()
        except Retry as problem:
            if attempt == TRIES - 1:
                raise JudgeError(
                    f"{problem}. See that the server runs and that judge.llm.base_url is right; if "
                    "it fails at forms of replies alone, set judge.llm.mode"
                ) from None
            await asyncio.sleep(min(LONGEST_WAIT, problem.wait or 0.2 * 2**attempt))
    raise ValueError("no tries")


def which_models(endpoint: Endpoint, models: tuple[str, ...]) -> str:
    """Which models there are, where the one asked for is not among them."""
    if not models or endpoint.model in models:
        return ""
    near = get_close_matches(endpoint.model, models, N_NAMED, cutoff=0.3)
    named = [*near, *(name for name in models if name not in near)][:N_NAMED]
    return f". Models there: {', '.join(named)}{' and more' if len(models) > len(named) else ''}"


def _embedded(text: str) -> str:
    """From the first brace to the last."""
    return text[text.find("{") : text.rfind("}") + 1]
