"""What is known of batches that were handed in: one state and one requests file each, on disk.

A batch outlives the process that hands it in, so each step is written down before the next: after
kill -9 the same batch is gone on with, and none is handed in twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

MOST_REQUESTS: Final = 50_000
"""Per file (OpenAI, Batch API reference)."""
MOST_BYTES: Final = 190_000_000
"""Per file; OpenAI's limit is 200 MB."""


class BatchState(BaseModel):
    """How far a batch is."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Hash of what is asked; names both files."""
    place: str
    """Address that it is handed in to."""
    keys: tuple[str, ...]
    """``custom_id`` of each request."""
    file_id: str = ""
    """Empty until the requests are uploaded."""
    batch_id: str = ""
    """Empty until the batch is known to be made."""
    status: str = "written"
    """As the endpoint says, once it does."""
    n_done: int = 0
    """Requests that the endpoint has finished."""
    fetched: bool = False
    """Whether all results are in the store; nothing is asked of the endpoint any more."""
    error: str = ""


class BatchFolder:
    """The batches beside a store.

    Args:
        folder: Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from handing in or fetching; the lock ends with the process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def open_states(self, place: str) -> list[BatchState]:
        """Batches of an address whose results are not all fetched, by name."""
        found = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        return [s for s in found if s is not None and s.place == place and not s.fetched]

    def requests(self, state: BatchState) -> Path:
        """The requests file of a batch."""
        return self.folder / f"{state.name}.jsonl"

    def write(self, place: str, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> list[BatchState]:
        """Write requests (custom_id and body), as few files as the limits allow."""
        return [self._written(place, part) for part in _parts(lines)]

    def save(self, state: BatchState) -> BatchState:
        """Keep a state, in place of the earlier one of that name."""
        self._replace(self.folder / f"{state.name}.json", state.model_dump_json().encode())
        return state

    def _written(self, place: str, lines: list[tuple[str, bytes]]) -> BatchState:
        keys = tuple(key for key, _ in lines)
        name = hashlib.sha256("\n".join((place, *keys)).encode()).hexdigest()[:16]
        state = BatchState(name=name, place=place, keys=keys)
        self._replace(self.requests(state), b"".join(line for _, line in lines))
        return self.save(state)

    def _read(self, path: Path) -> BatchState | None:
        try:
            return BatchState.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def _replace(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        aside.write_bytes(content)
        os.replace(aside, path)


def _parts(lines: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[list[tuple[str, bytes]]]:
    part: list[tuple[str, bytes]] = []
    size = 0
    for key, body in lines:
        request = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        line = json.dumps(request).encode() + b"\n"
        if part and (len(part) == MOST_REQUESTS or size + len(line) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append((key, line))
        size += len(line)
    if part:
        yield part
