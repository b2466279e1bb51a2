"""``judge``: what judging would take, judging apart from a run, and judgements in and out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from app.commands import judge_exchange, judge_report
from app.commands.judge_preview import preview
from app.commands.judge_run import run
from app.commands.settings import build_config
from app.services import judging, run_list, store
from core.errors import ConfigError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--preview", metavar="DATASET", help="calls, tokens, money; sends nothing")
    what.add_argument("--run", metavar="DATASET", help="judge a dataset, without training on it")
    what.add_argument(
        "--import", dest="import_file", type=Path, metavar="FILE", help="judgements made elsewhere"
    )
    what.add_argument("--export", metavar="RUN_ID", help="judgements of a run, or latest")
    what.add_argument("--stats", metavar="RUN_ID", help="how far the judge of a run can be trusted")
    what.add_argument("--list", action="store_true", help="judgements made or imported so far")
    parser.add_argument("--dataset", help="with --import: the dataset that they are about")
    parser.add_argument("--name", help="with --import: their name; that of the file if omitted")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="with --import: in place of other judgements of that name",
    )
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="with --export: .csv .parquet .jsonl"
    )
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="STEP.NAME=VALUE", help="settings"
    )
    parser.add_argument("--config", type=Path, metavar="FILE.json", help="file of settings")
    parser.add_argument("--seed", type=int, help="seed of every random draw (0)")


def judge(options: argparse.Namespace, workspace: Path, console: Console) -> dict[str, Any]:
    """Do what the options say.

    Raises:
        WorkbenchError: If data, settings or endpoint cannot be used.
    """
    if options.list:
        return judge_report.listed(judging.known(workspace), console)
    if options.import_file is not None:
        if not options.dataset:
            raise ConfigError("Say which dataset the judgements are about, with --dataset.")
        name = options.name or options.import_file.stem
        about = (options.import_file, options.dataset, name, workspace, console)
        return judge_exchange.import_judgements(*about, replace=options.replace)
    if options.export is not None:
        if options.to is None:
            raise ConfigError("Say where to write, with --to FILE.csv, .parquet or .jsonl.")
        judge_exchange.check_ending(options.to)
        folder = _folder(options.export, workspace)
        return judge_exchange.export_judgements(folder, options.to, console)
    if options.stats is not None:
        return judge_report.stats(_folder(options.stats, workspace), console)
    config = build_config(options.config, options.set, (), options.seed)
    if options.preview is not None:
        return preview(options.preview, config, workspace, console)
    return run(options.run, config, workspace, console, as_json=options.json)


def _folder(name: str, workspace: Path) -> Path:
    """Folder of a finished run, or of judgements made apart from one."""
    if judging.NAME.fullmatch(name) and (workspace / judging.FOLDER / name).is_dir():
        return judging.folder_of(workspace, name)
    run_id = run_list.newest(workspace) if name == run_list.LATEST else name
    return store.load_run(workspace, run_id).folder
