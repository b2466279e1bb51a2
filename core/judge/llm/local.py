"""A model file on this machine, served over the loopback for as long as it is needed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from core.errors import ConfigError, JudgeError
from core.judge.llm.call import Endpoint

GGUF = b"GGUF"
"""First bytes of a model file."""
PART = re.compile(r"-00001-of-(\d{5})\.gguf$")
"""End of the name of the first of several files that are one model."""
NOT_FOR_THE_SERVER = re.compile(r"API_KEY|TOKEN|SECRET|PASSWORD|^OMP_NUM_THREADS$|^LLAMA_ARG_")
"""Environment that the server does not see: keys it does not need, and settings of others."""


@contextmanager
def serve(
    path: Path,
    n_slots: int = 4,
    context: int = 4096,
    *,
    embeddings: bool = False,
    temperature: float = 0.0,
    seed: int = 0,
    start_within: float = 600.0,
) -> Iterator[Endpoint]:
    """Serve a GGUF file on 127.0.0.1, at a free port and behind a random key.

    Args:
        path: The model; of a model in several files, the first one.
        n_slots: Calls answered side by side; more than that wait in the server.
        context: Tokens of a call, prompt and reply together. Memory grows with
            ``n_slots * context``.
        embeddings: Serve embeddings (mean over tokens) in place of chat.
        temperature: Of the endpoint.
        seed: Of the endpoint.
        start_within: Seconds until a model that is not loaded is given up.

    Yields:
        The endpoint. Its ``place`` and ``model`` depend on the content of the file alone, so that
        call keys hold over ports, folders and machines.

    Raises:
        ConfigError: If there is no such model file, or the engine is not installed.
        JudgeError: If the model cannot be loaded, or the server ended while it was asked.
    """
    model = model_name(path)
    _check_engine()
    key = secrets.token_urlsafe(32)
    order = {"path": str(path.resolve()), "model": model, "api_key": key, "n_slots": n_slots}
    order |= {"context": context, "embeddings": embeddings, "n_threads": _n_threads()}
    with tempfile.TemporaryFile() as log:
        process = _spawn(log)
        try:
            base_url = _ordered(process, order, log, path, start_within)
            with _told_of_its_end(process, log, path):
                yield Endpoint(base_url, model, key, temperature, seed, place=f"local:{model}")
        finally:
            _stop(process)


@contextmanager
def _told_of_its_end(
    process: subprocess.Popen[bytes], log: IO[bytes], path: Path
) -> Iterator[None]:
    """Say of an endpoint that cannot be reached that its process is gone."""
    try:
        yield
    except JudgeError as error:
        if _runs_on(process):
            raise
        raise JudgeError(
            f"the server of {path.name} ended while it was asked ({_complaint(log)}). What was "
            "answered is kept: start again, with fewer calls in flight or a smaller model if "
            "memory ran out."
        ) from error


def _runs_on(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process is there to stay; one with many threads takes a moment to be gone."""
    try:
        process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return True
    return False


def model_name(path: Path) -> str:
    """File name without its ending and the first letters of the content's sha256.

    Raises:
        ConfigError: If the file is not there or is no GGUF file.
    """
    parts = _parts(path)
    for part in parts:
        _check_file(part)
    states = tuple((str(part), part.stat().st_size, part.stat().st_mtime_ns) for part in parts)
    return f"{PART.sub('', path.name).removesuffix('.gguf')}-{_digest(states)[:12]}"


def check(path: Path) -> None:
    """Look for the engine and the model without loading either.

    Raises:
        ConfigError: If the engine is not installed, or a part of the model is missing or no GGUF.
    """
    _check_engine()
    for part in _parts(path):
        _check_file(part)


def _parts(path: Path) -> list[Path]:
    found = PART.search(path.name)
    if found is None:
        return [path]
    stem, n = path.name[: found.start()], int(found[1])
    return [path.with_name(f"{stem}-{part:05d}-of-{n:05d}.gguf") for part in range(1, n + 1)]


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(GGUF))
    except OSError as error:
        raise ConfigError(
            f"the model file {path} cannot be read ({error.strerror}). Set judge.llm.model_file "
            "or LLMHNI_LLM_FILE to a GGUF file."
        ) from error
    if start != GGUF:
        raise ConfigError(
            f"{path} is no GGUF file. Set judge.llm.model_file or LLMHNI_LLM_FILE to a model in "
            "the format of llama.cpp; docs/judges.md names some."
        )


def _check_engine() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError(
            "the engine for local models is not installed. Run "
            "'pip install -r requirements-llm.txt', or set judge.kind to 'openai' and "
            "judge.llm.base_url to a server of your own."
        )


@lru_cache(maxsize=16)
def _digest(states: tuple[tuple[str, int, int], ...]) -> str:
    """Sha256 over the content of files; size and time are there to notice a change."""
    digest = hashlib.sha256()
    for name, _size, _time in states:
        with open(name, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _n_threads() -> int:
    """One core is left to who asks: the threads work in step, and all wait for a delayed one."""
    able = hasattr(os, "sched_getaffinity")
    n_cores = len(os.sched_getaffinity(0)) if able else os.cpu_count() or 1
    return max(1, n_cores - 1)


def _spawn(log: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not NOT_FOR_THE_SERVER.search(k)}
    program = Path(__file__).with_name("local_server.py")
    return subprocess.Popen(
        [sys.executable, "-P", str(program)],  # -P: its neighbours here shadow no package
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=environment,
        start_new_session=True,  # an interrupt at the terminal is the parent's to handle
    )


def _ordered(
    process: subprocess.Popen[bytes],
    order: dict[str, object],
    log: IO[bytes],
    path: Path,
    start_within: float,
) -> str:
    """Hand over the order (the key with it: arguments can be seen by all) and await the address."""
    late = threading.Timer(start_within, process.kill)
    late.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(order).encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        line = process.stdout.readline()  # type: ignore[union-attr]
    finally:
        late.cancel()
    answer = json.loads(line) if line else {"error": f"nothing was served in {start_within:g} s"}
    if "base_url" in answer:
        return str(answer["base_url"])
    process.wait()
    raise _not_loaded(path, answer["error"], log)


def _not_loaded(path: Path, error: str, log: IO[bytes]) -> JudgeError:
    return JudgeError(
        f"{path.name} cannot be served: {_complaint(log) or error}. Check that the file is "
        "complete, that this version of xllamacpp knows its kind of model, and that it fits "
        "into memory together with judge.llm.in_flight contexts."
    )


def _complaint(log: IO[bytes]) -> str:
    """The line of the server's log that says most, bounded; the log holds no texts."""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines()]
    told = [line for line in lines if line]
    telling = [line for line in told if "error loading model" in line]
    return (telling or told or [""])[-1][-200:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        process.stdin.close()  # type: ignore[union-attr]
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()  # type: ignore[union-attr]
