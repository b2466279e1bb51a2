"""One call from question to answer: tries, waits, one repair."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from core.config import LLMConfig
from core.judge.llm.answering import Asked, keep, recall, repair_messages
from core.judge.llm.budget import Budget
from core.judge.llm.call import Answer, Call, Endpoint, Mode, Usage
from core.judge.llm.failures import Retry, TooLong
from core.judge.llm.limits import LONGEST_PAUSE, Limits
from core.judge.llm.store import REPLIES, CallStore, Stored
from core.judge.llm.wire import Reply, arguments_of, ask, open_client

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FIRST_WAIT: Final = 0.5
"""Seconds: the first wait is drawn from 0 to this, and each further one from twice as much (full
jitter, https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)."""
LONGEST_WAIT: Final = 30.0


class Failed(Exception):  # noqa: N818 - an outcome
    """All tries of a request are used up, or none can help it."""

    def __init__(self, message: str, n_requests: int, too_long: bool = False) -> None:
        super().__init__(message)
        self.n_requests, self.too_long = n_requests, too_long
        """Requests that were sent; whether the question itself is what is wrong."""


class RepairUnaffordable(Exception):  # noqa: N818
    """A malformed reply is kept, but the budget does not cover its repair just now."""


class Exchange:
    """Asks one endpoint.

    Args:
        endpoint: Where, and which model.
        mode: How replies are bound to their form.
        store: Where replies are kept.
        config: Limits, tries and budgets.
    """

    def __init__(self, endpoint: Endpoint, mode: Mode, store: CallStore, config: LLMConfig) -> None:
        self._endpoint, self._mode, self._store, self._config = endpoint, mode, store, config
        self.limits = Limits(config.in_flight, config.requests_per_minute, config.tokens_per_minute)
        self.budget = Budget(config)
        self.on_wire: set[asyncio.Task[Any]] = set()
        """Tasks whose request is at the server: it may be paid for already."""
        self.closing = False
        """Whether nothing more may be sent."""
        self._rng = np.random.default_rng(endpoint.seed)  # for waits alone
        self._client: AsyncOpenAI | None = None

    async def answer(self, call: Call, key: str, before: Stored | None, cost: Usage) -> Answer:
        """Ask until there is an answer, and keep it.

        Args:
            call: The question.
            key: Its key, claimed.
            before: A malformed reply that is to be repaired, if there is one.
            cost: What is reserved in the budget; settled here in any case.

        Raises:
            RepairUnaffordable: If the reply is malformed and the budget is used up.
            core.errors.JudgeError: If no call to this endpoint can succeed.
        """
        if before is not None:
            return await self._repaired(call, key, before, cost)
        stored, reply = await self._turn(call, key, None, cost)
        if not stored.repair_is_due:
            return reply
        cost = self.budget.estimate(call)
        if self.budget.in_the_way(cost, n_calls=0):
            raise RepairUnaffordable
        self.budget.reserve(cost, n_calls=0)
        return replace(await self._repaired(call, key, stored, cost), from_cache=False)

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()

    async def _repaired(self, call: Call, key: str, before: Stored, cost: Usage) -> Answer:
        """The second reply, or the first one for good where its repair would be too long."""
        try:
            return (await self._turn(call, key, before, cost))[1]
        except Failed as failed:
            if not failed.too_long:
                raise
        kept = before.model_copy(update={"n_replies": REPLIES})
        self._store.put(kept)
        return recall(call, kept)

    async def _turn(
        self, call: Call, key: str, before: Stored | None, cost: Usage
    ) -> tuple[Stored, Answer]:
        """One reply, kept."""
        messages = call.messages if before is None else repair_messages(call, before)
        n_letters, used, start = sum(len(m["content"]) for m in messages), Usage(), time.monotonic()
        try:
            reply, n_requests = await self._reply(call, messages, cost)
            used = reply.usage
            asked = Asked(self._endpoint, self._mode, time.monotonic() - start, n_requests)
            return keep(self._store, call, key, reply, asked, before)
        finally:
            self.budget.settle(cost, used, n_letters)

    async def _reply(
        self, call: Call, messages: Sequence[Mapping[str, str]], cost: Usage
    ) -> tuple[Reply, int]:
        """A reply and the number of requests that it took.

        Raises:
            Failed: If all tries are used up, or the question is too long for the model.
        """
        client, limit = await self._opened(), call.max_output_tokens
        arguments = arguments_of(self._endpoint, messages, call.form, self._mode, limit)
        error = Retry("")
        for attempt in range(self._config.attempts):
            if attempt:
                await asyncio.sleep(self._wait(attempt, error))
            try:
                return await self._try(client, arguments, cost), attempt + 1
            except Retry as problem:
                error = problem
            except TooLong as problem:
                raise Failed(str(problem), attempt + 1, too_long=True) from None
        raise Failed(str(error), self._config.attempts) from None

    async def _try(self, client: AsyncOpenAI, arguments: Mapping[str, Any], cost: Usage) -> Reply:
        entry = await self.limits.enter(cost.prompt_tokens + cost.output_tokens)
        task, used, busy = asyncio.current_task(), 0, False
        try:
            if self.closing or task is None:
                raise asyncio.CancelledError
            self.on_wire.add(task)
            reply = await ask(client, self._endpoint, arguments, self._config.timeout)
            used = reply.usage.prompt_tokens + reply.usage.output_tokens
            return reply
        except Retry as problem:
            busy = problem.busy
            self.limits.pause(problem.wait or 0.0)
            raise
        finally:
            if task is not None:
                self.on_wire.discard(task)
            self.limits.leave(entry, used, busy)

    def _wait(self, attempt: int, error: Retry) -> float:
        """Seconds before a try: what the server asks for, and a drawn part on top."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))
        asked = min(error.wait, LONGEST_PAUSE) if error.wait is not None else 0.0
        return asked + float(self._rng.uniform(0, longest if error.wait is None else FIRST_WAIT))

    async def _opened(self) -> AsyncOpenAI:
        """The client; made at the first call, for answers from the store need none."""
        if self._client is None:
            await asyncio.to_thread(importlib.import_module, "openai")  # a second or two
        if self._client is None:  # made by nobody else in the meantime
            self._client = open_client(self._endpoint, self._config.timeout)
        return self._client
