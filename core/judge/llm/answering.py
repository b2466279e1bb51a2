"""From a reply to an answer: read, kept, and read again from what was kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.judge.llm.call import Answer, Call, Endpoint, MalformedReply, Mode, Outcome, Usage
from core.judge.llm.store import REPLIES, CallStore, Stored
from core.judge.llm.wire import Ending, Reply

QUOTED: Final = 4000
"""Letters of a malformed reply that are shown to the model again."""


@dataclass(frozen=True)
class Asked:
    """How a reply was had."""

    endpoint: Endpoint
    mode: Mode
    seconds: float = 0.0
    """From first sending to last byte; 0 = not known."""
    n_requests: int = 1


def keep(
    store: CallStore, call: Call, key: str, reply: Reply, asked: Asked, before: Stored | None = None
) -> tuple[Stored, Answer]:
    """Read a reply and keep it.

    Args:
        store: Where.
        call: The question.
        key: Its key.
        reply: What came back.
        asked: From where, and how.
        before: The malformed first reply, where this is the second.

    Returns:
        What is kept now, and the answer.

    Raises:
        JudgeError: If it cannot be kept.
    """
    stored = _stored(call, key, reply, asked, before)
    try:
        outcome, value, error = _read(call, reply.text, reply.ending, stored.n_replies)
    except BaseException:  # a mistake in ``call.read``: what was paid for is kept all the same
        store.put(stored)
        raise
    stored = stored.model_copy(update={"outcome": outcome})
    store.put(stored)
    return stored, _answer(call, stored, outcome, value, error)


def recall(call: Call, stored: Stored) -> Answer:
    """The answer in what was kept, read again: what no longer reads is unparsed."""
    outcome, value, error = _read(call, stored.text, stored.ending, stored.n_replies)
    return _answer(call, stored, outcome, value, error, from_cache=True)


def repair_messages(call: Call, stored: Stored) -> tuple[Mapping[str, str], ...]:
    """The question, the malformed reply, and what is wrong with it."""
    wrong = recall(call, stored).error
    return (
        *call.messages,
        {"role": "assistant", "content": stored.text[:QUOTED] or "(nothing)"},
        {
            "role": "user",
            "content": f"This reply cannot be used: {wrong} Answer the question once more, in "
            "the form that it asks for, and write nothing else.",
        },
    )


def _read(call: Call, text: str, ending: Ending, n_replies: int) -> tuple[Outcome, object, str]:
    """Outcome, value and error of a reply."""
    if ending == "refused":
        return "refused", None, "the model would not answer"
    if ending == "cut":
        limit = call.max_output_tokens
        return "unparsed", None, f"it was cut off after {limit} tokens; be shorter."
    try:
        value = call.read(text)
    except MalformedReply as error:
        return "unparsed", None, str(error)
    return "parsed" if n_replies < REPLIES else "repaired", value, ""


def _stored(call: Call, key: str, reply: Reply, asked: Asked, before: Stored | None) -> Stored:
    """A reply as it is kept, before it was read."""
    return Stored(
        key=key,
        prompt=call.prompt,
        model=asked.endpoint.model,
        served_by=reply.model,
        host=asked.endpoint.place or asked.endpoint.host,
        messages=tuple(dict(message) for message in call.messages),
        text=reply.text,
        ending=reply.ending,
        outcome="unparsed",
        n_replies=before.n_replies + 1 if before else 1,
        mode=asked.mode,
        usage=reply.usage + (before.usage if before else Usage()),
        seconds=asked.seconds + (before.seconds if before else 0.0),
        n_requests=asked.n_requests + (before.n_requests if before else 0),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _answer(
    call: Call,
    stored: Stored,
    outcome: Outcome,
    value: object,
    error: str,
    from_cache: bool = False,
) -> Answer:
    return Answer(
        call=call,
        key=stored.key,
        outcome=outcome,
        value=value,
        text=stored.text,
        usage=stored.usage,
        seconds=stored.seconds,
        n_requests=stored.n_requests,
        model=stored.served_by,
        mode=stored.mode,
        from_cache=from_cache,
        error=error,
    )
