"""Stages of a run of several processes: most are done by process 0, the trainings by all.

Process 0 keeps the stages as ever (:mod:`core.stages`) and tells the others whether a training is
to be done or was kept by an earlier sitting, and what they need of the stages before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from core.parallel.group import ALONE, Group, current
from core.stages import Arrays, Stages

JOINED: Final = frozenset({"pretrain", "out-of-fold", "train"})
"""Stages that all processes do together."""
NEEDED: Final[Mapping[str, tuple[str, ...] | None]] = {
    "start": None,
    "align": ("user", "item", "fold"),
    "pretrain": ("best_epoch",),
    "judge": None,
    "score": ("p_noisy",),
}
"""What later trainings read of a stage; None = everything."""
_NAME, _TOGETHER = "_name", "_together"


class LeadingStages(Stages):
    """Stages of process 0."""

    group: Group = ALONE
    _within = False

    def _get(self, name: str, compute: Callable[[], Arrays]) -> tuple[Arrays, float, bool]:
        if self._within or not (name in JOINED or name in NEEDED):
            return super()._get(name, compute)
        together = False

        def compute_together() -> Arrays:
            nonlocal together
            together = True
            self._announce(name, together)
            return compute()

        self._within = True  # parts of a stage are nobody else's business
        try:
            found = super()._get(name, compute_together if name in JOINED else compute)
        finally:
            self._within = False
        if name in JOINED and not together:
            self._announce(name, together)
        if name in NEEDED:
            names = NEEDED[name] or tuple(found[0])
            self.group.tell({key: found[0][key] for key in names} | {_NAME: name})
        return found

    def _announce(self, name: str, together: bool) -> None:
        self.group.tell({_NAME: name, _TOGETHER: together})


class FollowingStages:
    """The same stages as another process has them.

    Args:
        group: The processes.
    """

    def __init__(self, group: Group) -> None:
        self.group = group

    def hear(self, name: str) -> Arrays:
        """What this process needs of a stage that process 0 has done or found."""
        arrays = self._next(name)
        return {key: value for key, value in arrays.items() if key != _NAME}

    def join(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """Do a stage together, unless it was done; what :data:`NEEDED` has of it."""
        if bool(self._next(name)[_TOGETHER]):
            compute()
        return self.hear(name) if name in NEEDED else {}

    def _next(self, name: str) -> dict[str, np.ndarray]:
        arrays = self.group.tell()
        if str(arrays[_NAME]) != name:
            raise RuntimeError(f"process 0 is at {arrays[_NAME]}, this one at {name}")
        return arrays


def make_stages(
    folder: Path, cache: Path, keys: Mapping[str, str], on_reuse: Callable[[str], None]
) -> Stages:
    """Stages of this run, told to the other processes where there are any."""
    if current().size == 1:
        return Stages(folder, cache, keys, on_reuse)
    stages = LeadingStages(folder, cache, keys, on_reuse)
    stages.group = current()
    return stages
