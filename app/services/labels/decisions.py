"""What a person decides, and what becomes of it: the values that events are made of."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import Final

from app.services.labels import schema

MAX_NOTE: Final = 2000
"""Letters of a note; the rest is cut."""
MAX_NAME: Final = 200
"""Letters of the name of a person."""


class Unknown(Enum):
    """Type of :data:`UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""As :attr:`Decision.expected`: whoever decided did not see what was there."""


@dataclass(frozen=True)
class Context:
    """Who decides, about which dataset, on which screen."""

    who: str
    dataset: str
    source: str
    """Of :data:`app.services.labels.schema.SOURCES`."""
    run_id: str = ""
    client: str = ""
    """Name of the window; with ``cid`` it makes a decision count once however often it is sent.
    Empty = count every time."""


@dataclass(frozen=True)
class Decision:
    """One label of one person about one pair."""

    user_id: str
    item_id: str
    observed: bool
    new: str | None
    """The label; None clears it."""
    cid: int
    """Number of the decision within its window."""
    note: str = ""
    """Cut at :data:`MAX_NOTE` letters."""
    expected: str | Unknown | None = UNKNOWN
    """The person's own label that was on screen before; None = there was none."""
    p_noisy: float | None = None
    verdict: str = ""
    """Both as they were on screen."""
    batch: str = ""
    """Name under which it alone is undone, where the window has to know it."""


@dataclass(frozen=True)
class Conflict:
    """A decision that was made over another label than was on screen; it stands all the same."""

    user_id: str
    item_id: str
    expected: str | None
    found: str | None
    """What was there instead."""
    new: str | None


@dataclass(frozen=True)
class Recorded:
    """What became of an action."""

    n_written: int
    n_known: int
    """Decisions that were there already: by ``client`` and ``cid``, by ``batch``, or in an
    import by their label."""
    conflicts: tuple[Conflict, ...] = ()


def new_batch() -> str:
    """Name of a batch that nobody has used."""
    return uuid.uuid4().hex


def check_context(context: Context) -> None:
    """Refuse an action of nobody, about nothing, or from nowhere.

    Raises:
        ValueError: If one of these is so.
    """
    if not 0 < len(context.who.strip()) <= MAX_NAME:
        raise ValueError(f"A label needs a person, with a name of 1 to {MAX_NAME} letters.")
    if not context.dataset:
        raise ValueError("A label needs a dataset.")
    if context.source not in schema.SOURCES:
        raise ValueError(f"Labels come from {schema.SOURCES}, not from {context.source!r}.")


def check_label(new: str | None, observed: bool, source: str) -> None:
    """Refuse a label that does not fit its pair.

    Raises:
        ValueError: If it does not, or if a disagreement is resolved without one.
    """
    if new is not None and new not in schema.allowed(observed):
        kind = "An observed pair" if observed else "A pair that was never observed"
        raise ValueError(f"{kind} is labelled {schema.allowed(observed)}, not {new!r}.")
    if source == "resolve" and new in (None, schema.UNSURE):
        raise ValueError("A disagreement is resolved by a label, not by leaving it open.")


def text(value: object, letters: int = MAX_NOTE) -> str:
    """Text as the database takes it: whole letters, of bounded length; empty for None."""
    return str(value or "")[:letters].encode("utf-8", "replace").decode()


def probability(value: float | None) -> float | None:
    """A number, or None where it is not known."""
    return None if value is None or not math.isfinite(value) else float(value)
