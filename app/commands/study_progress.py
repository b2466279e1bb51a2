"""What ``study`` says: how much there is to do, what happens, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from app.commands.output import clean
from core.study.jobs import Estimate, all_cells, choices_in
from core.study.rows import Key, done_keys
from core.study.run import Event, Setup, Tally
from core.study.settings import Cell, StudyConfig
from core.study.variants import VARIANTS

MOST_NAMED: Final = 20
"""Failed cells that are named."""


def dry(
    plan: StudyConfig, setup: Setup, forgotten: frozenset[Key] | None, console: Console
) -> dict[str, Any]:
    """Say what there is, what is done, and how long the rest may take.

    Args:
        plan: What would be run.
        setup: Where and how.
        forgotten: Keys of rows that would be forgotten first; None = that is not asked for.
        console: Where to print.
    """
    cells, left = _cells(plan, setup, forgotten or frozenset())
    total: Counter[str] = Counter()
    n_done: Counter[str] = Counter()
    still = {id(cell) for cell in left}
    for cell in cells:
        group = cell.group
        place = f"{group.part:10} {group.data:16} {group.noise:10} {group.rate:<4g}"
        total[place] += 1
        n_done[place] += id(cell) not in still
    for place, n_cells in total.items():
        console.print(f"{place} {n_done[place]:5} of {n_cells:5} cells", markup=False)
    seconds = Estimate(setup.folder, setup.choices_from).cells(left) / setup.n_jobs
    if forgotten is not None:
        console.print(f"--fresh would forget {_count(forgotten)}, to be measured anew.")
    console.print(
        f"{len(cells) - len(left)} of {len(cells)} cells are done; the rest takes about "
        f"{span(seconds)} with {setup.n_jobs} at a time."
    )
    _say_choices(cells, setup, console)
    done = len(cells) - len(left)
    counts = {"cells": len(cells), "done": done, "forgotten": len(forgotten or ())}
    return {"ok": True, **counts, "seconds": seconds}


def say_forgotten(forgotten: frozenset[Key], copy: Path | None, console: Console) -> None:
    """Say which rows were forgotten, and where they still are."""
    kept = "" if copy is None else f" All rows as they were: {clean(copy)}"
    console.print(
        f"--fresh forgets {_count(forgotten)}, to be measured anew.{kept}", soft_wrap=True
    )


def _count(keys: frozenset[Key]) -> str:
    parts = Counter(key[0] for key in keys)
    listed = ", ".join(f"{n} of {part}" for part, n in sorted(parts.items()))
    return f"{len(keys)} row{'s' if len(keys) > 1 else ''} ({listed})" if keys else "no rows"


def _say_choices(cells: list[Cell], setup: Setup, console: Console) -> None:
    """Say whether options come from another study."""
    if setup.choices_from is None:
        return
    own = choices_in(setup.folder, set())
    chosen = {
        (cell.group.data, VARIANTS[cell.variant].method)
        for cell in cells
        if cell.group.part == "methods" and cell.options != "{}"
    }
    n_taken = len(chosen - set(own))
    if n_taken:
        console.print(
            f"{n_taken} method{'s' if n_taken > 1 else ''} not tuned in this study: with the "
            f"options that {clean(setup.choices_from)} chose.",
            soft_wrap=True,
        )


class Shown:
    """Progress as lines: one per finished cell, with elapsed and remaining time.

    Args:
        plan: What is run.
        setup: Where and how.
        console: Where to print.
    """

    def __init__(self, plan: StudyConfig, setup: Setup, console: Console) -> None:
        self.console, self.setup, self.started = console, setup, time.monotonic()
        self.n_jobs, self.n_done = setup.n_jobs, 0
        cells, left = _cells(plan, setup)
        self.left = {cell.keys()[0]: cell for cell in left}
        self.estimate = Estimate(setup.folder, setup.choices_from)
        seconds = self.estimate.cells(left) / self.n_jobs
        console.print(
            f"{len(cells) - len(left)} of {len(cells)} cells are done; about {span(seconds)} to "
            "go. Ctrl-C stops; finished cells are kept."
        )
        _say_choices(cells, setup, console)

    @property
    def n_left(self) -> int:
        """Cells that are neither done nor tried."""
        return len(self.left)

    def __call__(self, event: Event) -> None:
        """Print what happened."""
        if event.cell is None or event.job is None:
            if event.what == "ended":
                self.estimate = Estimate(self.setup.folder, self.setup.choices_from)
            if event.what == "begun" and event.job is not None:
                n_cells = len(event.job.cells)
                self.console.print(f"{event.job.group.title}: {n_cells} cells", markup=False)
            return
        # Of what is chosen meanwhile the options were not known at the beginning.
        key = event.cell.keys()[0]
        self.left.pop(key, None) or self.left.pop(_as_published(key), None)
        self.n_done += event.what == "done"
        line = f"  {event.cell.group.title} · {event.cell.variant}: {_outcome(event)}"
        passed = time.monotonic() - self.started
        left = self.estimate.cells(list(self.left.values())) / self.n_jobs
        line += f"  [{span(passed)} passed, about {span(left)} to go, {self.n_left} cells]"
        self.console.print(clean(line), soft_wrap=True)

    def stopped(self, fresh: bool) -> str:
        """What to say when somebody stopped it.

        Args:
            fresh: Whether rows were forgotten at the beginning, as the same call would again.
        """
        again = "the same command without --fresh" if fresh else "the same command"
        return (
            f"Stopped. Finished cells are kept in {self.setup.folder} ({self.n_done} of this "
            f"call); {again} goes on with the {self.n_left} that are left."
        )


def _outcome(event: Event) -> str:
    said = {"done": f"{event.seconds:.0f} s", "skipped": "left out"}.get(event.what, "FAILED")
    if event.shared >= 1:
        said += f", after {event.shared:.0f} s for what its group shares"
    return f"{said}: {event.message}" if event.message else said


def _cells(
    plan: StudyConfig, setup: Setup, forgotten: frozenset[Key] = frozenset()
) -> tuple[list[Cell], list[Cell]]:
    """All cells of a plan, and those that are left to do."""
    done = done_keys(setup.folder) - forgotten
    cells = all_cells(plan, choices_in(setup.folder, set(), setup.choices_from))
    return cells, [cell for cell in cells if not set(cell.keys()) <= done]


def _as_published(key: Key) -> Key:
    return (*key[:6], "{}", *key[7:])


def tell(tally: Tally, n_left: int, console: Console) -> None:
    """Say what came of it."""
    console.print(f"{tally.n_done} cells done, {len(tally.failed)} failed.")
    for key, said in list(tally.failed.items())[:MOST_NAMED]:
        console.print(f"  [red]failed[/]: {clean(' '.join(key[:7]))}: {clean(said)}")
    if tally.out_of_time:
        console.print(f"Time is up; {n_left} cells are left. Call it again to go on.")


def span(seconds: float) -> str:
    """Some time, for people."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
