"""Files that others use at the same time: written whole or not at all, and told from new ones."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Name of a new file beside ``path`` that nobody else writes; gone when the block ends.

    Not :func:`tempfile.mkstemp`: its files can be read by nobody but their owner, and would stay so
    under their last name. Sessions are threads of one process, so its id alone is no name.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield aside
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Name to write to; what is there when the block ends without an error becomes ``path``."""
    with beside(path) as aside:
        yield aside
        os.replace(aside, path)


def stamp(path: Path) -> tuple[str, int, int]:
    """What changes when a file does, as a key for keeping what was read from it.

    Returns:
        Its path, time of change (ns) and size (bytes); 0 where there is none.
    """
    try:
        told = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), told.st_mtime_ns, told.st_size
