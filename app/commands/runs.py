"""``run`` and ``demo``: a run from the command line, and the sample without any preparation."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final, get_args

from rich.console import Console

from app.commands import settings
from app.commands.output import clean, shown_progress, without_controls
from app.commands.report import print_run
from app.commands.sources import prepare_data
from app.services import environment, jobs, run_folder
from app.services.importing import make_plan
from app.services.run_folder import write_json
from app.services.run_list import NAME
from app.services.run_orders import Retraining
from app.worker import Watcher, execute, resume
from core.config import MethodName, RunConfig
from core.data.dataset import load_manifest
from core.errors import ConfigError, DataError
from core.method_names import OURS
from core.presets import PRESETS

BASELINES: Final = ", ".join(name for name in get_args(MethodName) if name != OURS)
SAMPLE: Final = "sample"
SAMPLE_FOLDER: Final = environment.ROOT / "sample_data"
SAMPLE_FILES: Final = ("interactions.csv", "catalogue.csv", "truth.csv")
SOURCES: Final = "sources.json"
"""File of a dataset folder with hashes of the files that the sample was prepared from."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of ``run``."""
    parser.add_argument("dataset", nargs="?", help="name or folder of a dataset")
    parser.add_argument("--resume", metavar="RUN_ID", help="continue a run that was stopped")
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="STEP.NAME=VALUE",
        help="settings; see --help-settings",
    )
    parser.add_argument("--config", type=Path, metavar="FILE.json", help="file of settings")
    parser.add_argument("--seed", type=int, help="seed of every random draw (0)")
    parser.add_argument(
        "--method", choices=get_args(MethodName), metavar="NAME", help="a baseline: " + BASELINES
    )
    parser.add_argument(
        "--tuned",
        metavar="DATA",
        help="with the options that the study found best for the method on the validation set of "
        "DATA, such as sample, with planted noise and one seed of tuning; --set overrides them",
    )
    parser.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        help="named settings: paper = LLMHNI by the letter, as far as it is known",
    )
    parser.add_argument(
        "--help-settings", action="store_true", help="list all settings, those of --method too"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="labels of people, as Parquet: retrain with these alone, not with those of the parent",
    )
    parser.add_argument("--revision", help="name of that state of the labels; its hash if omitted")
    parser.add_argument("--parent", metavar="RUN_ID", help="finished run to go on from")
    parser.add_argument(
        "--from-scratch", action="store_true", help="do not begin with the weights of the parent"
    )
    parser.add_argument("--message", help="what you want to remember about this run")
    for flag, (name, value) in settings.ABLATIONS.items():
        shown = f"ablation: {name}={json.dumps(value)}"
        parser.add_argument(
            f"--{flag}", dest="flags", action="append_const", const=flag, help=shown
        )


def run_dataset(
    name_or_path: str,
    config: RunConfig,
    workspace: Path,
    console: Console,
    retraining: Retraining | None = None,
) -> dict[str, Any]:
    """Run the method on a prepared dataset and print the closing report.

    Raises:
        WorkbenchError: As :func:`app.worker.execute`.
    """
    folder = find_dataset(name_or_path, workspace)
    with shown_progress() as on_progress:
        manifest = execute(
            folder, config, workspace, None, on_progress, retraining, make_watcher(console)
        )
    print_run(workspace, manifest["run_id"], console)
    return manifest


def resume_run(run_id: str, workspace: Path, console: Console) -> dict[str, Any]:
    """Continue a run and print the closing report.

    Raises:
        WorkbenchError: As :func:`app.worker.resume`.
    """
    if not re.fullmatch(NAME, run_id):
        raise ConfigError(f"'{run_id}' is no name of a run.")
    with shown_progress() as on_progress:
        manifest = resume(workspace / "runs" / run_id, on_progress, make_watcher(console))
    print_run(workspace, manifest["run_id"], console)
    return manifest


def make_watcher(console: Console) -> Watcher:
    """Say what a run waits for, and end the process when a stage does not hear that it is to."""
    told: list[tuple[int, str]] = []

    def say(others: list[str]) -> None:
        state = (len(others), others[0])
        if told[-1:] != [state]:
            told.append(state)
            more = f", {len(others)} runs are before this one" if len(others) > 1 else ""
            line = f"waiting for run {without_controls(others[0])} to end{more} ..."
            print(line, file=sys.stderr, flush=True)

    def leave(message: str) -> None:
        print(without_controls(message), file=sys.stderr, flush=True)
        if console.stderr:  # standard output is for JSON
            print(json.dumps({"error": message}), flush=True)
        os._exit(1)  # not sys.exit: this is not the thread that is stuck

    return Watcher(say, leave)


def run_demo(seed: int, fresh: bool, workspace: Path, console: Console) -> dict[str, Any]:
    """Prepare the sample if that is needed, run it, and print the closing report.

    Args:
        seed: Seed of the run.
        fresh: Prepare the sample again and start anew, even where a run could be continued.
        workspace: Folder of all datasets and runs.
        console: Where to print.

    Raises:
        WorkbenchError: As :func:`app.worker.execute`.
    """
    config = RunConfig(seed=seed)
    folder = workspace / "datasets" / SAMPLE
    if fresh or not sample_is_ready(folder):
        plan = make_plan(SAMPLE_FOLDER, name=SAMPLE)
        prepare_data(plan, {"split": "given"}, workspace, console, give_up_stopped=True)
        write_json(folder / SOURCES, _sample_hashes())
    unfinished = None if fresh else stopped_run(workspace, folder, config)
    if unfinished is None:
        return run_dataset(SAMPLE, config, workspace, console)
    console.print(f"Continuing run {clean(unfinished)} (--fresh starts a new one).")
    return resume_run(unfinished, workspace, console)


def find_dataset(name_or_path: str, workspace: Path) -> Path:
    """Folder of a dataset in the workspace, by name, or of one anywhere, by path.

    Raises:
        DataError: If there is neither.
    """
    named = workspace / "datasets" / name_or_path
    if re.fullmatch(NAME, name_or_path) and named.is_dir():
        return named
    if (Path(name_or_path) / run_folder.MANIFEST).is_file():
        return Path(name_or_path)
    known = ", ".join(sorted(path.name for path in workspace.glob("datasets/*"))) or "none"
    raise DataError(
        f"There is no dataset {name_or_path}. Datasets are: {known}. Prepare the data first."
    )


def sample_is_ready(folder: Path) -> bool:
    """Whether the sample was prepared from the files as they are now."""
    sources = folder / SOURCES
    try:
        if not load_manifest(folder)["has_truth"]:
            return False
        return sources.read_text(encoding="utf-8") == run_folder.as_json(_sample_hashes())
    except (DataError, OSError):
        return False


def stopped_run(workspace: Path, dataset_folder: Path, config: RunConfig) -> str | None:
    """Find the latest run of this dataset with these settings that was stopped half-way."""
    fingerprint = load_manifest(dataset_folder)["fingerprint"]
    for path in sorted(workspace.glob(f"runs/*/{run_folder.ORDER}"), reverse=True):
        folder = path.parent
        if (folder / run_folder.MANIFEST).exists():
            continue
        try:
            order, settings = run_folder.read_order(folder)
        except DataError:
            continue
        status = jobs.read_status(folder)
        stopped = status is not None and status.state in {"cancelled", "interrupted"}
        if stopped and settings == config and order.dataset_fingerprint == fingerprint:
            return folder.name
    return None


def _sample_hashes() -> dict[str, str]:
    return {
        name: hashlib.sha256((SAMPLE_FOLDER / name).read_bytes()).hexdigest()
        for name in SAMPLE_FILES
    }
