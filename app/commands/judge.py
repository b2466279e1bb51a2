"""``judge``: what judging would take, judging apart from a run, and judgements in and out."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console

from app.commands import judge_report
from app.commands.output import clean
from app.commands.runs import find_dataset, make_watcher
from app.commands.settings import build_config
from app.services import (
    environment,
    judge_endpoint,
    judging,
    run_folder,
    run_list,
    run_queue,
    store,
)
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.errors import ConfigError, DataError
from core.text.endpoint_encoder import PREFIX, endpoint_of

EXPORTS: Final = {".csv": "csv", ".parquet": "parquet", ".jsonl": "json lines"}


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
        return import_judgements(options.import_file, options.dataset, name, workspace, console)
    if options.export is not None:
        if options.to is None:
            raise ConfigError("Say where to write, with --to FILE.csv, .parquet or .jsonl.")
        return export_judgements(options.export, options.to, workspace, console)
    if options.stats is not None:
        return judge_report.stats(_folder(options.stats, workspace), console)
    config = build_config(options.config, options.set, (), options.seed)
    if options.preview is not None:
        return preview(options.preview, config, workspace, console)
    return run(options.run, config, workspace, console, as_json=options.json)


def preview(name: str, config: RunConfig, workspace: Path, console: Console) -> dict[str, Any]:
    """Say what judging a dataset would take, and who would read what; nothing is sent."""
    import numpy as np  # noqa: PLC0415

    from core.judge import JudgeContext  # noqa: PLC0415
    from core.judge.llm.preview import preview as estimate  # noqa: PLC0415
    from core.judge.llm.preview import preview_profiles  # noqa: PLC0415
    from core.text.profiles import build_profiles, catalogue, profile_of  # noqa: PLC0415

    dataset = load_dataset(find_dataset(name, workspace))
    rng = np.random.default_rng(config.seed)
    items = catalogue(dataset.items, config.text, rng)
    nothing = np.zeros((len(items.id), 0), np.float32)
    profiles = build_profiles(dataset.users, dataset.items, dataset.train, config.text, rng)
    context = JudgeContext(items, dataset.train, nothing, profiles)
    asked = _judges(config)
    receiver = _receiver(config, asked | {config.text.writer})
    found = estimate(
        context,
        config.judge,
        profile_of(dataset.users, items, config.text.profile_items),
        config.scoring.stand_ins * len(dataset.train),
        judging.measured(workspace, receiver["model"]),
        rng,
    )
    told = {
        **asdict(found),
        "n_pairs": found.n_pairs,
        **receiver,
        "asks_model": bool(asked & {"openai", "local"}),
        "budget": _budget(config),
        "profiles": None,
        "encoder": _encoder_host(config.text.encoder),
    }
    if config.text.writer != "composed":
        options = (config.judge.llm, config.text.profile_items, rng)
        told["profiles"] = asdict(preview_profiles(context, *options))
    judge_report.previewed(told, console)
    return told


def _judges(config: RunConfig) -> set[str]:
    """Who is asked for grades."""
    judge = config.judge
    return {judge.first, judge.second} if judge.kind == "ensemble" else {judge.kind}


def _receiver(config: RunConfig, asked: set[str]) -> dict[str, Any]:
    """Who reads the texts that a language model is asked about, and which model that is."""
    from core.judge.create import resolve  # noqa: PLC0415
    from core.judge.llm import endpoint  # noqa: PLC0415

    receiver, model = "nobody: the judge works on this machine without a language model", ""
    host, stays = "", True
    if "openai" in asked:
        place = resolve(config.judge.llm, os.environ)
        host, model, stays = place.host, place.model, endpoint.is_loopback(place)
        receiver = f"{host} (this machine)" if stays else host
    elif "local" in asked:
        file = config.judge.llm.model_file or os.environ.get(judge_endpoint.FILE, "")
        receiver, model = "a process on this machine", Path(file).name
    return {"receiver": receiver, "host": host, "stays_here": stays, "model": model}


def run(
    name: str, config: RunConfig, workspace: Path, console: Console, as_json: bool = False
) -> dict[str, Any]:
    """Judge a dataset; started again after it was stopped, it pays for nothing twice.

    Args:
        name: Of the dataset, or its folder.
        config: Settings of the run that the judgements are for.
        workspace: Where they are kept.
        console: For people.
        as_json: Say how far it is on standard output too, a JSON object per line.
    """
    from core.pipeline import run_judging  # noqa: PLC0415 - loads PyTorch

    dataset = load_dataset(find_dataset(name, workspace))
    called = judging.name_of(dataset.name, dataset.fingerprint, config)
    folder = judging.folder_of(workspace, called)
    ticket = run_queue.draw(workspace, run_queue.device_of(config.device), called)
    try:
        run_queue.wait(ticket, make_watcher(console).on_wait)
        # What an endpoint said half-way, or with a smaller budget, is kept call by call.
        shutil.rmtree(folder / "stages", ignore_errors=True)
        quality = run_judging(
            dataset, config, folder, workspace / "cache", judge_report.teller(console, as_json)
        )
    finally:
        ticket.give_back()
    run_folder.write_json(folder / run_folder.JUDGE_QUALITY, quality)
    for scratch in run_folder.SCRATCH:
        shutil.rmtree(folder / scratch, ignore_errors=True)
    about = {
        "name": called,
        "created": datetime.now(UTC).isoformat(),
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "judge": quality["judge"],
        "n_pairs": quality["n_pairs"],
        "n_unparsed": quality["n_unparsed"],
        "stopped_by": quality["asked"]["stopped_by"],
        "made": "here",
        "settings": config.model_dump(mode="json"),
    }
    judging.write_about(folder, about)
    judge_report.judged(about, quality, console)
    following = environment.shell_command(
        "run", name, "--set", "judge.kind=recorded", f"judge.recorded={called}", place=workspace
    )
    console.print(f"Next: {clean(following)}", soft_wrap=True)
    return {**about, "folder": str(folder)}


def import_judgements(
    path: Path, dataset_name: str, name: str, workspace: Path, console: Console
) -> dict[str, Any]:
    """Check judgements made elsewhere and keep what can be used under a name.

    Raises:
        DataError: If the file cannot be read, or nothing in it is about the dataset.
        ConfigError: If the name cannot be used.
    """
    from core.judge.recorded import read_recorded  # noqa: PLC0415

    dataset = load_dataset(find_dataset(dataset_name, workspace))
    folder = judging.folder_of(workspace, name)
    if judging.made_here(folder):
        raise ConfigError(f"Judgements {name} were made here: choose another name with --name.")
    found, problems = read_recorded(path, dataset.users.id, dataset.items.id)
    judge_report.print_problems(problems, console)
    if not len(found):
        raise DataError(
            f"{path.name}: none of its rows can be used for the dataset {dataset.name}. "
            "See the problems above; ids must be those of the dataset."
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write_table(judge_report.table_of(found, dataset), folder / judging.TABLE)
    about = {
        "name": name,
        "created": datetime.now(UTC).isoformat(),
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "judge": found.judge,
        "n_pairs": len(found),
        "n_unparsed": 0,
        "stopped_by": "",
        "made": "elsewhere",
        "problems": [asdict(problem) for problem in problems],
    }
    judging.write_about(folder, about)
    console.print(f"{len(found):,} judgements imported as {clean(name)}.")
    following = environment.shell_command(
        *("run", dataset_name, "--set", "judge.kind=recorded", f"judge.recorded={name}"),
        place=workspace,
    )
    console.print(f"Next: {clean(following)}", soft_wrap=True)
    return about


def export_judgements(
    run_id: str, target: Path, workspace: Path, console: Console
) -> dict[str, Any]:
    """Write the judgements of a run so that they can be imported again.

    Raises:
        ConfigError: If the ending of the file is none that is known.
        DataError: If there is no such run, or the file cannot be written.
    """
    if target.suffix not in EXPORTS:
        raise ConfigError(f"{target.name}: the file must end in {', '.join(EXPORTS)}.")
    folder = _folder(run_id, workspace)
    table = judge_report.exported(pd.read_parquet(folder / judging.TABLE), folder)
    try:
        _write_table(table, target)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror}.") from error
    console.print(f"{len(table):,} judgements of {clean(folder.name)} in {clean(target)}")
    return {"from": folder.name, "n_pairs": len(table), "file": str(target)}


def _folder(name: str, workspace: Path) -> Path:
    """Folder of a finished run, or of judgements made apart from one."""
    if judging.NAME.fullmatch(name) and (workspace / judging.FOLDER / name).is_dir():
        return judging.folder_of(workspace, name)
    run_id = run_list.newest(workspace) if name == run_list.LATEST else name
    return store.load_run(workspace, run_id).folder


def _write_table(table: pd.DataFrame, target: Path) -> None:
    aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    writers: Mapping[str, Callable[[Path], None]] = {
        ".csv": lambda path: table.to_csv(path, index=False),
        ".parquet": lambda path: table.to_parquet(path, index=False),
        ".jsonl": lambda path: table.to_json(path, orient="records", lines=True),
    }
    try:
        writers[target.suffix](aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _encoder_host(encoder: str) -> str:
    """Host that receives all profile texts to embed them; empty if none does."""
    if not encoder.startswith(PREFIX):
        return ""
    return endpoint_of(os.environ).host


def _budget(config: RunConfig) -> dict[str, float]:
    llm = config.judge.llm
    budgets = ("budget_calls", "budget_tokens", "budget_money")
    return {name: getattr(llm, name) for name in budgets if getattr(llm, name)}
