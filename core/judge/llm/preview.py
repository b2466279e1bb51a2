"""What judging would take and who would read what, before anything is sent.

Which pairs are asked about is known only after pre-training. How many there are is not a guess; how
long the questions get is measured on real questions about a sample of users, with other items of
theirs as targets.

Shape letters: P pairs, E train interactions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.config import JudgeConfig, LLMConfig
from core.judge import JudgeContext, JudgePairs
from core.judge.llm.budget import LETTERS_PER_TOKEN
from core.judge.llm.plan import PlannedCall, ProfileOf, plan_calls
from core.judge.llm.profiles import plan_profiles
from core.types import IntArray, Interactions

SAMPLE_USERS: Final = 100
"""Users whose questions are written out to measure their length."""
TOKENS_PER_GRADE: Final = 60.0
"""Reply tokens per target where nothing was measured yet: a reason of about 30 words and its
frame."""


@dataclass(frozen=True)
class Measured:
    """What earlier calls to the same model took; None where there were none."""

    seconds_per_call: float | None = None
    output_tokens_per_target: float | None = None


@dataclass(frozen=True)
class Preview:
    """An estimate for all pairs, none of them answered yet."""

    n_observed: int
    """Train interactions that are judged."""
    n_unobserved: int
    n_controls: int
    n_calls: int
    """Both views together, and those that ask a second time."""
    prompt_tokens: int
    output_tokens: int
    money: float | None
    """At the prices of the settings; None without any."""
    seconds: float | None
    """At the measured rate and the limits of the settings; None where neither is known."""
    rests_on: str
    """What was measured and what was assumed, for people."""
    fields: tuple[str, ...]
    """What is sent about users and items."""
    sample: tuple[Mapping[str, str], ...]
    """The messages of one real question of each view."""

    @property
    def n_pairs(self) -> int:
        """Pairs that are judged."""
        return self.n_observed + self.n_unobserved + self.n_controls


def preview(
    context: JudgeContext,
    config: JudgeConfig,
    profile_of: ProfileOf,
    n_stand_ins: int,
    measured: Measured,
    rng: np.random.Generator,
) -> Preview:
    """Estimate what judging a dataset takes; nothing is sent.

    Args:
        context: What the judge may read.
        config: Which pairs, and how they are asked about.
        profile_of: Composes a user's profile.
        n_stand_ins: Stand-ins of the run, all of them controls where everything is judged.
        measured: What earlier calls took.
        rng: Draws the sample of users and their targets.
    """
    train, llm = context.train, config.llm
    observed, unobserved, controls = _counts(train, config, n_stand_ins)
    users = rng.permutation(train.n_users)[:SAMPLE_USERS]
    pairs = _drawn(train, config, users, n_stand_ins, rng)
    planned = plan_calls(pairs, context, profile_of, llm.targets_per_call, rng)
    n_pairs = observed + unobserved + controls
    if config.repeat and config.kind != "ensemble":
        n_pairs += 2 * min(config.repeat, n_pairs)  # asked again, and with the history shuffled
    share = n_pairs / max(len(pairs), 1)
    n_calls = round(len(planned) * share)
    letters = sum(one.call.n_letters() for one in planned) * share
    per_grade = measured.output_tokens_per_target or TOKENS_PER_GRADE
    prompt_tokens, output_tokens = (
        round(letters / LETTERS_PER_TOKEN),
        round(2 * n_pairs * per_grade),
    )
    money = (prompt_tokens * llm.price_prompt + output_tokens * llm.price_output) / 1e6
    return Preview(
        observed,
        unobserved,
        controls,
        n_calls,
        prompt_tokens,
        output_tokens,
        money if llm.price_prompt or llm.price_output else None,
        _seconds(n_calls, prompt_tokens + output_tokens, config, measured),
        _rests_on(measured, per_grade, len(users)),
        _fields(context),
        _sample(planned),
    )


@dataclass(frozen=True)
class ProfilesPreview:
    """What it takes to have profiles written."""

    n_calls: int
    """One per item and per user of whom anything is known."""
    prompt_tokens: int
    output_tokens: int
    """At most: a reply is cut there."""
    money: float | None


def preview_profiles(
    context: JudgeContext, config: LLMConfig, n_titles: int, rng: np.random.Generator
) -> ProfilesPreview:
    """Count the calls that write profiles; nothing is sent.

    Args:
        context: Items and train interactions.
        config: Prices.
        n_titles: Items of a user's history that are shown.
        rng: As for the writing.
    """
    planned = plan_profiles(context.items, context.train, n_titles, rng).values()
    prompt = round(sum(call.n_letters() for call in planned) / LETTERS_PER_TOKEN)
    output = sum(call.max_output_tokens for call in planned)
    money = (prompt * config.price_prompt + output * config.price_output) / 1e6
    known = bool(config.price_prompt or config.price_output)
    return ProfilesPreview(len(planned), prompt, output, money if known else None)


def _counts(train: Interactions, config: JudgeConfig, n_stand_ins: int) -> tuple[int, int, int]:
    """Observed, unobserved and control pairs, as :mod:`core.relevance.candidates` takes them."""
    size = np.bincount(train.user, minlength=train.n_users)
    low = np.maximum(1, np.ceil(config.observed_share * size - 1e-9)) * (size > 0)
    observed = len(train) if config.judges_all else int(low.sum())
    unobserved = int(np.minimum(config.unobserved, train.n_items - size).sum())
    controls = n_stand_ins if config.judges_all else config.controls * train.n_users
    return observed, unobserved, min(controls, n_stand_ins)


def _drawn(
    train: Interactions,
    config: JudgeConfig,
    users: IntArray,
    n_stand_ins: int,
    rng: np.random.Generator,
) -> JudgePairs:
    """Pairs of some users: as many of each kind as are judged, which ones by chance."""
    rows = list[tuple[int, int, bool, bool]]()
    history = list[IntArray]()
    each = n_stand_ins / max(train.n_users, 1) if config.judges_all else config.controls
    for user in users.tolist():
        own = rng.permutation(train.item[train.user == user])
        n_low = len(own) if config.judges_all else int(np.ceil(config.observed_share * len(own)))
        other = np.setdiff1d(rng.integers(train.n_items, size=64), own)
        wanted = config.unobserved + int(rng.poisson(each))  # strangers are not dealt out evenly
        rows += [(user, int(item), True, False) for item in own[:n_low]]
        rows += [(user, int(item), False, False) for item in rng.permutation(other)[:wanted]]
        listed = np.full(config.history_items, -1, np.int64)
        shown = own[n_low:][: config.history_items]
        listed[: len(shown)] = shown
        history += [listed] * (len(rows) - len(history))
    numbers = np.array(rows, np.int64).reshape(-1, 4)
    return JudgePairs(
        numbers[:, 0],
        numbers[:, 1],
        numbers[:, 2].astype(np.bool_),
        numbers[:, 3].astype(np.bool_),
        np.stack(history) if history else np.zeros((0, config.history_items), np.int64),
    )


def _seconds(n_calls: int, n_tokens: int, config: JudgeConfig, measured: Measured) -> float | None:
    """The slowest of what is known: calls under way at once, requests and tokens per minute."""
    llm, bounds = config.llm, list[float]()
    if measured.seconds_per_call is not None:
        bounds.append(n_calls * measured.seconds_per_call / llm.in_flight)
    if llm.requests_per_minute:
        bounds.append(60.0 * n_calls / llm.requests_per_minute)
    if llm.tokens_per_minute:
        bounds.append(60.0 * n_tokens / llm.tokens_per_minute)
    return max(bounds, default=None)


def _rests_on(measured: Measured, per_grade: float, n_users: int) -> str:
    reply = "measured" if measured.output_tokens_per_target else "assumed"
    return (
        f"Questions about {n_users} users were written out; {LETTERS_PER_TOKEN:.0f} letters per "
        f"token assumed, {per_grade:.0f} reply tokens per grade {reply}. Answers that are there "
        "already cost nothing."
    )


def _fields(context: JudgeContext) -> tuple[str, ...]:
    """What of users and items a question may hold; ids are never sent."""
    items = context.items
    found = ["item titles"]
    found += [f"item attribute {name}" for name in items.attributes]
    found += ["item texts"] if any(items.text) else []
    return (*found, "user profile (traits, titles of own train items, the user's own text)")


def _sample(planned: Sequence[PlannedCall]) -> tuple[Mapping[str, str], ...]:
    """Messages of the first question of each view, one after the other."""
    first = {one.view: one.call.messages for one in reversed(planned)}
    return tuple(dict(message) for view in ("user", "item") for message in first.get(view, ()))
