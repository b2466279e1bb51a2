"""Some pairs asked again: as they are, and with the history in another order.

A question that was asked before is answered from the cache, where it lies under the hash of its
whole content (:meth:`core.judge.llm.call.Call.key`). The sampling seed of the endpoint is part of
it, so a judge with another ``Endpoint.seed`` really sends, and a second pass that was stopped goes
on where it stopped. The prompt stays the same to the letter: a nonce in it would be another
question, and servers would lose the prefix that calls share. The seed of the judge itself (order of
the targets) must stay, too, or other calls are asked::

    judge_of = lambda n: LLMJudge(replace(endpoint, seed=endpoint.seed + n), ..., seed=seed)

Calls are then the same as before, provided the pairs of a user were asked in one round. With the
history shuffled, user-centric calls, which show a profile instead, are asked as they were; an
item-centric call of several targets shows the items that stand highest over their histories, so
that some of them may be others, too.

At temperature 0 most servers ignore the seed: what differs then comes from batching and sums in
another order, and is what a user of the same settings gets.

Shape letters: P pairs, H history length, n pairs asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.judge import Judge, JudgeContext, JudgePairs
from core.keys import among
from core.types import IntArray, Judgements, OnProgress, Progress, ignore_progress

AGAIN, SHUFFLED = 1, 2
"""Numbers of both passes, added to the seed of the endpoint."""


@dataclass(frozen=True)
class Repeats:
    """Later judgements of the same n pairs, or fewer where a budget ended the asking."""

    again: Judgements
    """Asked as they were."""
    shuffled: Judgements
    """Asked with the history in another order."""

    def by_name(self) -> dict[str, Judgements]:
        """As :func:`core.judge.quality.judge_quality_report` takes them."""
        return {"again": self.again, "shuffled": self.shuffled}


def ask_again(
    judge_of: Callable[[int], Judge],
    pairs: JudgePairs,
    context: JudgeContext,
    n: int,
    rng: np.random.Generator,
    on_progress: OnProgress = ignore_progress,
) -> Repeats:
    """Ask about a sample of judged pairs twice more.

    Args:
        judge_of: The judge of a pass, 1 or 2: the same but for the seed of its endpoint.
        pairs: Pairs that were judged.
        context: As in the first asking.
        n: Pairs wanted, see :func:`sample_to_repeat`.
        rng: Draws the sample and the orders.
        on_progress: Told about both passes as one.

    Raises:
        core.errors.JudgeError: If the judge cannot be reached.
        core.errors.Cancelled: If ``on_progress`` asked to stop.
    """
    chosen = pairs.at(sample_to_repeat(pairs, n, rng))
    other = shuffled_history(chosen, rng)
    again = judge_of(AGAIN).judge(chosen, context, _half(on_progress, 0))
    return Repeats(again, judge_of(SHUFFLED).judge(other, context, _half(on_progress, 1)))


def sample_to_repeat(pairs: JudgePairs, n: int, rng: np.random.Generator) -> IntArray:
    """Draw rows to be asked again, whole users at a time, in the order of ``pairs``.

    Pairs of one user share calls; a pair asked again on its own would be in other company than
    before, and the difference would be taken for lack of repeatability.

    Args:
        pairs: The P judged pairs.
        n: Pairs wanted: users are drawn until there are at least so many.
        rng: Draws the users.

    Returns:
        Row numbers, sorted; all where there are no more than n.

    Raises:
        ValueError: If ``n`` is not positive.
    """
    if n < 1:
        raise ValueError(f"at least one pair must be asked again, not {n}")
    users, size = np.unique(pairs.user, return_counts=True)
    drawn = rng.permutation(len(users))
    n_users = int(np.searchsorted(np.cumsum(size[drawn]), n)) + 1
    return np.flatnonzero(among(pairs.user, users[drawn[:n_users]]))


def shuffled_history(pairs: JudgePairs, rng: np.random.Generator) -> JudgePairs:
    """The same pairs, each history in another order; -1 stays at the end.

    All pairs of a user see the items in one order, as calls with several of them show one history.

    Args:
        pairs: The P pairs.
        rng: Draws an order of the items per user.
    """
    history = pairs.history
    if history.size == 0:
        return pairs
    # A number by chance for every user and item that occurs, the same in all rows of the user.
    n_items = int(history.max()) + 2
    key = pairs.user[:, None] * np.int64(n_items) + history + 1
    _, code = np.unique(key, return_inverse=True)
    code = code.reshape(history.shape)
    chance = rng.permutation(int(code.max()) + 1)[code].astype(np.float64)
    chance[history < 0] = np.inf
    order = np.argsort(chance, axis=1, kind="stable")
    return replace(pairs, history=np.take_along_axis(history, order, axis=1))


def _half(on_progress: OnProgress, number: int) -> OnProgress:
    """Report one of two passes as half of the work."""
    return lambda told: on_progress(Progress(told.stage, (number + told.fraction) / 2, told.values))
