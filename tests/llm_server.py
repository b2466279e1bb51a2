"""A loopback server that speaks the OpenAI protocol, with scripted faults.

``with serve(grader, faults=...) as server: server.base_url``. It knows ``/chat/completions``,
``/models`` and ``/embeddings``, and counts what it was asked. Also a process of its own:
``python -m tests.llm_server --latency 0.05 --capacity 16`` prints its address, and then what it
counted to who asks ``/counts``.
"""

from __future__ import annotations

import argparse
import base64
import json
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.llm_faults import (  # noqa: F401 - one import for who scripts a server
    FAULTS,
    MALFORMED,
    RETRY,
    Messages,
    Request,
    always,
    first_tries,
    key_of,
    no_faults,
    script,
)
from tests.llm_replies import Grader, completion, grade_all, vector


@dataclass(frozen=True)
class Settings:
    """What the server is like."""

    models: tuple[str, ...] = ("tiny",)
    formats: tuple[str, ...] = ("json_schema", "json_object")
    """``response_format`` types it knows; others are answered with 400."""
    ignores_formats: bool = False
    """Takes every ``response_format`` and answers in prose around the JSON."""
    key: str = ""
    """API key it wants; empty = any."""
    latency: float = 0.0
    """Seconds per completion."""
    capacity: int = 256
    """Completions at once; the others queue."""
    slow: float = 0.5
    """Seconds until the first byte after the fault ``slow``."""
    retry_after: float = 0.05
    """Seconds in ``retry-after`` (rounded up) and ``retry-after-ms``."""


@dataclass
class State:
    """What the server has seen."""

    requests: list[Request] = field(default_factory=list)
    asked: Counter = field(default_factory=Counter)
    """Requests per key, faults included."""
    finished: Counter = field(default_factory=Counter)
    """Replies per key that were sent whole (status 200, well-formed HTTP): what costs money."""
    embedded: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0


_ERRORS = {
    "429": "rate_limit_exceeded", "500": "server_error", "503": "overloaded",
    "400": "invalid_request", "401": "invalid_api_key", "404": "model_not_found",
}  # fmt: skip


class LLMServer(ThreadingHTTPServer):
    """The server; ``routes`` takes more paths: (method, path after /v1) -> function of handler."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, grader, faults, settings: Settings) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.grader, self.faults, self.settings = grader, faults, settings
        self.state, self.lock, self.closing = State(), threading.Lock(), threading.Event()
        self.slots = threading.Semaphore(settings.capacity)
        self.routes: dict[tuple[str, str], Callable[[Any], None]] = {
            ("GET", "/models"): _Handler.models,
            ("POST", "/chat/completions"): _Handler.completions,
            ("POST", "/embeddings"): _Handler.embeddings,
            ("GET", "/counts"): _Handler.counts,
        }

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address) -> None:
        """Clients that hang up are no news."""

    def record(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        key = key_of(body["messages"])
        with self.lock:
            state = self.state
            request = Request(len(state.requests), key, state.asked[key], body, headers)
            state.requests.append(request)
            state.asked[key] += 1
            state.in_flight += 1
            state.most_in_flight = max(state.most_in_flight, state.in_flight)
        return request

    def leave(self) -> None:
        with self.lock:
            self.state.in_flight -= 1


@contextmanager
def serve(
    grader: Grader | None = None,
    faults: Callable[[Request], str] = no_faults,
    **settings: Any,
) -> Iterator[LLMServer]:
    """A server on a free port of 127.0.0.1 until the block ends; see :class:`Settings`."""
    server = LLMServer(grader or grade_all("High"), faults, Settings(**settings))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    server: LLMServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.content = b""
        self._route("GET")

    def do_POST(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("content-length", 0)))
        self._route("POST")

    def _route(self, method: str) -> None:
        path = self.path.split("?")[0].removeprefix("/v1")
        key = self.server.settings.key
        if key and self.headers.get("authorization") != f"Bearer {key}":
            return self.error(401, "Incorrect API key provided", "invalid_api_key")
        route = self.server.routes.get((method, path))
        return route(self) if route else self.error(404, f"no such path: {path}", "not_found")

    def reply(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def json(self, value: object) -> None:
        self.reply(200, json.dumps(value).encode())

    def error(self, status: int, message: str, code: str, **headers: str) -> None:
        error = {"error": {"message": message, "type": "error", "code": code}}
        self.reply(status, json.dumps(error).encode(), **headers)

    def models(self) -> None:
        listed = [{"id": name, "object": "model"} for name in self.server.settings.models]
        self.json({"object": "list", "data": listed})

    def counts(self) -> None:
        state = self.server.state
        with self.server.lock:
            self.json(
                {
                    "asked": state.asked,
                    "finished": state.finished,
                    "most_in_flight": state.most_in_flight,
                }
            )

    def embeddings(self) -> None:
        body = json.loads(self.content)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        with self.server.lock:
            self.server.state.embedded += texts
        rows = [vector(text) for text in texts]
        if body.get("encoding_format") == "base64":
            rows = [base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode() for row in rows]
        data = [
            {"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self.json({"object": "list", "data": data, "model": body["model"], "usage": usage})

    def completions(self) -> None:
        body = json.loads(self.content)
        wanted = (body.get("response_format") or {}).get("type", "text")
        settings = self.server.settings
        if body["model"] not in settings.models:
            return self.error(404, f"model {body['model']} does not exist", "model_not_found")
        if wanted not in ("text", *settings.formats) and not settings.ignores_formats:
            return self.error(400, f"response_format {wanted} is not supported", "unsupported")
        request = self.server.record(body, {name.lower(): v for name, v in self.headers.items()})
        try:
            return self._answer(request, self.server.faults(request))
        finally:
            self.server.leave()

    def _answer(self, request: Request, fault: str) -> None:
        if fault in ("hang", "drop"):
            return self._vanish(wait=fault == "hang")
        if fault[:3] in _ERRORS and fault != "":
            return self._fail(fault)
        settings = self.server.settings
        with self.server.slots:
            self.server.closing.wait(settings.slow if fault == "slow" else settings.latency)
        content = completion(request, fault, self.server.grader, settings.ignores_formats)
        if fault == "truncated-http":
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            return self._vanish(wait=False)
        if fault not in ("not-utf8", "not-http-json"):
            with self.server.lock:
                self.server.state.finished[request.key] += 1
        return self.reply(200, content)

    def _vanish(self, wait: bool) -> None:
        if wait:
            self.server.closing.wait(3600)
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(2)

    def _fail(self, fault: str) -> None:
        seconds = self.server.settings.retry_after
        status, code = int(fault[:3]), _ERRORS[fault[:3]]
        headers = {
            "429-retry-after": {"retry_after": str(max(1, round(seconds)))},
            "429-retry-after-ms": {"retry_after_ms": str(round(seconds * 1000))},
        }.get(fault, {})
        code = "insufficient_quota" if fault == "429-no-money" else code
        self.error(status, f"scripted {fault}", code, **headers)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--capacity", type=int, default=256)
    options = parser.parse_args()
    with serve(latency=options.latency, capacity=options.capacity) as server:
        print(server.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
