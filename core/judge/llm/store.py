"""What was paid for: one file per finished call, found by its key, for several processes at once.

``<folder>/<first two digits>/<key>.json`` appears by one rename, so it is whole or not there, also
after kill -9. Keys of endpoints and headers are never among what is kept.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import JudgeError
from core.judge.llm.call import Mode, Outcome, Usage
from core.judge.llm.claims import Claims
from core.judge.llm.wire import Ending

KEY: Final = re.compile("[0-9a-f]{64}")
REPLIES: Final = 2
"""Replies to a call at most: one, and one more if that is malformed."""


class Stored(BaseModel):
    """One call and its last reply."""

    model_config = ConfigDict(frozen=True)

    key: str
    prompt: str
    """Name and version of the template."""
    model: str
    """As the settings name it."""
    served_by: str
    """As the server names its model."""
    host: str
    messages: tuple[dict[str, str], ...]
    """The question."""
    text: str
    """The last reply, raw."""
    ending: Ending
    outcome: Outcome
    n_replies: int
    """Whole replies that were had, 1 or 2; a malformed first reply leaves one try."""
    mode: Mode
    usage: Usage
    """Of all replies."""
    seconds: float
    n_requests: int
    time: str
    """When the reply came, ISO 8601 in UTC."""

    @property
    def repair_is_due(self) -> bool:
        """Whether the reply is malformed and the model was not yet asked to mend it."""
        return self.outcome == "unparsed" and self.n_replies < REPLIES


class CallStore:
    """Finished calls in a folder.

    Args:
        folder: Where they are kept; made when the first call is claimed or kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claims = Claims(folder / "claims")

    def get(self, key: str) -> Stored | None:
        """What is kept of a call; None if nothing is, or its file is damaged.

        Raises:
            JudgeError: If a file is there and cannot be read: what it holds was paid for.
        """
        try:
            found = Stored.model_validate_json(self._path(key).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        except OSError as error:
            raise JudgeError(
                f"an answer in {self.folder} cannot be read ({error.strerror}): make it readable, "
                "then start again; asking once more would be paid for twice"
            ) from error
        return found if found.key == key else None

    def put(self, stored: Stored) -> None:
        """Keep a call, in place of what was kept of it.

        Raises:
            JudgeError: If the disk does not take it.
        """
        path = self._path(stored.key)
        aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        content = stored.model_dump_json().encode()
        try:
            try:
                aside.write_bytes(content)
            except FileNotFoundError:  # the first of its folder
                path.parent.mkdir(parents=True, exist_ok=True)
                aside.write_bytes(content)
            os.replace(aside, path)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise JudgeError(
                f"answers cannot be kept in {self.folder} ({error.strerror}): make room there or "
                "make it writable, then start again; nothing more is asked until then"
            ) from error

    def claim(self, key: str) -> bool:
        """Take on a call, so that nobody else pays for it; False if somebody has.

        A claim ends with :meth:`release`, or with the process. Look once more with :meth:`get`
        after a claim: whoever had it before may just have finished.

        Raises:
            JudgeError: If the folder cannot be used.
        """
        self._path(key)
        try:
            return self._claims.claim(key)
        except OSError as error:
            raise JudgeError(
                f"{self.folder} cannot be used to keep answers ({error.strerror}): choose a folder "
                "on a disk of this machine that is writable"
            ) from error

    def release(self, key: str) -> None:
        """End a claim; a claim that is not held is none to end."""
        self._claims.release(key)

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):  # a key from elsewhere must not lead out of the folder
            raise ValueError("not the key of a call")
        return self.folder / key[:2] / f"{key}.json"
