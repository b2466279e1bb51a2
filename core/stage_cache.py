"""Results of stages kept for later runs, found by what went into them.

A file ``<key>.npz`` is a finished stage; :mod:`core.stage_keys` makes the keys. Files come and go
by one system call each (a link or a copy under another name, then a rename), so several processes
may fetch, store and remove at once. A cache may lose anything at any time: that costs time alone.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

LARGEST = 4 * 2**30
"""Bytes of all kept stages together; above that the one whose last use is longest ago goes [D]."""
ABANDONED = 24 * 3600.0
"""Seconds after which an unfinished copy is taken for one whose process was killed."""


class StageCache:
    """Finished stages of all runs of a workspace.

    Args:
        folder: Where they are kept; made when the first one is stored.
        largest: Bytes that they may take together.
    """

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        self.folder, self.largest = folder, largest

    def fetch(self, key: str, target: Path) -> bool:
        """Put the file of ``key`` at ``target``; ``False`` if there is none."""
        source = self._path(key)
        try:
            os.utime(source)  # used just now; the order in which files go
            _place(source, target)
        except OSError:
            return False
        return True

    def store(self, key: str, source: Path) -> None:
        """Keep a finished file; a disk that is full or read-only is no reason to fail."""
        with suppress(OSError):
            if source.stat().st_size > self.largest:
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            _place(source, self._path(key))
            os.utime(self._path(key))
            self._make_room()

    def forget(self, key: str) -> None:
        """Remove a file that turned out damaged."""
        with suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"

    def _make_room(self) -> None:
        """Remove what was not used for longest until the rest fits, and abandoned copies."""
        found = []
        for path in self.folder.iterdir():
            with suppress(OSError):  # another process may have removed it
                state = path.stat()
                if path.suffix == ".npz":
                    found.append((state.st_mtime_ns, path.name, state.st_size))
                elif path.suffix == ".tmp" and time.time() - state.st_mtime > ABANDONED:
                    path.unlink(missing_ok=True)
        total = sum(size for _, _, size in found)
        for _, name, size in sorted(found):
            if total <= self.largest:
                break
            with suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)
                total -= size


def _place(source: Path, target: Path) -> None:
    """Link a file, or copy it where links do not work; ``target`` is whole at any time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    try:
        try:
            os.link(source, aside)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)  # a rename onto another link of the same file does nothing
