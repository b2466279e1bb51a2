"""How fast questions are sent, against what the server itself can take.

``python -m benchmarks.judge_throughput`` starts the loopback server of the tests in a process of
its own, which answers ``--capacity`` questions at once in ``--latency`` seconds each, and measures
in turn: a bare client (one keep-alive connection per place in flight, nothing but bytes), and the
judge's own path with retries, limits, budget and store; then the answers from the store. The limit
that arithmetic gives, capacity / latency, is shown beside both.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.services import environment
from core.config import LLMConfig
from core.judge.llm.call import Call, Endpoint
from core.judge.llm.send import answer_all
from core.judge.llm.store import CallStore
from tests.llm_calls import question

LETTERS = 4000
"""Of a question with eight targets, about."""


@dataclass(frozen=True)
class Measured:
    """Calls per second, but for the first three."""

    n_calls: int
    in_flight: int
    cpu_ms: float
    """CPU time of this process per call, milliseconds."""
    limit: float
    """Capacity / latency."""
    bare: float
    """A bare client in this process, on this machine, at this moment."""
    judge: float
    """The judge's path."""
    cached: float
    """Answers from the store."""

    @property
    def ratio(self) -> float:
        """How many times longer the judge takes than the limit allows."""
        return self.limit / self.judge


@contextmanager
def server(latency: float, capacity: int) -> Iterator[str]:
    """Address of a server in a process of its own."""
    arguments = ["-m", "tests.llm_server", f"--latency={latency}", f"--capacity={capacity}"]
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=environment.ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.kill()
        process.wait()


def measure(n_calls: int, latency: float, capacity: int, in_flight: int = 16) -> Measured:
    """Send so many questions, barely and properly."""
    calls = [question(number, LETTERS) for number in range(n_calls)]
    with server(latency, capacity) as base_url, tempfile.TemporaryDirectory() as folder:
        endpoint, store = Endpoint(base_url, "tiny"), CallStore(Path(folder))
        _judge(calls[:1], endpoint, CallStore(Path(folder) / "warm"), in_flight)  # loads openai
        bare = n_calls / _bare(calls, base_url, in_flight)
        cpu = time.process_time()
        judge = n_calls / _judge(calls, endpoint, store, in_flight)
        cpu = (time.process_time() - cpu) / n_calls * 1000
        cached = n_calls / _judge(calls, endpoint, store, in_flight)
    return Measured(n_calls, in_flight, cpu, capacity / latency, bare, judge, cached)


def _judge(calls: list[Call], endpoint: Endpoint, store: CallStore, in_flight: int) -> float:
    """Seconds that the judge's path takes."""
    config = LLMConfig(model="tiny", in_flight=in_flight)
    start = time.perf_counter()
    answer_all(calls, endpoint, "schema", store, config, lambda _: None, lambda _: None)
    return time.perf_counter() - start


def _bare(calls: list[Call], base_url: str, in_flight: int) -> float:
    """Seconds that threads take which post bytes and read bytes."""
    start = time.perf_counter()
    with ThreadPoolExecutor(in_flight) as pool:
        list(
            pool.map(
                lambda part: _post(part, base_url), (calls[i::in_flight] for i in range(in_flight))
            )
        )
    return time.perf_counter() - start


def _post(calls: list[Call], base_url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc)
    for call in calls:
        body = json.dumps({"model": "tiny", "messages": [dict(m) for m in call.messages]})
        connection.request("POST", "/v1/chat/completions", body)
        connection.getresponse().read()
    connection.close()


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds per question")
    parser.add_argument("--capacity", type=int, default=16, help="questions at once")
    parser.add_argument("--in-flight", type=int, default=16)
    options = parser.parse_args()
    found = measure(options.calls, options.latency, options.capacity, options.in_flight)
    figures = {name: round(value, 2) for name, value in asdict(found).items()}
    print(json.dumps(figures | {"ratio": round(found.ratio, 2)}))


if __name__ == "__main__":
    main()
