"""Memory of one training step, kept for the next.

Every step allocates and frees the same few tables of N rows. The C library hands tables of this
size back to the system at once, and the next step then faults them in page by page: 21,000 faults
a step on a graph of 70,000 nodes, which cost a third of its time.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
KEPT: Final = 2**31 - 1
"""Bytes of free memory that stay with the process; the most that can be asked for."""
LARGEST: Final = (2**30, 2**25)
"""Bytes of the largest block that is kept; above it a block is given back when it is freed. Older
versions refuse the first."""


@cache
def keep_freed_memory() -> bool:
    """Ask the allocator of this process to keep what is freed.

    Returns:
        Whether it will; False where the C library is not glibc, and nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    ask = getattr(ctypes.CDLL(None), "mallopt", None)
    if ask is None:  # such as musl
        return False
    # Threads would have heaps of their own, of 64 MiB at most, and map anything larger every time.
    ask(_ARENA_MAX, 1)
    large = any(ask(_MMAP_THRESHOLD, size) for size in LARGEST)  # the first that is taken
    return bool(ask(_TRIM_THRESHOLD, KEPT)) and large


def give_back_freed_memory() -> None:
    """Give the system what is free now.

    To build a graph takes more memory than to keep it, and what that leaves lies between tables
    that stay, where the larger ones of a training may not fit. Nothing where it cannot be asked.
    """
    if keep_freed_memory():
        ctypes.CDLL(None).malloc_trim(0)
