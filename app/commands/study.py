"""``study``: methods beside each other, on data with known noise, resumable at any moment."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from rich.console import Console

from app.commands.output import clean
from app.commands.study_progress import Shown, dry, say_forgotten, tell
from app.services import environment
from core.errors import ConfigError
from core.study.data import Places
from core.study.jobs import all_cells, choices_in, missing, without
from core.study.names import NOISES, PARTS
from core.study.plans import PAGE, Narrowed, narrow, read_plan, with_own_data
from core.study.record import recorded_data, write_settings
from core.study.rows import Key, done_keys, remove_rows, rows_of
from core.study.run import Setup, run_study
from core.study.settings import PLANS, StudyConfig
from core.study.variants import ABLATIONS, METHODS, VARIANTS

DATA_VARIABLE: Final = "LLMHNI_DATA"
"""Environment variable with the folder of published data."""
RESULTS: Final = environment.ROOT / "docs" / "results"
FOLDER: Final = RESULTS / "study"
"""Where the results that go with the project lie."""
WIDTH: Final = 80
"""Columns of the list of variants in the help."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add = parser.add_argument
    known = ", ".join(PLANS)
    add("--plan", default="full", metavar="NAME|FILE", help=f"{known} or FILE.json, see {PAGE}")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER", help="of the results (in docs)")
    add("--data", nargs="+", metavar="NAME", help="datasets; those of the workspace as well")
    add("--noise", nargs="+", choices=NOISES, help="kinds of noise of the plan")
    add("--rates", nargs="+", type=float, help="shares of planted noise of the plan")
    add("--seeds", nargs="+", type=int, help="seeds, in the place of those of the plan")
    add("--variants", nargs="+", metavar="NAME", help="methods and ablations of the plan; below")
    add("--parts", nargs="+", choices=PARTS, help="parts of the plan")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="groups at a time (number of cores)")
    add("--minutes", type=float, help="begin no new group after so many minutes")
    add("--fresh", action="store_true", help="forget the rows of the cells asked for; a copy stays")
    add("--report", action="store_true", help="only write the report of the rows that are there")
    add("--dry", action="store_true", help="only say what is left to do, and how long it may take")
    add("--real-data", type=Path, metavar="FOLDER", help=f"of published data (${DATA_VARIABLE})")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # names stay whole
    parser.epilog = _variants()


def _variants() -> str:
    """All names, for the help."""
    others = [name for name in VARIANTS if name not in (*METHODS, *ABLATIONS)]
    kinds = {"methods": METHODS, "beside them": others, "ablations of LLMHNI": ABLATIONS}
    lines = ["variants:"]
    for kind, names in kinds.items():
        lines += wrap(
            f"{kind}: {', '.join(names)}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def study(options: argparse.Namespace, workspace: Path, console: Console) -> dict[str, Any]:
    """Run what is missing of a plan, and write the report.

    Returns:
        Counts for ``--json``; ``ok`` is False if a cell failed.

    Raises:
        core.errors.WorkbenchError: If plan, names or rows cannot be used.
        KeyboardInterrupt: If somebody stopped it; the message says how to go on.
    """
    folder = options.out.absolute()
    if options.report:
        return {"ok": True, "report": _report(folder, console)}
    if options.jobs < 1:
        raise ConfigError(f"--jobs {options.jobs}: at least one group has to be worked on.")
    places = _places(options, workspace)
    named = read_plan(options.plan)
    plan = _asked_for(named, options, places, console)
    fallback = None if folder == FOLDER else FOLDER
    setup = Setup(folder, places, options.jobs, options.minutes, fallback)
    forgotten = _rows_of(plan, setup) if options.fresh else None
    if options.dry:
        return dry(plan, setup, forgotten, console)
    if forgotten is not None:
        say_forgotten(forgotten, remove_rows(folder, forgotten), console)
    data = (*recorded_data(folder, named.name), *(options.data or ()))
    return _run(plan, with_own_data(named, data), setup, console, options.fresh)


def _run(
    plan: StudyConfig, whole: StudyConfig, setup: Setup, console: Console, fresh: bool
) -> dict[str, Any]:
    """Run what is asked for of a plan; noted down is the whole of it."""

    def note() -> None:
        known = choices_in(setup.folder, set(), setup.choices_from)
        write_settings(setup.folder, whole, known)

    note()
    progress = Shown(plan, setup, console)
    try:
        tally = run_study(plan, setup, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(progress.stopped(fresh)) from None
    finally:
        note()
    tell(tally, progress.n_left, console)
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


def _asked_for(
    named: StudyConfig, options: argparse.Namespace, places: Places, console: Console
) -> StudyConfig:
    """The wanted part of the plan, without what is not there.

    Raises:
        ConfigError: If that is nothing, or a dataset is not there that was asked for by name.
    """
    wanted = Narrowed(
        options.data,
        options.noise,
        options.rates,
        options.seeds,
        options.variants,
        options.parts,
    )
    plan = narrow(named, wanted)
    absent = missing(plan, places.folder)
    for name in options.data or ():
        if name in absent:
            raise ConfigError(f"{absent[name]} {_datasets(named, places)}")
    for name, what in absent.items():
        console.print(f"[yellow]Left out:[/] {clean(name)}. {clean(what)}")
    plan = without(plan, set(absent))
    if not all_cells(plan, {}):
        why = "What is asked for has no cells: some methods are not tuned, some need texts."
        if not plan.blocks:
            why = " ".join(absent.values())
        raise ConfigError(f"Nothing of the plan {named.name} is left to do. {why}")
    return plan


def _datasets(plan: StudyConfig, places: Places) -> str:
    """Which datasets there are to ask for."""
    known = dict.fromkeys(name for block in plan.blocks for name in block.data)
    found = [] if places.prepared is None else places.prepared.glob("*/manifest.json")
    own = ", ".join(sorted(path.parent.name for path in found)) or "none"
    return f"The plan {plan.name} has {', '.join(known)}; of the workspace there are: {own}."


def _rows_of(plan: StudyConfig, setup: Setup) -> frozenset[Key]:
    """Keys of the rows that the cells of a plan have."""
    cells = all_cells(plan, choices_in(setup.folder, set(), setup.choices_from))
    return frozenset(rows_of(setup.folder, {key for cell in cells for key in cell.keys()}))


def _report(folder: Path, console: Console) -> list[str]:
    """Write the report of the rows that are there."""
    from core.study.report import write_report  # noqa: PLC0415 - draws figures

    ours = folder == FOLDER
    pages = (RESULTS / "README.md", environment.ROOT / "README.md") if ours else (None, None)
    written = [str(path) for path in write_report(folder, *pages)]
    if written:
        console.print(f"Report: {clean(written[0])}", soft_wrap=True)
    return written
