"""Why a job could not go on, in words that say what to do."""

from __future__ import annotations

import errno
import json
import re
import shutil
from pathlib import Path
from typing import Final

from core.errors import WorkbenchError

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NOT_WRITABLE: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
MOST_BYTES: Final = 2500
"""Of a message as it is written: the status has to fit into one block of a disk (4 KiB with all its
other fields), see ``StatusFile.fail``. In JSON a letter may take twelve bytes."""
LEAST_FREE: Final = 1_000_000
"""Bytes below which a failed write is blamed on the disk."""
UNEXPECTED: Final = "Unexpected"
NO_MEMORY: Final = (
    "There was not enough memory. Close other programs, choose another device, or make the run "
    "smaller: fewer users or items (k-core when preparing), smaller batches or vectors."
)
NO_SPACE: Final = (
    "Earlier runs are as they were. Free some space (old runs, or the folder cache, which may be "
    "deleted at any time), then resume the run: it goes on where it stopped."
)
_MEMORY: Final = re.compile(r"out of memory|(can't|cannot) allocate memory", re.IGNORECASE)
_NO_SPACE: Final = re.compile(
    r"no space left|file too large|requested and \d+ written|PytorchStreamWriter failed",
    re.IGNORECASE,
)
"""Words of the system, of NumPy and of PyTorch."""


def reason(error: BaseException, folder: Path | None = None) -> str:
    """Say why a job failed, and what to do about it.

    Args:
        error: What stopped it.
        folder: Where it wrote; libraries that save arrays hide that a disk is full.
    """
    return _short(_reason(error, folder))


def first_line(error: BaseException) -> str:
    """The first line of an error, or its name if it says nothing; others hold queries and paths."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def is_known(reason: str) -> bool:
    """Whether a reason says all there is to say: the lines of the program add nothing."""
    return not reason.startswith(UNEXPECTED)


def _short(message: str) -> str:
    """The beginning of a message that fits, whole letters alone."""
    n_bytes = 0
    for place, letter in enumerate(message):
        n_bytes += len(json.dumps(letter)) - 2  # without the quotes
        if n_bytes > MOST_BYTES:
            return message[:place]
    return message


def _reason(error: BaseException, folder: Path | None) -> str:
    if isinstance(error, WorkbenchError):
        return str(error)
    if _is_memory(error):
        return NO_MEMORY
    if _is_full(error, folder):
        return f"There is no space left to write to{_where(error)}. {NO_SPACE}"
    if isinstance(error, FileNotFoundError):
        return (
            f"A file is gone{_where(error)}. If the dataset was deleted, prepare it again under "
            "the same name, then resume the run."
        )
    if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
        return (
            f"Something may not be read or written{_where(error)}: {error.strerror}. Mend that, "
            "then resume the run."
        )
    return f"{UNEXPECTED} {type(error).__name__}: {error}"


def _is_memory(error: BaseException) -> bool:
    """Whether memory ran out; PyTorch has no type of its own for that on the CPU."""
    told = isinstance(error, RuntimeError | OSError) and _MEMORY.search(str(error))
    return isinstance(error, MemoryError) or bool(told)


def _is_full(error: BaseException, folder: Path | None) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in FULL
    if not isinstance(error, OSError | RuntimeError):
        return False
    if _NO_SPACE.search(str(error)):
        return True
    try:
        return folder is not None and shutil.disk_usage(folder).free < LEAST_FREE
    except OSError:
        return False


def _where(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    return f" ({name})" if name else ""
