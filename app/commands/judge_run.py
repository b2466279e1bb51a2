"""``judge --run``: judge a dataset apart from a run, and leave nothing behind that is not whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from app.commands import judge_report
from app.commands.output import clean
from app.commands.runs import find_dataset, make_watcher
from app.services import environment, judging, run_folder, run_queue
from core.config import RunConfig
from core.data.dataset import load_dataset
from core.errors import Cancelled, ConfigError
from core.types import Dataset


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
    dataset = load_dataset(find_dataset(name, workspace))
    called = judging.name_of(dataset.name, dataset.fingerprint, config)
    folder = judging.folder_of(workspace, called)
    device = run_queue.device_of(config.device)
    ticket = run_queue.draw(workspace, device, called)
    teller = judge_report.Teller(console, as_json)
    started = time.monotonic()
    try:
        run_queue.wait(ticket, make_watcher(console).on_wait)
        clear_unfinished(workspace, device, called)
        quality = _judged(dataset, config, folder, workspace, teller)
    except (KeyboardInterrupt, Cancelled):
        judge_report.stopped(teller.paid, console)
        raise
    finally:
        _leave_whole(folder)
        ticket.give_back()
    seconds = time.monotonic() - started
    about = _about(called, dataset, config, quality, seconds)
    judging.write_about(folder, about)
    judge_report.judged(about, quality, console)
    _next(name, about, workspace, console)
    return {**about, "folder": str(folder)}


def clear_unfinished(workspace: Path, device: str, own: str) -> None:
    """Remove what killed judgings left: folders that say nothing of themselves, nobody works on.

    Whoever judges holds a place in the queue under the name of the folder, from before it is made
    until it is whole; so a folder is removed while its place is held here.

    Args:
        workspace: Whose judgements.
        device: Queue to hold the place in.
        own: Name of the judging that this is done for; left alone.
    """
    for folder in sorted((workspace / judging.FOLDER).glob("*")):
        unfinished = judging.made_here(folder) and not (folder / judging.ABOUT).exists()
        if not unfinished or folder.name == own:
            continue
        with suppress(ConfigError):  # somebody works on it
            place = run_queue.draw(workspace, device, folder.name)
            try:
                if not (folder / judging.ABOUT).exists():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                place.give_back()


def _judged(
    dataset: Dataset,
    config: RunConfig,
    folder: Path,
    workspace: Path,
    teller: judge_report.Teller,
) -> dict[str, Any]:
    """Judge, and write the tables and ``judge_quality.json``."""
    from core.pipeline import run_judging  # noqa: PLC0415 - loads PyTorch

    # What an endpoint said half-way, or with a smaller budget, is kept call by call.
    shutil.rmtree(folder / "stages", ignore_errors=True)
    quality = run_judging(dataset, config, folder, workspace / "cache", teller)
    run_folder.write_json(folder / run_folder.JUDGE_QUALITY, quality)
    (folder / _WHOLE).touch()
    return quality


_WHOLE = "whole"
"""Mark of a folder whose tables are all there, and ``about.json`` not yet."""


def _leave_whole(folder: Path) -> None:
    """Clear away unfinished work; a folder that holds nothing else goes with it.

    Training that was stopped half-way stays, to go on from there; every stage that was finished is
    in the cache, and so is every answer.
    """
    whole = folder / _WHOLE
    if whole.exists() or (folder / judging.ABOUT).exists():
        for scratch in run_folder.SCRATCH:
            shutil.rmtree(folder / scratch, ignore_errors=True)
        whole.unlink(missing_ok=True)
    elif not any((folder / "checkpoints").glob("*")):
        shutil.rmtree(folder, ignore_errors=True)


def _about(
    name: str, dataset: Dataset, config: RunConfig, quality: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    return {
        "name": name,
        "created": datetime.now(UTC).isoformat(),
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "judge": quality["judge"],
        "n_pairs": quality["n_pairs"],
        "n_wanted": quality["asked"]["n_pairs"],
        "n_unparsed": quality["n_unparsed"],
        "stopped_by": quality["asked"]["stopped_by"],
        "seconds": round(seconds, 1),
        "made": "here",
        "settings": config.model_dump(mode="json"),
    }


def _next(name: str, about: Mapping[str, Any], workspace: Path, console: Console) -> None:
    """What can be done with the judgements."""
    following = environment.shell_command(
        *("run", name, "--set", "judge.kind=recorded", f"judge.recorded={about['name']}"),
        place=workspace,
    )
    if not about["stopped_by"]:
        console.print(f"Next: {clean(following)}", soft_wrap=True)
        return
    console.print(
        f"[bold]Not all is judged[/], {about['n_pairs']:,} of {about['n_wanted']:,} pairs: once "
        "what stopped it is mended (see above), judging goes on and pays for nothing twice.",
        soft_wrap=True,
    )
    console.print(
        f"Next, with these alone (all other pairs stay without grades): {clean(following)}",
        soft_wrap=True,
    )
