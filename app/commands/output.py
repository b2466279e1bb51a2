"""Text for people on a terminal: safe to print, with progress on the side."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from core.types import OnProgress, Progress

REMOVED: Final = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that reorder the text around them on the screen."""
WIDTH: Final = 110
"""Columns where the output goes to a file."""


def without_controls(text: object) -> str:
    """Take out whatever steers a terminal; every white space becomes a blank."""
    return "".join(
        " " if character.isspace() else character
        for character in str(text)
        if character.isspace()
        or (unicodedata.category(character) not in REMOVED and character not in DIRECTIONS)
    )


def clean(text: object) -> str:
    """Text of others as plain text for a console: no controls, and markup is not read."""
    safe = escape(without_controls(text))
    # The blank keeps a backslash at the end from escaping markup that follows.
    return safe + " " if safe.endswith("\\") else safe


def make_console(as_json: bool) -> Console:
    """Console for the report: standard output, or standard error if that is for JSON."""
    terminal = (sys.stderr if as_json else sys.stdout).isatty()
    width = None if terminal else WIDTH
    return Console(stderr=as_json, highlight=False, width=width)


@contextmanager
def shown_progress() -> Iterator[OnProgress]:
    """Show stages on standard error: bars on a terminal, else one line per stage."""
    if not sys.stderr.isatty():
        yield line_per_stage(lambda line: print(line, file=sys.stderr, flush=True))
        return
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
    )
    bars = Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True))
    with bars:
        yield _bar_per_stage(bars)


def line_per_stage(write: Callable[[str], None]) -> OnProgress:
    """Progress that writes the name of each stage once, when it begins."""
    seen: set[str] = set()

    def show(progress: Progress) -> None:
        if progress.stage not in seen:
            seen.add(progress.stage)
            write(f"{progress.stage} ...")

    return show


def _bar_per_stage(bars: Bars) -> OnProgress:
    tasks: dict[str, TaskID] = {}

    def show(progress: Progress) -> None:
        if progress.stage not in tasks:
            for task in tasks.values():
                bars.update(task, completed=1.0)
            tasks[progress.stage] = bars.add_task(progress.stage, total=1.0)
        bars.update(tasks[progress.stage], completed=min(progress.fraction, 1.0))

    return show
