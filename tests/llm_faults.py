"""What is asked of the loopback server, and what goes wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FAULTS = (
    "429", "429-retry-after", "429-retry-after-ms", "429-no-money", "500", "503", "hang", "slow",
    "drop", "truncated-http", "not-utf8", "not-http-json",  # no reply can be had
    "truncated", "prose", "wrong-schema", "length", "empty", "refusal", "400", "401", "404",
)  # fmt: skip
"""What may go wrong with a request. ``slow``: the first byte takes ``Settings.slow`` seconds;
``hang``: none ever comes; ``truncated-http``: the connection ends within the body; ``truncated``,
``prose``, ``wrong-schema``, ``length``, ``empty``: a whole answer whose text is malformed."""
RETRY = ("429", "429-retry-after", "429-retry-after-ms", "500", "503", "drop", "truncated-http",
         "not-utf8", "not-http-json")  # fmt: skip
"""Faults after which a client asks again, quick to pass."""
MALFORMED = ("truncated", "prose", "wrong-schema", "length", "empty")
Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Request:
    """One request for a completion."""

    number: int
    """From 0, over all requests."""
    key: str
    """Content of the question, see :func:`key_of`; a repair has the key of its question."""
    n_before: int
    """Requests with the same key before this one."""
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def messages(self) -> Messages:
        return self.body["messages"]


def key_of(messages: Messages) -> str:
    """sha256 of the question: all messages before the first reply."""
    roles = [message["role"] for message in messages]
    question = messages[: roles.index("assistant")] if "assistant" in roles else messages
    plain = [[message["role"], message["content"]] for message in question]
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def no_faults(request: Request) -> str:  # noqa: ARG001 - the signature of all fault scripts
    """Everything goes well."""
    return ""


def script(*names: str) -> Callable[[Request], str]:
    """The faults of the first requests in order ("" = none); all later ones go well."""
    return lambda request: names[request.number] if request.number < len(names) else ""


def first_tries(names: Sequence[str]) -> Callable[[Request], str]:
    """One fault of ``names`` at the first request of each question, in turn by its content."""
    return lambda request: "" if request.n_before else names[int(request.key, 16) % len(names)]


def always(name: str) -> Callable[[Request], str]:
    """The same fault for each request."""
    return lambda request: name  # noqa: ARG005
