"""Small trainings that need nothing of each other, two at a time.

A step of a small graph is many short operations, which PyTorch cannot divide among cores: it takes
two cores nearly as long as one. Here two trainings run in two threads, each with half of PyTorch's.
Each gives the numbers that it gives alone with as many cores, whichever ends first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, TypeAlias, TypeVar

import torch

from core.errors import Cancelled
from core.parallel.group import current
from core.progress import one_of
from core.types import OnProgress, Progress

T = TypeVar("T")
Training: TypeAlias = Callable[[OnProgress], T]
"""Is given whom to tell of its progress."""

AT_ONCE: Final = 2
"""Between operations Python lets one thread run: of more than two, some would always wait [D]."""
SMALL: Final = 300_000
"""Interactions up to which trainings run side by side. The steps of larger ones fill the cores by
themselves, and two trainings take the memory of two [D]."""


def side_by_side(
    trainings: Sequence[Training[T]],
    n_interactions: int,
    device: torch.device,
    on_progress: OnProgress,
    first: int = 0,
) -> list[T]:
    """Do all trainings, two at a time where that is faster.

    Args:
        trainings: They may not change anything that they share.
        n_interactions: Of the data that each is trained on, or as many as take the same memory.
        device: Where they run; on a GPU one comes after the other.
        on_progress: Told how far all of them are together, and as ``part`` which of them said so;
            never by two at a time.
        first: Number of the first part.

    Returns:
        What they returned, in their order.

    Raises:
        Exception: Of the training that failed first, or of ``on_progress``; the others end at
            their next report, and so they do after an interrupt, which waits for them.
    """
    n_threads = torch.get_num_threads()
    fitting = n_interactions <= SMALL and device.type == "cpu" and current().size == 1
    if not fitting or len(trainings) < AT_ONCE or n_threads < AT_ONCE:
        n = len(trainings)
        places = enumerate(trainings)
        return [do(one_of(on_progress, k, n, part=float(first + k))) for k, do in places]
    try:
        return _at_once(trainings, n_threads // AT_ONCE, _Reports(on_progress, trainings, first))
    finally:
        torch.set_num_threads(n_threads)  # threads that begin later take the last number set


def _at_once(trainings: Sequence[Training[T]], n_threads: int, reports: _Reports) -> list[T]:
    with ThreadPoolExecutor(AT_ONCE, "training", torch.set_num_threads, (n_threads,)) as pool:
        try:
            begun = [pool.submit(reports.follow, k, do) for k, do in enumerate(trainings)]
            return [training.result() for training in begun]
        except BaseException as error:  # of a training, or an interrupt while waiting for one
            reports.stop(error)
            pool.shutdown(cancel_futures=True)
            if reports.error is error:
                raise
    assert reports.error is not None  # outside the handler: what came first has its own cause
    raise reports.error


class _Reports:
    """Progress of trainings that run at once, and the word to stop.

    Args:
        on_progress: Told of the whole.
        trainings: All of them.
        first: Number of the first.
    """

    def __init__(
        self, on_progress: OnProgress, trainings: Sequence[Training[T]], first: int
    ) -> None:
        self._on_progress, self._first = on_progress, first
        self._done = [0.0] * len(trainings)
        self._lock = Lock()
        self.error: BaseException | None = None

    def follow(self, place: int, training: Training[T]) -> T:
        """Do one training; the others stop if it fails."""
        self._check()  # it may be one's turn before those to come are called off
        try:
            found = training(lambda progress: self._report(place, progress))
        except BaseException as error:
            self.stop(error)
            raise
        with self._lock:
            self._done[place] = 1.0  # one that a checkpoint finished had nothing to tell
        return found

    def stop(self, error: BaseException) -> None:
        """Have every training end at its next report; the first reason stands."""
        with self._lock:
            self.error = self.error or error

    def _report(self, place: int, progress: Progress) -> None:
        with self._lock:
            self._check()
            self._done[place] = progress.fraction
            values = {**progress.values, "part": float(self._first + place)}
            together = sum(self._done) / len(self._done)
            try:
                self._on_progress(Progress(progress.stage, together, values))
            except BaseException as error:  # before it unwinds: that may take a checkpoint's time
                self.error = error
                raise

    def _check(self) -> None:
        if self.error is not None:
            raise Cancelled("Another training of the stage has stopped.")
