"""Many calls: in order, several at once, each answered exactly once and never paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from core.config import LLMConfig
from core.errors import JudgeError
from core.judge.llm.answering import recall
from core.judge.llm.budget import money_of, stop_message
from core.judge.llm.call import Answer, Call, Endpoint, Mode, Spend, Usage
from core.judge.llm.exchange import Exchange, Failed, RepairUnaffordable
from core.judge.llm.loop import run
from core.judge.llm.store import CallStore, Stored

TICK: Final = 0.5
"""Seconds between two reports; a cancel takes this and ``GRACE`` at most."""
POLL: Final = 0.2
"""Seconds until a call that another process asks is looked up again."""
GRACE: Final = 0.8
"""Seconds that replies on their way are waited for when a batch ends early: they cost as much
whether they are kept or not."""


def answer_all(
    calls: Sequence[Call],
    endpoint: Endpoint,
    mode: Mode,
    store: CallStore,
    config: LLMConfig,
    on_answer: Callable[[Answer], None],
    on_tick: Callable[[Spend], None],
) -> Spend:
    """Answer calls, from the store where they were answered before.

    Calls are sent in their order and answered as replies come in. Both functions are called in
    the calling thread (beside it where that has an event loop, as in a notebook), and may raise to
    end the batch: what is under way is then cancelled within two seconds, and what was answered
    stays in the store.

    Args:
        calls: Questions; one that appears twice is sent once and answered for each.
        endpoint: Where they are sent.
        mode: How replies are bound to their form, as found by ``capabilities.probe``.
        store: What was answered, and will be; other processes may use it at the same time.
        config: Limits, tries, budgets, prices.
        on_answer: Called once per call that is answered, failed ones included; not for calls that
            a budget left out.
        on_tick: Called with what was spent so far, about twice a second and at the end.

    Returns:
        What was spent; ``stopped_by`` says which budget ended it, if one did.

    Raises:
        JudgeError: If the endpoint refuses the key, the model or the form of the question, if too
            many calls fail in a row, or if answers cannot be kept.
        ConfigError: If there is a budget in money but no price.
    """
    batch = _Batch(calls, Exchange(endpoint, mode, store, config), endpoint, store, config)
    batch.on_answer, batch.on_tick = on_answer, on_tick
    return run(batch.run())


class _NobodyWaits(ThreadPoolExecutor):
    """Threads for looking up names: one that hangs does not hold up who cancels."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Let go of the threads at once."""
        super().shutdown(wait=False, cancel_futures=True)


class _Batch:
    """One run of :func:`answer_all`."""

    on_answer: Callable[[Answer], None]
    on_tick: Callable[[Spend], None]

    def __init__(
        self,
        calls: Sequence[Call],
        exchange: Exchange,
        endpoint: Endpoint,
        store: CallStore,
        config: LLMConfig,
    ) -> None:
        self._calls, self._exchange, self._endpoint = calls, exchange, endpoint
        self._store, self._config = store, config
        self._spend = Spend()
        self._waiting: dict[str, list[Call]] = {}
        """Calls taken on and not yet answered, by key."""
        self._elsewhere: list[str] = []
        """Keys that another process asks."""
        self._owed: list[str] = []
        """Keys whose repair waits for what others leave of the budget."""
        self._open: set[asyncio.Task[None]] = set()
        self._n_failed_in_a_row = 0

    async def run(self) -> Spend:
        """Answer all of them."""
        asyncio.get_running_loop().set_default_executor(_NobodyWaits())
        self._failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        main = self._start(self._answer_all)
        ticker = self._start(self._report)
        try:
            ends: set[asyncio.Future[Any]] = {main, self._failure}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._wind_up(main, ticker)
        if self._failure.done():
            raise self._failure.result()
        self.on_tick(self.spend)
        return self.spend

    @property
    def spend(self) -> Spend:
        """What was spent so far."""
        usage = self._exchange.budget.spent
        return replace(self._spend, usage=usage, money=money_of(usage, self._config))

    # ------------------------------------------------------------ in order

    async def _answer_all(self) -> None:
        for call in self._calls:
            await asyncio.sleep(0)  # let others run between cached answers
            key = call.key(self._endpoint)
            if key in self._waiting:
                self._waiting[key].append(call)
            else:
                self._waiting[key] = [call]
                await self._take_on(key)
        while self._open or self._elsewhere or self._owed:
            await self._look_again()

    async def _look_again(self) -> None:
        """After all were taken on: what is under way, asked elsewhere, or to be repaired."""
        if self._open:
            await asyncio.wait(self._open, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
        elif not self._owed:
            await asyncio.sleep(POLL)
        again, self._elsewhere, self._owed = self._elsewhere + self._owed, [], []
        for key in again:
            await self._take_on(key)

    async def _take_on(self, key: str) -> None:
        """Answer a call from the store, or send it, or note that somebody else does."""
        call = self._waiting[key][0]
        before, answer = self._look_up(key)
        if answer is not None:
            self._finish(answer)
        elif self._spend.stopped_by or not await self._affordable(call):
            del self._waiting[key]  # the budget leaves it out
        elif not self._store.claim(key):
            self._elsewhere.append(key)
        else:
            self._send_claimed(key, before)

    def _send_claimed(self, key: str, before: Stored | None) -> None:
        """Send a call, unless whoever had the claim before has just finished it."""
        before, answer = self._look_up(key)
        if answer is not None:
            self._store.release(key)
            return self._finish(answer)
        call, budget = self._waiting[key][0], self._exchange.budget
        cost = budget.estimate(call)
        budget.reserve(cost)
        task = self._start(lambda: self._send(call, key, before, cost))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        # not in the task itself: one that is cancelled before its first step does nothing at all
        return task.add_done_callback(lambda _: self._store.release(key))

    def _look_up(self, key: str) -> tuple[Stored | None, Answer | None]:
        """What is kept of a call, and its answer unless there is none yet or a repair is due."""
        stored = self._store.get(key)
        if stored is None:
            return None, None
        answer = recall(self._waiting[key][0], stored)
        due = stored.repair_is_due and answer.outcome == "unparsed"
        return stored, None if due else answer

    async def _affordable(self, call: Call) -> bool:
        """Wait for a free place and for the budget; False if the budget does not cover the call."""
        budget, config = self._exchange.budget, self._config
        while True:
            setting = budget.in_the_way(budget.estimate(call))
            if not setting and len(self._open) < config.in_flight:
                return True
            if not self._open:  # nothing under way could turn out cheaper
                self._spend = replace(self._spend, stopped_by=stop_message(setting))
                return False
            await asyncio.wait(self._open, return_when=asyncio.FIRST_COMPLETED)

    # ------------------------------------------------------------ one call

    async def _send(self, call: Call, key: str, before: Stored | None, cost: Usage) -> None:
        too_long = False
        try:
            answer = await self._exchange.answer(call, key, before, cost)
        except RepairUnaffordable:
            self._exchange.budget.hand_back()  # counted again with its repair
            self._owed.append(key)
            return
        except Failed as failed:
            self._exchange.budget.hand_back()
            n_requests, too_long = failed.n_requests, failed.too_long
            answer = Answer(call, key, "failed", None, n_requests=n_requests, error=str(failed))
        if not self._exchange.closing:
            self._finish(answer, too_long)

    def _finish(self, answer: Answer, too_long: bool = False) -> None:
        """Hand an answer to everyone who waits for it."""
        first, *others = self._waiting.pop(answer.key)
        self._hand_over(replace(answer, call=first))
        for call in others:  # paid for once
            self._hand_over(replace(answer, call=call, from_cache=answer.outcome != "failed"))
        if not answer.from_cache:
            self._count_failures(answer, too_long)

    def _hand_over(self, answer: Answer) -> None:
        spend, failed = self._spend, answer.outcome == "failed"
        self._spend = replace(
            spend,
            n_calls=spend.n_calls + (not failed and not answer.from_cache),
            n_cached=spend.n_cached + answer.from_cache,
            n_failed=spend.n_failed + failed,
            n_unparsed=spend.n_unparsed + (answer.outcome in ("refused", "unparsed")),
        )
        self.on_answer(answer)

    def _count_failures(self, answer: Answer, too_long: bool) -> None:
        """The breaker; a question that is too long is no fault of a server that answers others.

        Raises:
            JudgeError: If too many calls failed in a row.
        """
        if too_long and self._spend.n_calls + self._spend.n_cached:
            return
        self._n_failed_in_a_row = self._n_failed_in_a_row + 1 if answer.outcome == "failed" else 0
        if self._n_failed_in_a_row >= self._config.give_up_after:
            hint = (
                "Then start again"
                if too_long
                else "See that the server runs and judge.llm.base_url is right, or ask more slowly "
                "(judge.llm.in_flight), and start again"
            )
            raise JudgeError(
                f"{self._n_failed_in_a_row} calls in a row failed, all tries used. The last time: "
                f"{answer.error}. {hint}: what was answered is kept"
            )

    # ------------------------------------------------------------ all tasks

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.on_tick(self.spend)

    def _start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """A task whose error ends the batch."""
        return asyncio.create_task(self._guarded(work))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._exchange.closing = True
            if not self._failure.done():
                self._failure.set_result(error)

    async def _wind_up(self, *tasks: asyncio.Task[None]) -> None:
        """End all tasks; replies on their way have a moment to be kept."""
        exchange, still_open = self._exchange, set(self._open)
        exchange.closing = True
        for task in {*tasks, *still_open} - exchange.on_wire:
            task.cancel()
        if on_wire := still_open & exchange.on_wire:
            await asyncio.wait(on_wire, timeout=GRACE)
        for task in still_open:
            task.cancel()
        await asyncio.gather(*tasks, *still_open, return_exceptions=True)
        await exchange.close()
