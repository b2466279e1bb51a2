"""The workbench from the command line; every command has ``--json``.

Exit codes: 0 done, 1 something the user can act on (the message says what), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from app.services import environment, importing

# Read when the heavy libraries are loaded, so set before any of them can be.
os.environ.update(environment.with_defaults(os.environ))

from rich.console import Console

from app.commands import (
    doctor,
    export,
    judge,
    report,
    run_list,
    runs,
    settings,
    sources,
    study,
    together,
)
from app.commands.output import make_console, without_controls
from app.services.run_folder import plain
from app.services.run_orders import Retraining
from app.services.settings_list import known_options, known_settings
from core.errors import WorkbenchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one command.

    Args:
        arguments: Of the command line; those of the process if omitted.

    Returns:
        The exit code.
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    _give_back_positional(options)
    if options.command == "import" and (options.path is None) == (options.again is None):
        parser.error("import: name a file or folder, or an earlier import with --again")
    if options.command == "run" and not _says_what_to_run(options):
        parser.error("run: name a dataset, or --resume a run without any settings")
    try:
        answer = together.do(
            options.command, lambda: _COMMANDS[options.command](options, make_console(options.json))
        )
    except (WorkbenchError, KeyboardInterrupt) as error:
        message = str(error) or "Stopped."
        print(without_controls(message), file=sys.stderr)
        if options.json:
            print(json.dumps({"error": message}))
        return 1
    if options.json:
        print(json.dumps(plain(answer), allow_nan=False))
    return 0 if answer.get("ok", True) else 1


def build_parser() -> argparse.ArgumentParser:
    """Commands and their options."""
    parser = argparse.ArgumentParser(prog=environment.shell_command(), description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="last line of output is a JSON object")
    common.add_argument("--workspace", type=Path, help="folder of datasets and runs")
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", parents=[common], help="run the method on the sample")
    demo.add_argument("--seed", type=int, default=0, help="seed of every random draw (0)")
    demo.add_argument("--fresh", action="store_true", help="continue nothing, prepare again")

    _add_import(commands.add_parser("import", parents=[common], help="check files of your own"))
    _add_prepare(commands.add_parser("prepare", parents=[common], help="make a dataset of them"))
    runs.add_options(
        commands.add_parser("run", parents=[common], help="run the method on a dataset")
    )

    commands.add_parser("runs", parents=[common], help="list all runs, finished or not")
    stopped = commands.add_parser("cancel", parents=[common], help="stop a run, to go on later")
    stopped.add_argument("run_id", metavar="RUN_ID", help="run that is going on")
    shown = commands.add_parser("report", parents=[common], help="show what came out of a run")
    shown.add_argument("run_id", nargs="?", default="latest", help="run, or latest (the default)")
    shown.add_argument("--html", type=Path, metavar="FILE", help="write it as one HTML file too")
    export.add_options(
        commands.add_parser("export", parents=[common], help="take the cleaned data of a run away")
    )
    judge.add_options(
        commands.add_parser("judge", parents=[common], help="language models as judges")
    )
    study.add_options(
        commands.add_parser("study", parents=[common], help="compare methods on known noise")
    )
    commands.add_parser("doctor", parents=[common], help="check this machine")
    return parser


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, nargs="?", help="file or folder of interactions")
    parser.add_argument("--again", metavar="NAME", help="check an earlier import once more")
    parser.add_argument("--name", help="name of the import; from the path if omitted")
    parser.add_argument("--items", type=Path, help="file of items")
    parser.add_argument("--users", type=Path, help="file of users")
    for option, what in (
        ("--map", "interactions"),
        ("--item-map", "items"),
        ("--user-map", "users"),
    ):
        parser.add_argument(
            option,
            nargs="+",
            action="extend",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"columns of the {what}; the others are guessed",
        )


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="NAME|PATH", help="an import, or a file or folder")
    parser.add_argument("--name", help="name of the dataset; that of the import if omitted")
    parser.add_argument("--min-rating", type=float, help="keep interactions rated at least this")
    parser.add_argument("--core", type=int, help="k of the k-core (0)")
    parser.add_argument(
        "--split", choices=("random", "time", "given"), help="given if there is one"
    )
    parser.add_argument("--seed", type=int, help="seed of the split and of planted noise (0)")
    kinds = ("none", "uniform", "position", "co-click", "lookalike", "mixed")
    parser.add_argument("--plant", choices=kinds, help="kind of noise to plant in train")
    parser.add_argument("--plant-rate", type=float, help="share of planted noise in train (0.2)")


def _give_back_positional(options: argparse.Namespace) -> None:
    """Take what an option of several values swallowed at its end: ``run --set a=1 NAME``."""
    if options.command == "run" and options.dataset is None and options.resume is None:
        options.dataset = _swallowed(options.set)
    if options.command == "import" and options.path is None and options.again is None:
        lists = (options.map, options.item_map, options.user_map)
        found = next(filter(None, map(_swallowed, lists)), None)
        options.path = None if found is None else Path(found)


def _swallowed(values: list[str]) -> str | None:
    """Take the last value out if it is no assignment."""
    return values.pop() if values and "=" not in values[-1] else None


def _says_what_to_run(options: argparse.Namespace) -> bool:
    if options.help_settings:
        return True
    chosen = (
        options.dataset,
        options.config,
        options.seed,
        options.method,
        options.flags,
        options.labels,
        options.revision,
        options.parent,
        options.message,
        options.from_scratch or None,
    )
    if options.resume is not None:  # a run is continued with the settings it began with
        return not options.set and all(value is None for value in chosen)
    return options.dataset is not None


def _workspace(options: argparse.Namespace) -> Path:
    return options.workspace.absolute() if options.workspace else environment.workspace()


def _demo(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return runs.run_demo(options.seed, options.fresh, _workspace(options), console)


def _import(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    if options.again is not None:
        plan = importing.open_plan(options.again, _workspace(options))
        return sources.import_data(plan, _workspace(options), console)
    plan = importing.make_plan(
        options.path,
        options.name,
        options.items,
        options.users,
        options.map,
        options.item_map,
        options.user_map,
    )
    return sources.import_data(plan, _workspace(options), console)


def _prepare(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    workspace = _workspace(options)
    plan = importing.find_plan(options.source, workspace)
    names = ("name", "min_rating", "core", "split", "seed", "plant", "plant_rate")
    chosen = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return sources.prepare_data(plan, chosen, workspace, console)


def _run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    if options.help_settings:
        return _list_settings(console, options.method)
    if options.resume is not None:
        return runs.resume_run(options.resume, _workspace(options), console)
    method = [f"method={options.method}"] if options.method else []
    chosen = [*options.set, *method]
    config = settings.build_config(
        options.config, chosen, options.flags or (), options.seed, options.preset, options.tuned
    )
    given = Retraining(
        options.labels,
        options.revision or "",
        options.parent or "",
        options.message or "",
        not options.from_scratch,
    )
    return runs.run_dataset(options.dataset, config, _workspace(options), console, given)


def _list_settings(console: Console, method: str | None) -> dict[str, Any]:
    # Options of the method come last: nearest to where one types.
    known = [*known_settings(), *known_options(method)]
    for setting in known:
        console.print(f"{setting.name} = {setting.default}", markup=False)
        console.print(f"    {setting.help}", markup=False)
    return {"settings": [setting._asdict() for setting in known]}


def _runs(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return run_list.list_runs(_workspace(options), console)


def _cancel(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return run_list.cancel_run(options.run_id, _workspace(options), console)


def _report(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return report.report_run(options.run_id, _workspace(options), console, options.html)


def _export(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    chosen = (options.run_id, options.to.absolute(), options.format, options.only)
    return export.export_run(*chosen, _workspace(options), console)


def _judge(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return judge.judge(options, _workspace(options), console)


def _study(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return study.study(options, _workspace(options), console)


def _doctor(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    return doctor.check_machine(_workspace(options), console)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a handler
    """Let a request to end leave the run in order, as Ctrl-C does."""
    raise KeyboardInterrupt("Stopped.")


_COMMANDS = {
    "demo": _demo,
    "import": _import,
    "prepare": _prepare,
    "run": _run,
    "runs": _runs,
    "cancel": _cancel,
    "report": _report,
    "export": _export,
    "judge": _judge,
    "study": _study,
    "doctor": _doctor,
}

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
