"""One request for a completion, and the reply as it came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel

from core.judge.llm.call import Endpoint, Mode, Usage
from core.judge.llm.endpoint import is_loopback
from core.judge.llm.failures import Refused, Retry, sort_out
from core.outgoing import ASYNC_HOOKS, OPENAI_HOST

if TYPE_CHECKING:
    from openai import AsyncOpenAI

COMPLETIONS: Final = "/chat/completions"
LONGEST_CONNECT: Final = 10.0
"""Seconds until a server that cannot be connected to counts as away."""
LONGEST_NAME: Final = 200
"""Letters of a model's name that are kept."""
Ending: TypeAlias = Literal["whole", "cut", "refused"]


@dataclass(frozen=True)
class Reply:
    """What a server said."""

    text: str
    ending: Ending
    """``cut``: at max_output_tokens; ``refused``: the text is why."""
    usage: Usage = field(default_factory=Usage)
    model: str = ""


def open_client(endpoint: Endpoint, timeout: float) -> AsyncOpenAI:
    """An asynchronous client that retries nothing and follows nobody elsewhere.

    Args:
        endpoint: Where to ask.
        timeout: Seconds without a byte after which a request is given up.
    """
    import openai  # noqa: PLC0415 - takes a second

    http = openai.DefaultAsyncHttpxClient(
        follow_redirects=False,  # texts go to the host that was shown, and to no other
        trust_env=not is_loopback(endpoint),  # no proxy between us and ourselves
        event_hooks=ASYNC_HOOKS,
    )
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",  # the client wants one; own servers mostly do not
        max_retries=0,
        timeout=openai.Timeout(timeout, connect=min(timeout, LONGEST_CONNECT)),
        http_client=http,
    )


async def ask(
    client: AsyncOpenAI, endpoint: Endpoint, arguments: Mapping[str, Any], timeout: float
) -> Reply:
    """One reply.

    Args:
        client: From :func:`open_client`.
        endpoint: Where to ask.
        arguments: From :func:`arguments_of`.
        timeout: Seconds for all of it, so that a server that drips is given up as well.

    Raises:
        Retry: If another try may help.
        core.errors.JudgeError: If none will.
    """
    from httpx2 import Response  # noqa: PLC0415 - comes with openai

    try:
        async with asyncio.timeout(timeout):
            # chat.completions.create without its copying of the body, a quarter of a call's time
            response = await client.post(COMPLETIONS, cast_to=Response, body=arguments)
            content = response.content
    except Exception as error:
        meant = sort_out(error, endpoint)
        if isinstance(meant, Refused):
            return Reply(str(meant), "refused")
        raise meant from None  # its request has the key among its headers
    return read_body(content, endpoint)


def arguments_of(
    endpoint: Endpoint,
    messages: Sequence[Mapping[str, str]],
    form: type[BaseModel],
    mode: Mode,
    max_output_tokens: int,
) -> dict[str, Any]:
    """The body of a request."""
    openai_itself = urlsplit(endpoint.base_url).hostname == OPENAI_HOST
    limit = "max_completion_tokens" if openai_itself else "max_tokens"  # neither knows both
    arguments: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [dict(message) for message in messages],
        limit: max_output_tokens,
    }
    if endpoint.temperature is not None:
        arguments["temperature"] = endpoint.temperature
    if endpoint.temperature or endpoint.seed:  # some servers refuse what they do not need
        arguments["seed"] = endpoint.seed
    if mode == "schema":
        arguments["response_format"] = _strict(form)
    elif mode == "json":
        arguments["response_format"] = {"type": "json_object"}
    return arguments


@cache
def _strict(form: type[BaseModel]) -> dict[str, Any]:
    """The ``response_format`` of a form, as ``chat.completions.parse`` makes it.

    ``parse`` itself keeps neither text nor usage of a reply that is off its form, though both were
    paid for; hence the same request without it.
    """
    import openai  # noqa: PLC0415

    schema = openai.pydantic_function_tool(form)["function"]["parameters"]
    return {
        "type": "json_schema",
        "json_schema": {"name": form.__name__, "schema": schema, "strict": True},
    }


def read_body(content: bytes, endpoint: Endpoint) -> Reply:
    """The reply in a body that may be anything."""
    try:
        body = json.loads(content.decode("utf-8"))
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content") or "", message.get("refusal") or ""
        usage = _usage(body.get("usage") or {})
        model = _sound(str(body.get("model") or ""), endpoint)[:LONGEST_NAME]
        if not isinstance(text, str) or not isinstance(refusal, str):
            raise TypeError
    except (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Retry(f"{endpoint.host} sent something that is no completion") from None
    if refusal or finish == "content_filter":
        return Reply(_sound(refusal or text, endpoint), "refused", usage, model)
    return Reply(_sound(text, endpoint), "cut" if finish == "length" else "whole", usage, model)


def _sound(text: str, endpoint: Endpoint) -> str:
    """A text that any file can hold, and that does not give the key away."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
    return text.replace(endpoint.api_key, "(key)") if len(endpoint.api_key) > 7 else text


def _usage(counted: Mapping[str, Any]) -> Usage:
    """Tokens as counted by the server."""
    details = counted.get("prompt_tokens_details") or {}
    return Usage(
        _count(counted.get("prompt_tokens")),
        _count(counted.get("completion_tokens")),
        _count(details.get("cached_tokens")),
    )


def _count(value: object) -> int:
    return max(0, int(value)) if isinstance(value, int | float) else 0
