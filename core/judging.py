"""Asking the judge: everything at once, or the most telling users first until verdicts settle.

An LLM costs by the call, and most calls change no verdict. Whole users are asked, since the targets
of one user share a call; those whose grades are worth most by the call come first [D].
What counts is which interactions are noisy: *hard* takes two High grades by definition, so it never
settles before all is asked.

Shape letters: E train interactions, P pairs, U users.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.config import JudgeConfig
from core.judge import Judge, JudgeContext, JudgePairs
from core.types import (
    VERDICTS,
    FloatArray,
    GradeArray,
    IntArray,
    Judgements,
    OnProgress,
    Progress,
)

NOISY = VERDICTS.index("noisy")
VIEWS = 2
"""Calls per group of targets: user-centric and item-centric."""


class Verdicts(Protocol):
    """What the grades are asked for."""

    def information(self, pairs: JudgePairs) -> FloatArray:
        """How much the grades of each pair are worth knowing, ``(P,)``."""
        ...

    def __call__(self, judgements: Judgements | None) -> GradeArray:
        """Verdicts of the train interactions, given the grades so far, ``(E,)``."""
        ...


@dataclass(frozen=True)
class Round:
    """What one round of questions did."""

    n_pairs: int
    """Pairs asked about."""
    n_observed: int
    """Interactions among them."""
    n_changed: int
    """Train interactions that became noisy, or ceased to be, in the round."""


@dataclass(frozen=True)
class Asked:
    """What was asked, and what was saved."""

    judgements: Judgements
    rounds: tuple[Round, ...]
    """Empty where everything was asked at once."""
    n_pairs: int
    """P, what there was to ask."""
    n_calls: int
    """Calls for the pairs asked about, cached or not, both views."""
    n_calls_all: int
    """Calls that all pairs would have taken."""


def ask(
    judge: Judge,
    pairs: JudgePairs,
    context: JudgeContext,
    config: JudgeConfig,
    on_progress: OnProgress,
    settling: Verdicts | None = None,
) -> Asked:
    """Have the pairs judged.

    Args:
        judge: Who grades.
        pairs: P pairs.
        context: What the judge may read.
        config: ``settle``, ``rounds`` and targets per call.
        on_progress: Told how far the judging is.
        settling: Verdicts under the grades so far: ask in rounds until those settle.
    """
    size = config.llm.targets_per_call
    n_calls_all = count_calls(pairs.user, size)
    if settling is None or not len(pairs):
        found = judge.judge(pairs, context, on_progress)
        return Asked(found, (), len(pairs), n_calls_all, n_calls_all)
    parts, rounds = list[Judgements](), list[Round]()
    before, asked = settling(None), np.zeros(0, np.int64)
    for rows in in_rounds(pairs.user, settling.information(pairs), size, config.rounds):
        told = _part(on_progress, len(asked), len(rows), len(pairs))
        parts.append(judge.judge(pairs.at(rows), context, told))
        asked = np.concatenate([asked, rows])
        after = settling(joined(parts))
        n_observed = int(pairs.observed[rows].sum())
        turned = (after == NOISY) != (before == NOISY)
        rounds.append(Round(len(rows), n_observed, int(turned.sum())))
        before = after
        if judge.stopped_by or _settled(rounds, config.settle):
            break
    n_calls = count_calls(pairs.user[asked], size)
    return Asked(joined(parts), tuple(rounds), len(pairs), n_calls, n_calls_all)


def in_rounds(
    user: IntArray, information: FloatArray, targets_per_call: int, n_rounds: int
) -> Iterator[IntArray]:
    """Yield rows of pairs round by round, whole users, those worth most by the call first."""
    users, place = np.unique(user, return_inverse=True)
    size = np.bincount(place)
    worth = np.bincount(place, weights=information) / np.ceil(size / targets_per_call)
    order = np.argsort(-worth, kind="stable")
    round_of = np.empty(len(users), np.int64)
    round_of[order] = np.arange(len(users)) * n_rounds // max(len(users), 1)
    for number in range(n_rounds):
        rows = np.flatnonzero(round_of[place] == number)
        if len(rows):
            yield rows


def count_calls(user: IntArray, targets_per_call: int) -> int:
    """Calls that P pairs take, in both views."""
    size = np.bincount(user) if len(user) else np.zeros(0, np.int64)
    return int(VIEWS * np.ceil(size / targets_per_call).sum())


def joined(parts: Sequence[Judgements]) -> Judgements:
    """Several judgings of one judge as one."""
    if len(parts) == 1:
        return parts[0]
    arrays = ("user", "item", "observed", "control", "user_grade", "item_grade")
    support = ("user_support", "item_support")
    return Judgements(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in arrays + support},
        user_reason=tuple(text for part in parts for text in part.user_reason),
        item_reason=tuple(text for part in parts for text in part.item_reason),
        judge=parts[0].judge,
        n_unparsed=sum(part.n_unparsed for part in parts),
    )


def _settled(rounds: Sequence[Round], share: float) -> bool:
    """Whether the last two rounds changed fewer verdicts than that share of what they asked."""
    last = rounds[-2:]
    return len(last) == 2 and all(one.n_changed < share * max(one.n_observed, 1) for one in last)


def _part(on_progress: OnProgress, done: int, size: int, n_pairs: int) -> OnProgress:
    """Progress of one round as a part of the whole."""

    def told(progress: Progress) -> None:
        fraction = (done + progress.fraction * size) / n_pairs
        on_progress(Progress(progress.stage, fraction, progress.values))

    return told
