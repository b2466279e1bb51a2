"""One question to a language model, and what came back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

Mode: TypeAlias = Literal["schema", "json", "text"]
"""How a reply is bound to its form: by a JSON schema that the server enforces, by JSON mode, or
by asking and checking alone."""
Outcome: TypeAlias = Literal["parsed", "repaired", "refused", "unparsed", "failed"]
"""``parsed``: well-formed at once; ``repaired``: at the second try; ``refused``: the model would
not answer; ``unparsed``: malformed twice; ``failed``: no reply could be had, and none was kept."""


@cache
def _schema(form: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a form; making it takes longer than the rest of a key."""
    return form.model_json_schema()


class MalformedReply(ValueError):  # noqa: N818 - a finding about the reply
    """A reply is not what was asked for; the message is sent back to the model once."""


@dataclass(frozen=True)
class Call:
    """One question, complete: nothing but its content decides its key."""

    prompt: str
    """Name and version of the template, e.g. ``user-centric/1``."""
    messages: tuple[Mapping[str, str], ...]
    """``role`` and ``content`` of each message, the part shared with other calls first."""
    form: type[BaseModel]
    """What a reply must be; one class for all calls of a template, so that servers compile its
    schema once."""
    read: Callable[[str], object] = field(compare=False)
    """Read the text of a reply. Raises :class:`MalformedReply`."""
    max_output_tokens: int
    """Where the server cuts a reply."""

    def key(self, endpoint: Endpoint) -> str:
        """Content address of the question at an endpoint, sha256 hex."""
        content = {
            "place": endpoint.place or endpoint.base_url,
            "model": endpoint.model,
            "prompt": self.prompt,
            "messages": [dict(message) for message in self.messages],
            "form": _schema(self.form),
            "temperature": endpoint.temperature,
            "seed": endpoint.seed,
            "max_output_tokens": self.max_output_tokens,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def with_room(self, n_tokens: int) -> Call:
        """The same question with so many more tokens to reply in."""
        return replace(self, max_output_tokens=self.max_output_tokens + n_tokens)

    def n_letters(self) -> int:
        """Letters of all messages."""
        return sum(len(message["content"]) for message in self.messages)


@dataclass(frozen=True)
class Endpoint:
    """Where questions go, and to which model."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    """Sent as a header and kept nowhere else."""
    temperature: float | None = 0.0
    """None = not sent."""
    seed: int = 0
    place: str = ""
    """What stands for the address in keys and names; the address itself if empty. A local server
    has another port each time."""

    @property
    def host(self) -> str:
        """Name of the machine that receives the texts, with its port where one is given."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - used here alone

        parts = urlsplit(self.base_url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them; 0 where it does not say."""

    prompt_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the server had in its prefix cache."""

    def __add__(self, other: Usage) -> Usage:
        """Sum of both."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True)
class Answer:
    """What came of one call."""

    call: Call = field(repr=False)
    key: str
    outcome: Outcome
    value: Any
    """What ``call.read`` made of the reply; None unless parsed or repaired."""
    text: str = ""
    """Raw reply of the last try."""
    usage: Usage = Usage()
    """Of all tries together."""
    seconds: float = 0.0
    """From first sending to last byte, waits in between included."""
    n_requests: int = 0
    """Requests that reached the server, repairs and retries included."""
    model: str = ""
    """As the server names it."""
    mode: Mode = "schema"
    from_cache: bool = False
    """Answered earlier and paid for then."""
    error: str = ""
    """Why there is no reply, for people; without keys or headers."""


@dataclass(frozen=True)
class Spend:
    """What a batch of calls has cost so far; cached answers cost nothing."""

    n_calls: int = 0
    """Calls answered by the server."""
    n_cached: int = 0
    n_failed: int = 0
    n_unparsed: int = 0
    """Refused or malformed twice."""
    usage: Usage = Usage()
    money: float = 0.0
    """At the prices of the settings, in their currency."""
    stopped_by: str = ""
    """Empty, or what ended it before all calls were answered, for people."""
