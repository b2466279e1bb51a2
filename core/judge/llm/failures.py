"""What went wrong with a request: ask again, give up, or ask in another form."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Final

from core.errors import JudgeError
from core.judge.llm.call import Endpoint

if TYPE_CHECKING:
    from openai import APIStatusError

LONGEST_WORDS: Final = 300
"""Letters of a server's message that are passed on."""
FILTERED: Final = ("content_filter", "content_policy_violation")
"""Codes of status 400 with which a provider, not its model, refuses."""
TOO_LONG: Final = (
    "context_length_exceeded",
    "exceed_context_size_error",
    "string_above_max_length",
)
"""Codes and types of errors about the length of one question: OpenAI, llama.cpp, OpenAI."""
LENGTH_WORDS: Final = (
    *("context length", "context size", "context window", "too long"),
    *("maximum number of tokens", "exceeds the number of tokens", "input token count"),
)
"""The same in words; vLLM and most proxies have no code for it."""
FORMAT_WORDS: Final = ("response_format", "json_schema", "json_object", "json schema", "grammar")


class Retry(Exception):  # noqa: N818 - what to do about it
    """No reply this time; the next try may have one."""

    def __init__(self, message: str, wait: float | None = None, busy: bool = False) -> None:
        super().__init__(message)
        self.wait, self.busy = wait, busy
        """Seconds that the server wants to be left alone, if it says; whether it is overloaded."""


class FormatRefused(JudgeError):  # noqa: N818
    """The server knows no such ``response_format``."""


class TooLong(JudgeError):  # noqa: N818
    """The question does not fit into the context of the model; others may."""


class Refused(Exception):  # noqa: N818
    """The provider would not take the question."""


def sort_out(error: Exception, endpoint: Endpoint) -> Exception:
    """What an error of the openai client means: one of those above, JudgeError, or the error."""
    import openai  # noqa: PLC0415 - takes a second

    if isinstance(error, openai.APIStatusError):
        return _of_status(error, endpoint)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Retry(f"{endpoint.host} did not answer in time (judge.llm.timeout)")
    if isinstance(error, openai.APIConnectionError):
        reason = clean(str(error.__cause__ or error), endpoint)
        return Retry(f"{endpoint.host} cannot be reached or hung up: {reason}")
    return error


def clean(text: str, endpoint: Endpoint) -> str:
    """A message of a server in one line, without the key and of bounded length."""
    if endpoint.api_key:
        text = text.replace(endpoint.api_key, "(key)")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_WORDS]


def _of_status(error: APIStatusError, endpoint: Endpoint) -> Exception:
    status, code = error.status_code, str(getattr(error, "code", "") or "")
    said = clean(_words(error), endpoint)
    if status == 400 and code in FILTERED:
        return Refused(said)
    if status == 413 or (status in (400, 422) and _is_too_long(error, code, said)):
        return TooLong(
            f"the question is too long for {endpoint.model} at {endpoint.host}; give the server "
            f"more context, or lower judge.llm.targets_per_call or judge.history_items. It says: "
            f"{said}"
        )
    if status == 402 or code == "insufficient_quota":
        return JudgeError(f"{endpoint.host} says that nothing is left to pay with: {said}")
    if status in (408, 409, 425, 429) or status >= 500:
        wait = retry_after(error.response.headers)
        return Retry(f"{endpoint.host} answered {status}: {said}", wait, busy=status in (429, 503))
    return _fatal(status, said, endpoint)


def _is_too_long(error: APIStatusError, code: str, said: str) -> bool:
    kind = str(getattr(error, "type", "") or "")
    in_words = any(words in said.lower() for words in LENGTH_WORDS)
    return code in TOO_LONG or kind in TOO_LONG or in_words


def _words(error: APIStatusError) -> str:
    """The message of the server alone, where it is well-formed."""
    body = error.body
    message = body.get("message") if isinstance(body, Mapping) else None
    return str(message or error.message)


def _fatal(status: int, said: str, endpoint: Endpoint) -> JudgeError:
    """What no second try mends, and what to do about it."""
    if status in (400, 422) and any(word in said.lower() for word in FORMAT_WORDS):
        return FormatRefused(
            f"{endpoint.host} does not know this form of reply; set judge.llm.mode to json, or to "
            f"text. It says: {said}"
        )
    hint = {
        400: "it cannot use the question; a smaller judge.llm.targets_per_call, or another "
        "judge.llm.temperature (some models take 1 alone), may help",
        401: "the key is wrong or missing; set LLMHNI_LLM_API_KEY, and LLMHNI_LLM_BASE_URL to the "
        "same address if it names another host (a key is sent to its own host alone)",
        403: f"the key may not use {endpoint.model}; use another key or judge.llm.model",
        404: f"it has no model {endpoint.model}, or judge.llm.base_url is wrong (it ends in /v1 "
        "as a rule)",
    }.get(status, "check judge.llm.base_url (it ends in /v1 as a rule) and judge.llm.model")
    return JudgeError(f"{endpoint.host} answered {status}: {hint}. It says: {said}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server wants to be left alone; None if it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            return max(0.0, float(text) * unit)
        except ValueError:
            return _until(text)
    return None


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time())
    except ValueError:
        return None
