"""What a reply may be, and the checked reading of it.

A reply speaks of the targets of its own call alone: T1 to Tn are places in that call, so whatever a
model writes, no grade of another pair can change.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from core.judge import REASON_WORDS
from core.judge.llm.call import MalformedReply
from core.judge.llm.untrusted import bounded, first_words
from core.types import HIGH, LOW, MID

Grade = Literal["High", "Mid", "Low", "CannotTell"]
GRADES: dict[str, int] = {"High": HIGH, "Mid": MID, "Low": LOW, "CannotTell": MID}
"""What counts as which grade."""
MOST_LETTERS = 200_000
"""A longer reply is not read."""
MOST_OBJECTS = 8
"""Objects looked at in a reply that holds more than JSON."""
REASON_LETTERS = 400
"""Longest reason, whatever its words."""

_WRITTEN = {grade.casefold(): grade for grade in GRADES}


class TargetAnswer(BaseModel):
    """Answer about one target; evidence stands before the grade, since models write in order."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    target: str
    cites: str
    reason: str
    grade: Grade

    @field_validator("grade", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return _WRITTEN.get(value.strip().casefold(), value) if isinstance(value, str) else value


class Answers(BaseModel):
    """The form of every reply of a judge."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    answers: list[TargetAnswer]


@dataclass(frozen=True)
class TargetGrade:
    """Checked answer about one target."""

    grade: int
    """Low, Mid or High; "cannot tell" is Mid."""
    cannot_tell: bool
    reason: str
    """At most 40 words, one line."""
    cites: tuple[str, ...]
    """What the reason rests on, ``("P",)`` or items of the history such as ``("H2",)``; empty =
    nothing that the model was shown."""


def read(text: str, n_targets: int, n_history: int) -> list[TargetGrade]:
    """Read a reply, grades in the order T1 to Tn.

    Args:
        text: JSON alone, or with other words around it.
        n_targets: Targets of the call.
        n_history: Items of the history that were shown; 0 = a profile was.

    Raises:
        MalformedReply: If a target is missing or graded twice differently, or if the form is not
            kept; the message says so to the model.
    """
    try:
        form = Answers.model_validate(find_object(text, "answers"))
    except ValidationError as error:
        raise MalformedReply(_complaint(error)) from None
    given: dict[int, TargetAnswer] = {}
    for answer in form.answers:
        place = _place(answer.target, n_targets)
        if place and given.setdefault(place, answer).grade != answer.grade:
            raise MalformedReply(f"T{place} is graded twice. Give one answer per target.")
    missing = [f"T{place}" for place in range(1, n_targets + 1) if place not in given]
    if missing:
        raise MalformedReply(f"No answer for {', '.join(missing)}. Answer every target once.")
    return [_checked(given[place], n_history) for place in range(1, n_targets + 1)]


def find_object(text: str, key: str) -> dict[str, Any]:
    """Find the one JSON object with ``key`` in a reply, alone or among other words.

    Raises:
        MalformedReply: If there is none, or if there are several that differ.
    """
    if len(text) > MOST_LETTERS:
        raise MalformedReply("The reply is too long. Reply with one short JSON object.")
    text = text.rpartition("</think>")[2].strip()
    try:
        found = [_DECODER.decode(text)]
    except (ValueError, RecursionError):
        found = _embedded(text, key)
    if any(other != found[0] for other in found[1:]):
        raise MalformedReply("There are several JSON objects. Reply with one.")
    if not found or not isinstance(found[0], dict) or key not in found[0]:
        raise MalformedReply(f'Reply with one complete JSON object that begins {{"{key}": ')
    return found[0]


def _embedded(text: str, key: str) -> list[Any]:
    """Objects that begin with the key, none inside another."""
    found, end = [], 0
    starts = re.finditer(rf'\{{\s*"{key}"\s*:', text)
    for _, match in zip(range(MOST_OBJECTS), starts, strict=False):
        if match.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        found.append(value)
    return found


def _checked(answer: TargetAnswer, n_history: int) -> TargetGrade:
    cites = _cited(answer.cites, n_history) or _cited(answer.reason, n_history)
    reason = first_words(bounded(answer.reason, REASON_LETTERS), REASON_WORDS)
    return TargetGrade(GRADES[answer.grade], answer.grade == "CannotTell", reason, cites)


def _cited(text: str, n_history: int) -> tuple[str, ...]:
    """What was shown and is named in a text, each once, in the order of naming."""
    if not n_history:
        return ("P",) if re.search(r"(?<!\w)P(?!\w)", text) else ()
    named = re.findall(r"(?<!\w)H([1-9][0-9]{0,2})(?!\w)", text)
    return tuple(dict.fromkeys(f"H{place}" for place in named if int(place) <= n_history))


def _place(target: str, n_targets: int) -> int:
    """Place of a target of this call, from 1; 0 for anything else."""
    match = re.fullmatch(r"[Tt]([1-9][0-9]?)", target.strip(), re.ASCII)
    place = int(match[1]) if match else 0
    return place if place <= n_targets else 0


def _complaint(error: ValidationError) -> str:
    """The first mistake in words for the model, without what it wrote."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{bounded(where, 80)}: {bounded(first['msg'], 200)}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read_pairs = dict(pairs)
    if len(read_pairs) != len(pairs):
        raise ValueError("a name appears twice")
    return read_pairs


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
