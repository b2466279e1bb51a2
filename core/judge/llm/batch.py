"""Calls by the Batch API: handed in as a file, answered within a day, as a rule at half the price.

Source: https://developers.openai.com/api/docs/guides/batch. Answers go to the same store as any
others, under the same keys; what a batch leaves out can be asked one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from core.config import LLMConfig
from core.judge.llm.answering import recall
from core.judge.llm.batches import Batches, Fetched
from core.judge.llm.budget import money_of
from core.judge.llm.call import Answer, Call, Endpoint, Mode, Spend
from core.judge.llm.store import CallStore

ROUNDS: Final = 2
"""The second hands in malformed replies for repair, and what the first left out."""
POLL: Final = 30.0


def answer_all(
    calls: Sequence[Call],
    endpoint: Endpoint,
    mode: Mode,
    store: CallStore,
    config: LLMConfig,
    on_answer: Callable[[Answer], None],
    on_tick: Callable[[Spend], None],
    poll: float = POLL,
) -> Spend:
    """Answer calls like :func:`core.judge.llm.send.answer_all`, by batches.

    It waits until they have ended, and may be ended and called again at any time: batches go on
    without it. Prices are those of the settings: set the ones of the Batch API there.

    Args:
        calls: Questions; one that appears twice is handed in once and answered for each.
        endpoint: Where.
        mode: How replies are bound to their form.
        store: What was answered; batches are kept in its folder ``batches``.
        config: Budgets and prices.
        on_answer: Called once per call that is answered, when all have ended.
        on_tick: Called with what was spent so far, at least every ``poll`` seconds; may raise.
        poll: Seconds between two looks at the batches.

    Raises:
        JudgeError: If the endpoint has no Batch API, or refuses the batch.
    """
    batches = Batches(endpoint, mode, store, config)
    known = {call.key(endpoint) for call in calls}
    known = {key for key in known if (kept := store.get(key)) and not kept.repair_is_due}
    spend, said = Spend(), ""
    for _ in range(ROUNDS):
        stopped_by = batches.hand_in(calls, spend)
        spend = replace(spend, stopped_by=stopped_by)
        while True:
            found = batches.fetch(calls)
            spend, said = _added(spend, found, config), found.error or said
            on_tick(spend)
            if not found.n_waiting:
                break
            _pause(poll, spend, on_tick)
    return _handed_over(calls, endpoint, store, known, spend, said, on_answer)


def _pause(seconds: float, spend: Spend, on_tick: Callable[[Spend], None]) -> None:
    """Wait, and report in between so that people can stop it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))
        on_tick(spend)


def _added(spend: Spend, found: Fetched, config: LLMConfig) -> Spend:
    usage = spend.usage + found.usage
    return replace(
        spend,
        n_calls=spend.n_calls + found.n_kept,
        usage=usage,
        money=money_of(usage, config),
    )


def _handed_over(
    calls: Sequence[Call],
    endpoint: Endpoint,
    store: CallStore,
    known: set[str],
    spend: Spend,
    said: str,
    on_answer: Callable[[Answer], None],
) -> Spend:
    n_cached = n_failed = n_unparsed = 0
    error = "the batch holds no reply to it"
    error += f"; the endpoint says of the last one: {said}" if said else ""
    missing = "" if spend.stopped_by else error
    for answer in _answers(calls, endpoint, store, known, missing):
        n_cached += answer.from_cache
        n_failed += answer.outcome == "failed"
        n_unparsed += answer.outcome in ("refused", "unparsed")
        on_answer(answer)
    return replace(spend, n_cached=n_cached, n_failed=n_failed, n_unparsed=n_unparsed)


def _answers(
    calls: Sequence[Call], endpoint: Endpoint, store: CallStore, known: set[str], missing: str
) -> Iterator[Answer]:
    """Answers from the store; ``missing`` is why there is none to a call, empty = left out."""
    for call in calls:
        key = call.key(endpoint)
        kept = store.get(key)
        if kept is not None:
            yield replace(recall(call, kept), from_cache=key in known)
        elif missing:
            yield Answer(call, key, "failed", None, error=missing)
