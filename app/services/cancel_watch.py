"""Looks for a request to stop while a run works, also where the work itself does not come to look.

Stages look at every report of their progress. Some are silent for long: libraries that load, a map
that is laid out. Then the process ends at once; stages keep what they finished, so nothing is lost
that could not be made again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOK_S: Final = 0.2
GRACE_S: Final = 0.9
"""Time that a stage has to come to look by itself."""


class CancelWatch:
    """Watches for a file; a thread, ended with :meth:`close`.

    Args:
        flag: File whose appearance asks to stop.
        on_stuck: Called in the thread when nobody looked for ``GRACE_S``; None = keep waiting.
    """

    def __init__(self, flag: Path, on_stuck: Callable[[], None] | None = None) -> None:
        self._flag, self._on_stuck = flag, on_stuck
        self._asked, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cancel-watch", daemon=True)
        self._thread.start()

    @property
    def asked(self) -> bool:
        """Whether it was asked to stop."""
        return self._asked.is_set()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_S):
            if self._flag.exists():
                self._asked.set()
                self._wait_for_a_look()
                return

    def _wait_for_a_look(self) -> None:
        end = time.monotonic() + GRACE_S
        while time.monotonic() < end:
            if self._closed.wait(0.05):
                return
        if self._on_stuck is not None:
            self._on_stuck()
