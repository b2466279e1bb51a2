"""Where the time goes: an epoch of the whole method by operator, the demo by function."""

from __future__ import annotations

import cProfile
import pstats
import sysconfig
from pathlib import Path
from typing import Any, Final

import torch

from app.services import environment
from benchmarks.speed.graphs import load
from benchmarks.speed.loop import Job, Measure
from benchmarks.speed.ours import Training

N_TOP: Final = 15
N_STEPS: Final = 10


def prepare(job: Job) -> Measure:
    """``epoch``: its begin and some steps under torch.profiler; ``demo``: all under cProfile."""
    torch.set_num_threads(job["threads"])
    if job["task"] == "demo":
        return _demo
    training = Training(load(job["graph"]), {"objective": "full", "dtype": "bfloat16"} | job)
    training.begin_epoch()
    training.step()
    return lambda: _epoch(training, job.get("steps", N_STEPS))


def _epoch(training: Training, n_steps: int) -> dict[str, Any]:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        training.begin_epoch()
        for _ in range(n_steps):
            training.step()
    events = found.key_averages()
    total = sum(event.self_cpu_time_total for event in events) / 1e6
    top = sorted(events, key=lambda event: -event.self_cpu_time_total)[:N_TOP]
    rows = [
        {"name": event.key, "self": event.self_cpu_time_total / 1e6, "calls": event.count}
        for event in top
    ]
    return {"rows": rows, "total": total, "what": f"begin of an epoch and {n_steps} steps"}


def _demo() -> dict[str, Any]:
    from rich.console import Console  # noqa: PLC0415 - of the demo alone

    from app.commands.runs import run_demo  # noqa: PLC0415

    torch.set_num_threads(1)  # trainings in threads beside this one would not be seen
    profiler = cProfile.Profile()
    profiler.runcall(run_demo, 0, False, Path.cwd() / "new", Console(quiet=True))
    return {
        **top_functions(pstats.Stats(profiler)),
        "what": "the whole demo, in a new workspace, on one thread",
    }


def top_functions(stats: pstats.Stats) -> dict[str, Any]:
    """Functions by own time; places are named from the project or the library on, never deeper."""
    every: dict[Any, Any] = stats.stats  # type: ignore[attr-defined]
    rows = [
        {"name": _named(*key), "self": own, "calls": calls}
        for key, (_, calls, own, _, _) in every.items()
    ]
    total = sum(row["self"] for row in rows)
    return {"rows": sorted(rows, key=lambda row: -row["self"])[:N_TOP], "total": total}


def _named(file: str, line: int, function: str) -> str:
    if file == "~":
        return function.strip("<>")
    paths = sysconfig.get_paths()
    for root in (paths["purelib"], paths["stdlib"], str(environment.ROOT)):
        if file.startswith(root):
            return f"{Path(file).relative_to(root).as_posix()}:{line} {function}"
    return f"{Path(file).name}:{line} {function}"
