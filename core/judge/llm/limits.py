"""How fast an endpoint is asked: places in flight, requests and tokens per minute, and pauses.

Requests start in the order in which they ask to. An endpoint that says it has too much to do is
asked by half as many at once, and by one more after each full round that goes well (additive
increase, multiplicative decrease, as in TCP congestion control, RFC 5681); if it says for how long
it wants to be left alone, nobody asks before.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BURST: Final = 1.0
"""Seconds' worth of a limit that may be used at once, after a lull or at the start."""
LONGEST_PAUSE: Final = 60.0
"""Seconds of a wait asked for by a server that are honoured at once; then it is tried again."""


class Bucket:
    """A token bucket that may go into debt: what is taken is only known afterwards.

    Args:
        per_minute: What flows in; 0 = no limit.
    """

    def __init__(self, per_minute: float) -> None:
        self.rate = per_minute / 60
        self.size = max(1.0, self.rate * BURST)
        self.level, self.at = self.size, -math.inf

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken: all of it is there, or the bucket is full."""
        if not self.rate:
            return 0.0
        self._flow(now)
        return max(0.0, (min(amount, self.size) - self.level) / self.rate)

    def take(self, amount: float, now: float) -> None:
        """Take it, into debt where it must be; negative amounts are given back."""
        self._flow(now)
        self.level = min(self.size, self.level - amount)

    def _flow(self, now: float) -> None:
        if now > self.at:
            gained = 0.0 if self.at == -math.inf else (now - self.at) * self.rate
            self.level, self.at = min(self.size, self.level + gained), now


@dataclass(frozen=True)
class Pass:
    """Leave to send one request."""

    n_tokens: float
    """As estimated."""
    entered: float
    """When, by the clock of the limits, seconds."""


class Limits:
    """Who may send, and when.

    Args:
        in_flight: Requests at once.
        requests_per_minute: 0 = no limit.
        tokens_per_minute: Prompt and reply together; 0 = no limit.
        clock: Seconds, steady.
    """

    def __init__(
        self,
        in_flight: int,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.width = in_flight, float(in_flight)
        self._requests, self._tokens = Bucket(requests_per_minute), Bucket(tokens_per_minute)
        self._clock, self._n_inside = clock, 0
        self._paused_until = self._narrowed = -math.inf
        self._turn, self._left = asyncio.Lock(), asyncio.Event()

    async def enter(self, n_tokens: float) -> Pass:
        """Wait for leave to send a request of about so many tokens."""
        async with self._turn:  # first come, first served
            while self._n_inside >= int(self.width):
                self._left.clear()
                await self._left.wait()
            while (seconds := self._wait(n_tokens, self._clock())) > 0:
                await asyncio.sleep(seconds)
            now = self._clock()
            self._requests.take(1, now)
            self._tokens.take(n_tokens, now)
            self._n_inside += 1
            return Pass(n_tokens, now)

    def leave(self, entry: Pass, n_tokens: float, busy: bool = False) -> None:
        """A request is over, and took so many tokens; ``busy``: the endpoint had too much to do."""
        now = self._clock()
        self._n_inside -= 1
        self._tokens.take(n_tokens - entry.n_tokens, now)
        if not busy:
            self.width = min(float(self.most), self.width + 1 / self.width)
        elif entry.entered > self._narrowed:  # requests sent before do not count against it again
            self.width, self._narrowed = max(1.0, self.width / 2), now
        self._left.set()

    def pause(self, seconds: float) -> None:
        """Let nobody send for a while."""
        until = self._clock() + min(seconds, LONGEST_PAUSE)
        self._paused_until = max(self._paused_until, until)

    def _wait(self, n_tokens: float, now: float) -> float:
        return max(
            self._paused_until - now,
            self._requests.wait(1, now),
            self._tokens.wait(n_tokens, now),
        )
