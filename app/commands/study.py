"""``study``: methods beside each other, on data with known noise, resumable at any moment."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from app.commands.output import clean
from app.services import environment
from core.study.data import Places
from core.study.jobs import Estimate, all_cells, choices_in, missing, without
from core.study.names import NOISES, PARTS
from core.study.record import write_settings
from core.study.rows import done_keys, remove_all
from core.study.run import Event, Setup, Tally, run_study
from core.study.settings import PLANS, Narrowed, StudyConfig, narrow, read_plan

DATA_VARIABLE: Final = "LLMHNI_DATA"
"""Environment variable with the folder of published data."""
RESULTS: Final = environment.ROOT / "docs" / "results"
FOLDER: Final = RESULTS / "study"
"""Where the results that go with the project lie."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add = parser.add_argument
    add("--plan", default="full", metavar="NAME|FILE", help=f"{', '.join(PLANS)} or FILE.json")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER", help="of the results (in docs)")
    add("--data", nargs="+", metavar="NAME", help="datasets; those of the workspace as well")
    add("--noise", nargs="+", choices=NOISES, help="kinds of noise of the plan")
    add("--rates", nargs="+", type=float, help="shares of planted noise of the plan")
    add("--seeds", nargs="+", type=int, help="seeds, in the place of those of the plan")
    add("--variants", nargs="+", metavar="NAME", help="methods and ablations of the plan")
    add("--parts", nargs="+", choices=PARTS, help="parts of the plan")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="groups at a time (number of cores)")
    add("--minutes", type=float, help="begin no new group after so many minutes")
    add("--fresh", action="store_true", help="forget the rows that are there")
    add("--report", action="store_true", help="only write the report of the rows that are there")
    add("--dry", action="store_true", help="only say what is left to do, and how long it may take")
    add("--real-data", type=Path, metavar="FOLDER", help=f"of published data (${DATA_VARIABLE})")


def study(options: argparse.Namespace, workspace: Path, console: Console) -> dict[str, Any]:
    """Run what is missing of a plan, and write the report.

    Returns:
        Counts for ``--json``; ``ok`` is False if a cell failed.

    Raises:
        core.errors.WorkbenchError: If plan, names or rows cannot be used.
    """
    folder = options.out.absolute()
    if options.report:
        return {"ok": True, "report": _report(folder, console)}
    places = _places(options, workspace)
    plan = _plan(options, places, console)
    fallback = None if folder == FOLDER else FOLDER
    if options.dry:
        return _dry(plan, folder, fallback, max(options.jobs, 1), console)
    if options.fresh:
        remove_all(folder)
    setup = Setup(folder, places, max(options.jobs, 1), options.minutes, fallback)
    return _run(plan, setup, console)


def _run(plan: StudyConfig, setup: Setup, console: Console) -> dict[str, Any]:
    def note() -> None:
        known = choices_in(setup.folder, set(), setup.choices_from)
        write_settings(setup.folder, plan, known)

    note()
    progress = _Shown(plan, setup, console)
    try:
        tally = run_study(plan, setup, progress)
    finally:
        note()
    _tell(tally, progress, console)
    report = _report(setup.folder, console) if done_keys(setup.folder) else []
    return {
        "ok": not tally.failed,
        "folder": str(setup.folder),
        "done": tally.n_done,
        "failed": [{"cell": list(key), "error": said} for key, said in tally.failed.items()],
        "skipped": tally.n_skipped,
        "left": progress.n_left,
        "report": report,
    }


def _places(options: argparse.Namespace, workspace: Path) -> Places:
    named = options.real_data or os.environ.get(DATA_VARIABLE)
    real = Path(named).absolute() if named else None
    return Places(environment.ROOT / "sample_data", real, workspace / "datasets")


def _plan(options: argparse.Namespace, places: Places, console: Console) -> StudyConfig:
    """The wanted part of the plan, without what is not there."""
    wanted = Narrowed(
        options.data,
        options.noise,
        options.rates,
        options.seeds,
        options.variants,
        options.parts,
    )
    plan = narrow(read_plan(options.plan), wanted)
    absent = missing(plan, places.folder)
    for name, what in absent.items():
        console.print(f"[yellow]Left out:[/] {clean(name)}. {clean(what)}")
    return without(plan, set(absent))


def _dry(
    plan: StudyConfig, folder: Path, fallback: Path | None, n_jobs: int, console: Console
) -> dict[str, Any]:
    """Say what there is, what is done, and how long the rest may take."""
    done = done_keys(folder)
    cells = all_cells(plan, choices_in(folder, set(), fallback))
    left = [cell for cell in cells if not set(cell.keys()) <= done]
    estimate = Estimate(folder, fallback)
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
    seconds = estimate.cells(left) / n_jobs
    console.print(
        f"{len(cells) - len(left)} of {len(cells)} cells are done; the rest takes about "
        f"{_span(seconds)} with {n_jobs} at a time."
    )
    return {"ok": True, "cells": len(cells), "done": len(cells) - len(left), "seconds": seconds}


class _Shown:
    """Progress as lines: one per finished cell, with elapsed and remaining time."""

    def __init__(self, plan: StudyConfig, setup: Setup, console: Console) -> None:
        self.console, self.setup, self.started = console, setup, time.monotonic()
        self.n_jobs = setup.n_jobs
        known = choices_in(setup.folder, set(), setup.choices_from)
        done, cells = done_keys(setup.folder), all_cells(plan, known)
        self.left = {cell.keys()[0]: cell for cell in cells if not set(cell.keys()) <= done}
        self.estimate = Estimate(setup.folder, setup.choices_from)
        seconds = self.estimate.cells(list(self.left.values())) / self.n_jobs
        console.print(
            f"{len(cells) - len(self.left)} of {len(cells)} cells are done; "
            f"about {_span(seconds)} to go. Ctrl-C stops; call it again to "
            "go on."
        )

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
        what = {"done": f"{event.seconds:.0f} s", "skipped": "left out"}.get(event.what, "FAILED")
        line = f"  {event.cell.group.title} · {event.cell.variant}: {what}"
        if event.message:
            line += f": {event.message}"
        passed = time.monotonic() - self.started
        left = self.estimate.cells(list(self.left.values())) / self.n_jobs
        line += f"  [{_span(passed)} passed, about {_span(left)} to go, {self.n_left} cells]"
        self.console.print(clean(line), soft_wrap=True)


def _as_published(key: tuple[str, ...]) -> tuple[str, ...]:
    return (*key[:6], "{}", *key[7:])


def _tell(tally: Tally, progress: _Shown, console: Console) -> None:
    console.print(f"{tally.n_done} cells done, {len(tally.failed)} failed.")
    for key, said in list(tally.failed.items())[:20]:
        console.print(f"  [red]failed[/]: {clean(' '.join(key[:7]))}: {clean(said)}")
    if tally.out_of_time:
        console.print(f"Time is up; {progress.n_left} cells are left. Call it again to go on.")


def _report(folder: Path, console: Console) -> list[str]:
    """Write the report of the rows that are there."""
    from core.study.report import write_report  # noqa: PLC0415 - draws figures

    readme = RESULTS / "README.md" if folder == FOLDER else None
    written = [str(path) for path in write_report(folder, readme)]
    if written:
        console.print(f"Report: {clean(written[0])}", soft_wrap=True)
    return written


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
