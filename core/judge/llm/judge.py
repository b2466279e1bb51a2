"""The judge that asks a language model: plans, sends, and puts the grades together.

Source: LLMHNI (arXiv:2511.07295), logical relevance from two views [P].

Shape letters: P pairs, C calls, T targets asked (a pair and a view).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from core.config import LLMConfig
from core.judge import JudgeContext, JudgePairs
from core.judge.llm import prompts
from core.judge.llm.call import Answer, Call, Endpoint, Mode, Spend
from core.judge.llm.cite import rendered
from core.judge.llm.ledger import Ledger, remaining, total
from core.judge.llm.plan import PlannedCall, ProfileOf, distinct, plan_calls
from core.judge.llm.reply import TargetGrade
from core.judge.llm.store import CallStore
from core.types import MID, UNJUDGED, Items, Judgements, OnProgress, Progress, ignore_progress

VIEWS: tuple[prompts.View, ...] = ("user", "item")
NOTHING_KNOWN = "Nothing but this item is known of the user; counts as Mid."
NO_GRADE = {
    "refused": "The model refused to answer; counts as Mid.",
    "unparsed": "The reply could not be read; counts as Mid.",
}


class Ask(Protocol):
    """Who sends calls: :func:`core.judge.llm.send.answer_all`."""

    def __call__(
        self,
        calls: Sequence[Call],
        endpoint: Endpoint,
        mode: Mode,
        store: CallStore,
        config: LLMConfig,
        on_answer: Callable[[Answer], None],
        on_tick: Callable[[Spend], None],
    ) -> Spend:
        """Answer calls until all are, or a budget is spent."""
        ...


class LLMJudge:
    """Grades by a language model at an endpoint.

    Args:
        endpoint: Where, and which model.
        mode: How replies are bound to their form.
        store: Keeps what was paid for.
        config: Targets per call, limits, budget, prices.
        seed: Of groups and order of targets.
        profile_of: Composes a user's profile from some of the user's train items.
        ask: Sends the calls; none = over the network.

    Attributes:
        calls: Columns of the C calls so far, by name: see :class:`core.judge.llm.ledger.Ledger`.
        targets: Columns of the T targets so far.
        spend: What was spent so far.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        mode: Mode,
        store: CallStore,
        config: LLMConfig,
        seed: int,
        profile_of: ProfileOf,
        ask: Ask | None = None,
    ) -> None:
        self._endpoint, self._mode, self._store, self._config = endpoint, mode, store, config
        self._seed, self._profile_of, self._ask = seed, profile_of, ask or over_network(config)
        self._ledger, self._n_pairs = Ledger(), 0
        self.spend = Spend()
        self._latest = self

    @property
    def name(self) -> str:
        """Who graded."""
        model, place = self._endpoint.model, self._endpoint.place or self._endpoint.host
        where = place.removesuffix(model).rstrip(":") or place  # "local:MODEL" names it twice
        return f"{model} at {where}, prompts v{prompts.VERSION}"

    @property
    def stopped_by(self) -> str:
        """What ended the judging early, for people; empty if nothing did."""
        return self.spend.stopped_by

    @property
    def spend_in_all(self) -> Spend:
        """What was spent so far, asking :meth:`again` included."""
        return self._latest.spend

    @property
    def calls(self) -> dict[str, list[Any]]:
        """Columns of the calls so far."""
        return self._ledger.calls

    @property
    def targets(self) -> dict[str, list[Any]]:
        """Columns of the targets so far."""
        return self._ledger.targets

    def again(self, number: int) -> LLMJudge:
        """The same judge asked once more: another sampling seed, what is left of the same budget.

        Args:
            number: Of the pass; passes of one number have the same questions.
        """
        place = replace(self._endpoint, seed=self._endpoint.seed + number)
        options = (self._store, self._config, self._seed, self._profile_of, self._ask)
        other = LLMJudge(place, self._mode, *options)
        other.spend = self.spend_in_all
        self._latest = other
        return other

    def plan(self, pairs: JudgePairs, context: JudgeContext) -> list[PlannedCall]:
        """The calls that :meth:`judge` sends, in order; nothing is sent."""
        rng, size = np.random.default_rng(self._seed), self._config.targets_per_call
        planned = plan_calls(pairs, context, self._profile_of, size, rng)
        room = self._config.thinking_tokens
        return [replace(one, call=one.call.with_room(room)) for one in planned] if room else planned

    def judge(
        self,
        pairs: JudgePairs,
        context: JudgeContext,
        on_progress: OnProgress = ignore_progress,
    ) -> Judgements:
        """Grade the pairs that can be graded in both views before a budget is spent.

        Raises:
            JudgeError: If the endpoint refuses, or does not answer for long.
            Cancelled: If ``on_progress`` asked to stop.
        """
        first, place = distinct(pairs, context.train.n_items)
        planned = self.plan(pairs, context)
        is_priced = bool(self._config.price_prompt or self._config.price_output)
        board = _Board(pairs, planned, context.items, is_priced)
        waiting = defaultdict[int, deque[PlannedCall]](deque)
        for one in planned:
            waiting[id(one.call)].append(one)
        before, offset = self.spend, self._n_pairs
        self._n_pairs += len(pairs)

        def on_answer(answer: Answer) -> None:
            one = waiting[id(answer.call)].popleft()
            self._ledger.add(answer, one, pairs, offset)
            board.enter(answer, one)

        def on_tick(spend: Spend) -> None:
            self.spend = total(before, spend)
            on_progress(board.progress(self.spend))

        config, stopped_by = remaining(self._config, before)
        if stopped_by:
            self.spend = replace(before, stopped_by=stopped_by)
        elif planned:
            calls = [one.call for one in planned]
            on_tick(
                self._ask(
                    calls, self._endpoint, self._mode, self._store, config, on_answer, on_tick
                )
            )
        return board.judgements(first[place], self.name)


class _Board:
    """Grades as they come in; rows are those of ``pairs``, columns the views."""

    def __init__(
        self, pairs: JudgePairs, planned: Sequence[PlannedCall], items: Items, is_priced: bool
    ) -> None:
        self._pairs, self._items, self._is_priced = pairs, items, is_priced
        self._grade = np.full((len(pairs), 2), MID, np.int8)
        self._reason = np.full((len(pairs), 2), NOTHING_KNOWN, dtype=object)
        for one in planned:
            self._grade[one.rows, VIEWS.index(one.view)] = UNJUDGED
        self._n_planned, self._n_answered, self._n_unparsed = len(planned), 0, 0

    def enter(self, answer: Answer, one: PlannedCall) -> None:
        """Take what one call brought; a failed one leaves its pairs without a grade."""
        self._n_answered += 1
        view = VIEWS.index(one.view)
        if answer.outcome in NO_GRADE:
            self._n_unparsed += 1
            self._grade[one.rows, view] = MID
            self._reason[one.rows, view] = NO_GRADE[answer.outcome]
        elif answer.outcome != "failed":
            grades: list[TargetGrade] = answer.value
            titles = [self._items.title[item] for item in one.shown.tolist()]
            for row, place in zip(one.rows.tolist(), range(len(grades)), strict=True):
                self._grade[row, view] = grades[place].grade
                self._reason[row, view] = rendered(grades[place], place + 1, len(grades), titles)

    def progress(self, spend: Spend) -> Progress:
        """How far the judging is, and what it cost so far."""
        tokens = spend.usage.prompt_tokens + spend.usage.output_tokens
        values = {
            "n_judged": float((self._grade != UNJUDGED).all(axis=1).sum()),
            "n_calls": float(spend.n_calls),
            "n_cached": float(spend.n_cached),
            "n_unparsed": float(spend.n_unparsed),
            "n_failed": float(spend.n_failed),
            "tokens": float(tokens),
        }
        if self._is_priced:  # else what it costs is not known
            values["money"] = spend.money
        return Progress("judge", self._n_answered / max(self._n_planned, 1), values)

    def judgements(self, same_as: np.ndarray, judge: str) -> Judgements:
        """Judgements of the pairs with both grades, in their order.

        Args:
            same_as: Row that was asked in place of each, ``(P,)``.
            judge: Who graded.
        """
        grade, reason = self._grade[same_as], self._reason[same_as]
        rows = np.flatnonzero((grade != UNJUDGED).all(axis=1))
        pairs = self._pairs
        return Judgements(
            user=pairs.user[rows],
            item=pairs.item[rows],
            observed=pairs.observed[rows],
            control=pairs.control[rows],
            user_grade=grade[rows, 0],
            item_grade=grade[rows, 1],
            user_reason=tuple(reason[rows, 0].tolist()),
            item_reason=tuple(reason[rows, 1].tolist()),
            judge=judge,
            n_unparsed=self._n_unparsed,
        )


def over_network(config: LLMConfig) -> Ask:
    """The sender of calls, one by one or by batches; its client takes a second or two to load."""
    from core.judge.llm import batch, send  # noqa: PLC0415

    return batch.answer_all if config.batch else send.answer_all
