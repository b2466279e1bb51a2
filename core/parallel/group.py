"""The processes of one run, and what they tell each other.

Every process runs the same program with the same seed; random draws are made on the CPU and are
the same everywhere. What is decided from exchanged numbers (negatives, early stop) has to be the
same everywhere too, so numbers are added in the order of the processes, never in that of a
reduction, which libraries choose by size and topology.

Shape letters: N rows, D columns, P processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from core.errors import WorkbenchError

ROWS_AT_ONCE = 2**20
"""Rows of a table that are exchanged at a time: bounds the room for what the others sent."""
BYTES_AT_ONCE = 2**28
"""Of a message."""


class ProcessLostError(WorkbenchError):
    """Another process of the run ended; its own message says why."""


class Group:
    """P processes that train one model.

    Args:
        rank: Number of this process, 0..P-1. Process 0 alone writes files.
        size: P; with one process every method gives back what it was given.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def writes(self) -> bool:
        """Whether files are this process's business."""
        return self.rank == 0

    def part(self, n: int, rank: int | None = None) -> slice:
        """Which of n things a process has, this one if none is named; sizes differ by 1 at most."""
        rank = self.rank if rank is None else rank
        return slice(n * rank // self.size, n * (rank + 1) // self.size)

    def sum(self, value: Tensor) -> Tensor:
        """Sum over processes, in their order: the same bits everywhere."""
        if self.size == 1:
            return value
        return reduce(torch.add, self._gather(value))

    def combined(self, value: Tensor) -> Tensor:
        """Sum of tensors that are zero but for the part of each process; no order to keep."""
        if self.size > 1:
            with reaching():
                distributed.all_reduce(value)
        return value

    def columns(self, own: Tensor, n_columns: int) -> Tensor:
        """Put the columns of all processes side by side, ``(N, own)`` to ``(N, D)``."""
        if self.size == 1:
            return own
        parts = [self.part(n_columns, rank) for rank in range(self.size)]
        widest = max(part.stop - part.start for part in parts)
        whole = own.new_empty(len(own), n_columns)
        for start in range(0, len(own), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            block = torch.nn.functional.pad(own[rows], (0, widest - own.shape[1]))
            for part, sent in zip(parts, self._gather(block), strict=True):
                whole[rows, part] = sent[:, : part.stop - part.start]
        return whole

    def rows(self, own: Tensor, n_rows: int) -> Tensor:
        """Put the rows of all processes below each other, ``(own, D)`` to ``(N, D)``."""
        if self.size == 1:
            return own
        parts = [self.part(n_rows, rank) for rank in range(self.size)]
        most = max(part.stop - part.start for part in parts)
        padded = own.new_zeros(most, *own.shape[1:])
        padded[: len(own)] = own
        sent = self._gather(padded)
        return torch.cat(
            [one[: part.stop - part.start] for part, one in zip(parts, sent, strict=True)]
        )

    def agree(self, value: int) -> bool:
        """Whether all processes have the same number."""
        return len({int(one) for one in self._gather(torch.tensor(value))}) == 1

    def tell(self, arrays: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
        """Send arrays from process 0 to all others, who call this without any.

        Raises:
            ValueError: For an array of objects, which would have to be pickled.
        """
        content = b""
        if arrays is not None:
            file = BytesIO()
            np.savez(file, allow_pickle=False, **{k: np.asarray(v) for k, v in arrays.items()})
            content = file.getvalue()
        length = torch.tensor(len(content))
        self._broadcast(length)
        message = torch.empty(int(length), dtype=torch.uint8)
        if arrays is not None:
            message.copy_(torch.from_numpy(np.frombuffer(bytearray(content), np.uint8)))
        for block in torch.split(message, BYTES_AT_ONCE):
            self._broadcast(block)
        with np.load(BytesIO(message.numpy().tobytes()), allow_pickle=False) as sent:
            return dict(sent)

    def _gather(self, value: Tensor) -> list[Tensor]:
        """The tensors of all processes, of one shape."""
        value = value.detach().contiguous()
        if self.size == 1:
            return [value]
        sent = [torch.empty_like(value) for _ in range(self.size)]
        with reaching():
            distributed.all_gather(sent, value)
        return sent

    def _broadcast(self, value: Tensor) -> None:
        if self.size > 1:
            with reaching():
                distributed.broadcast(value, 0)


ALONE = Group()
"""One process: nobody to tell anything."""
_CURRENT: list[Group] = [ALONE]


def current() -> Group:
    """The processes that this one works with."""
    return _CURRENT[-1]


@contextmanager
def working_in(group: Group) -> Iterator[Group]:
    """Make a group the current one while the block runs."""
    _CURRENT.append(group)
    try:
        yield group
    finally:
        _CURRENT.pop()


@contextmanager
def reaching() -> Iterator[None]:
    """Say in plain words that another process is gone.

    Raises:
        ProcessLostError: If the others cannot be reached.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ProcessLostError(
            "another process of this run ended, see its own message. What is finished is kept: "
            "mend the cause, then resume the run"
        ) from error
