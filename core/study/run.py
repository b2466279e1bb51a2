"""Run a study: one process per group, several at a time, every finished cell a row on the disk.

A cell that fails is told and counted and leaves no row; a process that dies fails what it had left
to do. Stopped in whatever way and started again, only missing cells are run. Loads no PyTorch: the
processes do.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Literal

from core.errors import Cancelled, WorkbenchError
from core.study.data import Places
from core.study.jobs import Job, choices_in, jobs_of
from core.study.processes import deaf_to_ctrl_c, end, one_thread
from core.study.rows import Key, append_rows, done_keys
from core.study.settings import Cell, StudyConfig

PREFIX: Final = "llmhni-study-"
"""Of the folders for what is kept meanwhile; the number of the process follows."""
BEAT: Final = 1.0
"""Seconds after which somebody who shows the progress is called at least."""


@dataclass(frozen=True)
class Event:
    """What just happened."""

    what: Literal["begun", "done", "failed", "skipped", "ended", "beat"]
    job: Job | None = None
    cell: Cell | None = None
    seconds: float = 0.0
    """Of the cell; what the cells of its group share is not counted."""
    shared: float = 0.0
    """Seconds for what the group shares, which its first cell waits for."""
    message: str = ""


@dataclass
class Tally:
    """What came of a study."""

    n_done: int = 0
    n_skipped: int = 0
    """Cells that the dataset lacks something for."""
    failed: dict[Key, str] = field(default_factory=dict)
    """By key of the cell, what went wrong."""
    out_of_time: bool = False


@dataclass(frozen=True)
class Setup:
    """Where a study is run, and how."""

    folder: Path
    """Of its rows."""
    places: Places
    n_jobs: int
    minutes: float | None = None
    """No new group is begun after; None = no limit."""
    choices_from: Path | None = None
    """Folder of another study whose choice of options stands where this one has none."""


@dataclass
class _Running:
    process: BaseProcess
    connection: Connection
    job: Job
    left: list[Cell]
    scratch: Path


def run_study(plan: StudyConfig, setup: Setup, on_event: Callable[[Event], None]) -> Tally:
    """Run what is missing of a plan.

    Args:
        plan: What to run, the most telling first.
        setup: Where and how.
        on_event: Told what happens; may raise ``KeyboardInterrupt``.

    Returns:
        What came of it, when everything is done, or no time is left.

    Raises:
        core.errors.DataError: If the rows there are none of a study.
    """
    _take_away_leftovers()
    tally = Tally()
    scratch = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    running: list[_Running] = []
    try:
        for job in _jobs_in_time(plan, setup, tally):
            while len(running) >= (setup.n_jobs if job else 1):  # no job: wait for all of them
                _look(running, tally, on_event)
            if job is not None:
                running.append(_begin(job, setup, scratch))
                on_event(Event("begun", job))
        while running:
            _look(running, tally, on_event)
    finally:
        end([one.process for one in running])
        shutil.rmtree(scratch, ignore_errors=True)
    return tally


def _jobs_in_time(plan: StudyConfig, setup: Setup, tally: Tally) -> Iterator[Job | None]:
    """Jobs as long as there is time; None = wait for those begun, their outcome is needed."""
    started = time.monotonic()
    begun: set[tuple[Key, ...]] = set()
    for block in plan.blocks:
        failed = set(tally.failed)
        known = choices_in(setup.folder, failed, setup.choices_from)
        done = done_keys(setup.folder)
        for job in jobs_of(block, known, done, setup.n_jobs):
            cells = tuple(cell for cell in job.cells if cell.keys() not in begun)
            if not cells:
                continue
            if setup.minutes is not None and time.monotonic() - started > 60 * setup.minutes:
                tally.out_of_time = True
                return
            begun |= {cell.keys() for cell in cells}
            yield Job(job.group, cells)
        if block.part == "tuning":
            yield None


def _begin(job: Job, setup: Setup, scratch: Path) -> _Running:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    place = Path(tempfile.mkdtemp(dir=scratch))
    process = context.Process(
        target=_work, args=(job, setup.places, setup.folder, place, theirs), daemon=True
    )
    with one_thread(), deaf_to_ctrl_c():
        process.start()
    theirs.close()
    return _Running(process, ours, job, list(job.cells), place)


def _look(running: list[_Running], tally: Tally, on_event: Callable[[Event], None]) -> None:
    """Wait a moment for news and pass them on."""
    ready = wait([one.connection for one in running], timeout=BEAT)
    for one in [one for one in running if one.connection in ready]:
        try:
            event: Event = one.connection.recv()
        except (EOFError, OSError):
            _end(one, running, tally, on_event)
            continue
        if event.cell is not None and event.cell in one.left:
            one.left.remove(event.cell)
            _count(event, tally)
        on_event(event)
    on_event(Event("beat"))


def _end(
    one: _Running, running: list[_Running], tally: Tally, on_event: Callable[[Event], None]
) -> None:
    """The process is gone; what it did not tell of has failed."""
    one.process.join()
    running.remove(one)
    shutil.rmtree(one.scratch, ignore_errors=True)
    for cell in one.left:
        message = f"its process ended with code {one.process.exitcode}; is there enough memory?"
        event = Event("failed", one.job, cell, message=message)
        _count(event, tally)
        on_event(event)
    on_event(Event("ended", one.job))


def _count(event: Event, tally: Tally) -> None:
    if event.what == "done":
        tally.n_done += 1
    elif event.what == "skipped":
        tally.n_skipped += 1
    elif event.cell is not None:
        tally.failed[event.cell.keys()[0]] = event.message


def _work(job: Job, places: Places, folder: Path, scratch: Path, told: Connection) -> None:
    """In a process of its own: the cells of a job, each a row when it is done."""
    # An end by SIGTERM that Python sees: it gives back the semaphores that libraries took.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    import torch  # noqa: PLC0415 - heavy

    torch.set_num_threads(1)
    parent = os.getppid()

    def tick() -> None:
        if os.getppid() != parent:
            raise Cancelled("Stopped.")

    try:
        run_job(job, places, folder, scratch, told.send, tick)
    except (Cancelled, BrokenPipeError):
        shutil.rmtree(scratch, ignore_errors=True)


def run_job(
    job: Job,
    places: Places,
    folder: Path,
    scratch: Path,
    tell: Callable[[Event], None],
    tick: Callable[[], None],
) -> None:
    """Run the cells of a job, each a row when it is done.

    Args:
        job: Which.
        places: Where datasets lie.
        folder: Of the rows.
        scratch: For what is kept meanwhile.
        tell: Told of every cell.
        tick: Called often; may raise ``Cancelled``.
    """
    from core.study.cells import GroupRun, NotForThisData  # noqa: PLC0415 - heavy

    group: GroupRun | None = None
    paid = False  # for what the group shares: its first cell does
    for cell in job.cells:
        tick()
        started = time.perf_counter()
        try:
            group = group or GroupRun(job.group, places, scratch, tick)
            rows = group.measure(cell)
            append_rows(folder, rows)
            passed = time.perf_counter() - started
            shared = 0.0 if paid else max(0.0, passed - rows[0]["seconds"])
            paid = True
            tell(Event("done", job, cell, passed - shared, shared))
        except NotForThisData as reason:
            tell(Event("skipped", job, cell, message=str(reason)))
        except Cancelled:
            raise
        except WorkbenchError as error:
            tell(Event("failed", job, cell, message=str(error)))
        except BrokenPipeError:
            raise
        except Exception as error:
            # One broken cell must not take hours of others with it.
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            message = f"{type(error).__name__}: {error} ({place})"
            tell(Event("failed", job, cell, message=message))


def _take_away_leftovers() -> None:
    """Folders of studies whose process is gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        number = path.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdigit() and not _is_alive(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
