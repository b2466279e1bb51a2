"""Judges: user-item pairs in, two grades with reasons each out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

from core.types import (
    BoolArray,
    FloatArray,
    IntArray,
    Interactions,
    Items,
    Judgements,
    OnProgress,
    Profiles,
)

REASON_WORDS = 40
"""Longest reason [P: a short reason]; longer ones are cut."""


@dataclass(frozen=True)
class JudgePairs:
    """P pairs to be judged."""

    user: IntArray
    """User numbers, ``(P,)``."""
    item: IntArray
    """Item numbers (the targets), ``(P,)``."""
    observed: BoolArray
    """Whether the pair is a train interaction, ``(P,)``."""
    control: BoolArray
    """Whether the pair is a stranger drawn to calibrate, ``(P,)``."""
    history: IntArray
    """The user's train items that score highest, best first, ``(P, H)``; the target is never
    among them; -1 fills up."""

    def __len__(self) -> int:
        return len(self.user)

    def at(self, rows: BoolArray | IntArray) -> JudgePairs:
        """Some of the pairs."""
        return JudgePairs(*(getattr(self, part.name)[rows] for part in fields(self)))


@dataclass(frozen=True)
class JudgeContext:
    """What every judge may read: never held-out data, never planted truth."""

    items: Items
    """The catalogue; ``Items.group`` is not read."""
    train: Interactions
    """The noised train set."""
    item_embedding: FloatArray
    """Unit text embeddings ``(I, T)``; T = 0 where there are no texts."""
    profiles: Profiles | None = None
    """Profile texts, for judges that read prose."""


class Judge(Protocol):
    """Grades pairs from two views."""

    @property
    def name(self) -> str:
        """Who graded, as shown to people."""
        ...

    @property
    def stopped_by(self) -> str:
        """What ended the judging before all pairs were graded, for people; empty if nothing."""
        ...

    def judge(
        self, pairs: JudgePairs, context: JudgeContext, on_progress: OnProgress
    ) -> Judgements:
        """Grade pairs user-centrically and item-centrically, in the order of ``pairs``.

        May be called again with further pairs of the same context; a budget holds for all of it.

        Returns:
            Judgements of the pairs that could be judged; the others are left out.

        Raises:
            core.errors.JudgeError: If the judge cannot be reached.
            core.errors.Cancelled: If ``on_progress`` asked to stop.
        """
        ...
