"""Which calls grade which pairs, and what each of them shows.

Nothing in a call may tell whether a target was chosen, and none may stand in the profile or history
shown beside it. A target that was chosen is missing there, so the same must hold for the others:

- neither ``observed`` nor ``control`` is read; a pair that occurs twice is asked once;
- user-centric: profiles are made without all judged items of the user. Where that would leave
  less than half of the user's items, a call goes without its own targets alone, and all calls of
  the user go without equally many items: random ones fill up [D];
- item-centric: all calls of a user show equally many items, those that stand highest over the
  histories of their own targets (each made by a model that has not seen the pair);
- targets that were chosen are dealt out evenly, and the order within a call is drawn.

Calls are sorted by user, the views of a user beside each other: servers find the shared beginning
in their cache, and a budget that ends the asking leaves few pairs with one grade.

Shape letters: P pairs, H history length, n targets of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from core.judge import JudgeContext, JudgePairs
from core.judge.llm import prompts, reply
from core.judge.llm.call import Call
from core.judge.llm.prompts import View
from core.judge.llm.untrusted import bounded
from core.keys import among
from core.types import IntArray, Interactions

ProfileOf: TypeAlias = Callable[[int, IntArray], str]
"""A user's profile from the user's number and some of the user's train items, in any order."""

TOKENS_PER_CALL, TOKENS_PER_TARGET = 120, 130
"""Room for a reply: a reason of 40 words, twice, and what stands around it."""


@dataclass(frozen=True)
class PlannedCall:
    """One call and what it is about."""

    call: Call
    view: View
    rows: IntArray
    """Rows of the pairs that are T1 to Tn, ``(n,)``."""
    user: int
    shown: IntArray
    """Train items the call rests on: those the profile is made of, or H1 and on."""


@dataclass(frozen=True)
class _User:
    """What is planned for one user."""

    number: int
    own: IntArray
    """All train items of the user, sorted."""
    groups: Sequence[IntArray]
    """Rows of the pairs of each call."""
    rng: np.random.Generator


class _Texts:
    """Texts of items as prompts show them, each made once."""

    def __init__(self, context: JudgeContext) -> None:
        self._context, self._known = context, dict[int, str]()

    def __call__(self, items: IntArray) -> list[str]:
        return [self._known.get(item) or self._make(item) for item in items.tolist()]

    def _make(self, item: int) -> str:
        text = prompts.described(self._context.items, self._context.profiles, item)
        self._known[item] = bounded(text, prompts.TARGET_LETTERS)
        return self._known[item]


def plan_calls(
    pairs: JudgePairs,
    context: JudgeContext,
    profile_of: ProfileOf,
    targets_per_call: int,
    rng: np.random.Generator,
) -> list[PlannedCall]:
    """Plan the calls of both views, sorted by user.

    Where nothing is known of a user but the target itself, there is no call: pairs without a
    planned call in a view cannot be graded from it.

    Args:
        pairs: P pairs.
        context: Texts, and the train interactions.
        profile_of: Composes a profile.
        targets_per_call: Most targets of a call.
        rng: Draws order and groups; users do not depend on each other.
    """
    seed = int(rng.integers(2**63))
    first, _ = distinct(pairs, context.train.n_items)
    if not len(first):
        return []
    own_of, texts = _items_by_user(context.train), _Texts(context)
    starts = np.flatnonzero(np.diff(pairs.user[first])) + 1
    planned: list[PlannedCall] = []
    for rows in np.split(first, starts):
        number = int(pairs.user[rows[0]])
        own, order = own_of(number), np.random.default_rng([seed, number])
        user = _User(number, own, _deal(rows, pairs, own, targets_per_call, order), order)
        planned += _user_calls(user, pairs, texts, profile_of)
        planned += _item_calls(user, pairs, texts)
    return planned


def distinct(pairs: JudgePairs, n_items: int) -> tuple[IntArray, IntArray]:
    """First row of each pair that occurs, by user and item, and for every row its place there."""
    _, first, place = np.unique(
        pairs.user * np.int64(n_items) + pairs.item, return_index=True, return_inverse=True
    )
    return first.astype(np.int64), place.ravel().astype(np.int64)


def _items_by_user(train: Interactions) -> Callable[[int], IntArray]:
    order = np.argsort(train.user, kind="stable")
    item, bound = (
        train.item[order],
        np.searchsorted(train.user[order], np.arange(train.n_users + 1)),
    )
    return lambda user: np.unique(item[bound[user] : bound[user + 1]])


def _deal(
    rows: IntArray, pairs: JudgePairs, own: IntArray, most: int, rng: np.random.Generator
) -> list[IntArray]:
    """Group the targets of a user, chosen ones spread evenly.

    At least half of the user's items, rounded up, stay to be shown beside each group.
    """
    rows = rng.permutation(rows)
    chosen = among(pairs.item[rows], own)
    n_chosen, spared = int(chosen.sum()), max(len(own) // 2, 1)
    n_groups = max(-(-len(rows) // most), -(-n_chosen // spared))
    dealt = np.concatenate([rows[chosen], rows[~chosen]])
    return [dealt[number::n_groups] for number in range(n_groups)]


def _user_calls(
    user: _User, pairs: JudgePairs, texts: _Texts, profile_of: ProfileOf
) -> list[PlannedCall]:
    calls, written = [], dict[bytes, str]()
    for rows, shown in zip(user.groups, _profile_items(user, pairs), strict=True):
        rows = user.rng.permutation(rows)
        profile = written.get(shown.tobytes())
        if profile is None:
            profile = written[shown.tobytes()] = profile_of(user.number, shown)
        if bounded(profile, prompts.PROFILE_LETTERS):
            messages = prompts.user_centric(profile, texts(pairs.item[rows]))
            call = _call(prompts.USER_CENTRIC, messages, len(rows), 0)
            calls.append(PlannedCall(call, "user", rows, user.number, shown))
    return calls


def _profile_items(user: _User, pairs: JudgePairs) -> list[IntArray]:
    """Train items that the profile of each group is made of."""
    targets = [pairs.item[rows] for rows in user.groups]
    without_all = np.setdiff1d(user.own, np.concatenate(targets))
    if 2 * len(without_all) >= len(user.own):
        return [without_all] * len(targets)
    left = [np.setdiff1d(user.own, own) for own in targets]
    fewest = min(len(items) for items in left)
    return [np.sort(user.rng.permutation(items)[:fewest]) for items in left]


def _item_calls(user: _User, pairs: JudgePairs, texts: _Texts) -> list[PlannedCall]:
    histories = [_merged(pairs, rows) for rows in user.groups]
    fewest = min(len(history) for history in histories)
    if not fewest:
        return []
    calls = []
    for rows, history in zip(user.groups, histories, strict=True):
        rows, shown = user.rng.permutation(rows), history[:fewest]
        messages = prompts.item_centric(texts(shown), texts(pairs.item[rows]))
        call = _call(prompts.ITEM_CENTRIC, messages, len(rows), len(shown))
        calls.append(PlannedCall(call, "item", rows, user.number, shown))
    return calls


def _merged(pairs: JudgePairs, rows: IntArray) -> IntArray:
    """Items that stand highest over the histories of some pairs, none of their targets, best first.

    Each history gives its first item H points, the next one less (Borda count).
    """
    listed = pairs.history[rows]
    points = np.broadcast_to(np.arange(listed.shape[1], 0, -1), listed.shape)
    kept = (listed >= 0) & ~among(listed, pairs.item[rows])
    item, place = np.unique(listed[kept], return_inverse=True)
    total = np.bincount(place.ravel(), weights=points[kept], minlength=len(item))
    best: IntArray = item[np.argsort(-total, kind="stable")][: listed.shape[1]]
    return best


def _call(
    template: prompts.Template, messages: prompts.Messages, n_targets: int, n_history: int
) -> Call:
    return Call(
        template.name,
        messages,
        reply.Answers,
        partial(reply.read, n_targets=n_targets, n_history=n_history),
        TOKENS_PER_CALL + TOKENS_PER_TARGET * n_targets,
    )
