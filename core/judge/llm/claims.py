"""Who asks what just now: locks that the kernel gives back when a process dies.

One byte of one file per call, at a place given by its key. On Linux the locks belong to the open
file rather than to the process, so two stores in one process keep each other out as well.
"""

from __future__ import annotations

import fcntl
import os
import struct
import weakref
from pathlib import Path
from threading import Lock
from typing import Final

_BY_FILE: Final = getattr(fcntl, "F_OFD_SETLK", None)
_PLACE_DIGITS: Final = 15
"""Hex digits of a key that give its place: below 2^60, as a place in a file must be below 2^63."""


class Claims:
    """Claims of one user of a store.

    Args:
        path: File of the locks; nothing is ever written to it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._held, self._guard = path, set[str](), Lock()
        self._file: int | None = None

    def claim(self, key: str) -> bool:
        """Take the claim to a call; False if it is taken, here or in another process."""
        with self._guard:
            if key in self._held or not self._lock(key, fcntl.F_WRLCK):
                return False
            self._held.add(key)
            return True

    def release(self, key: str) -> None:
        """Give a claim back; nothing happens if it is not held here."""
        with self._guard:
            if key in self._held:
                self._held.remove(key)
                self._lock(key, fcntl.F_UNLCK)

    def _lock(self, key: str, kind: int) -> bool:
        place = int(key[:_PLACE_DIGITS], 16)
        try:
            if _BY_FILE is None:
                how = fcntl.LOCK_UN if kind == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
                fcntl.lockf(self._open(), how, 1, place)
            else:
                lock = struct.pack("hhqqi0q", kind, os.SEEK_SET, place, 1, 0)
                fcntl.fcntl(self._open(), _BY_FILE, lock)
        except (BlockingIOError, PermissionError):  # taken; which of the two depends on the system
            return False
        return True

    def _open(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            weakref.finalize(self, os.close, self._file)
        return self._file
