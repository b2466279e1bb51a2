"""``progress.jsonl``: what a run measured while it worked, for curves and the time that is left.

A sitting of a run that was resumed begins with a line that says so, before anything is loaded: the
time since the line above was no work. Once the stages are known, a line names them with their usual
shares of the time; every other line is a report. Reports come many times per second; one in
``SECONDS_BETWEEN`` is kept of those that tell the same things, so that the rare ones with a value
on validation are not lost among the others.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.services.run_folder import PROGRESS, now, plain
from core.types import Progress

SITTING: Final = "sitting"
"""Key of the line with which a further sitting begins."""
SECONDS_BETWEEN: Final = 0.25
"""Shortest time between two lines of the same kind at the start of a sitting."""
LINES_PER_KIND: Final = 400
"""The longer a sitting, the rarer the lines: about so many in each stretch as long as all before,
so that a run of days can still be read every second."""


class ProgressFile:
    """Appends to ``progress.jsonl`` of a run folder; that it cannot never stops the run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROGRESS
        self._began = time.monotonic()
        self._written: dict[tuple[str, ...], float] = {}

    def go_on(self) -> None:
        """Say that a further sitting begins; nothing is written in the first one."""
        if self._path.exists():
            self._append({"at": now(), SITTING: True}, "\n")

    def begin(self, stages: Sequence[tuple[str, float]]) -> None:
        """Name the stages; a line that an earlier sitting left unfinished is closed."""
        self._append({"at": now(), "stages": [[name, share] for name, share in stages]}, "\n")

    def report(self, progress: Progress) -> None:
        """Keep a report, unless one that told the same things was kept just before."""
        ends = f"{progress.fraction <= 0.0} {progress.fraction >= 1.0}"
        part = f"{progress.values.get('part')}"  # two that train at once tell the same things
        kind = (progress.stage, part, ends, *sorted(progress.values))
        moment = time.monotonic()
        between = max(SECONDS_BETWEEN, (moment - self._began) / LINES_PER_KIND)
        if moment - self._written.get(kind, -between) < between:
            return
        self._written[kind] = moment
        values = {name: round(float(value), 6) for name, value in progress.values.items()}
        line = {"at": now(), "stage": progress.stage, "fraction": round(progress.fraction, 4)}
        self._append({**line, "values": plain(values)} if values else line)

    def _append(self, line: dict[str, object], before: str = "") -> None:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, f"{before}{json.dumps(line, allow_nan=False)}\n".encode())
            finally:
                os.close(descriptor)
        except OSError:
            return  # the run's own files tell that the disk is full
