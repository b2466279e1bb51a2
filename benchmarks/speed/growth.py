"""How cost grows with the number of interactions: training, evaluation, maps, pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from benchmarks.speed.graphs import power_law
from benchmarks.speed.loop import Job, Measure, repeated, timed
from benchmarks.speed.ours import Training
from benchmarks.speed.projection import points_of
from core.config import ProjectionConfig
from core.projection import project

USERS = 0.03
ITEMS = 0.04
"""Per interaction; L has the same."""
MOST_POINTS: Final = 150_000
"""Of a map: exact neighbours of more take hours."""
STEPS: Final = 6


def prepare(job: Job) -> Measure:
    """``engine``: a training of this size; ``pages``: what the pages ask of a run of this size."""
    return _engine(job) if job["task"] == "engine" else _pages(job["size"])


def _engine(job: Job) -> Measure:
    torch.set_num_threads(job["threads"])
    n = job["size"]
    users, items = int(n * USERS), int(n * ITEMS)
    training = Training(power_law(users, items, n, np.random.default_rng(0)), {})
    points = points_of(users + items) if users + items <= MOST_POINTS else None
    training.begin_epoch()
    if points is not None:
        project(points[:300], ProjectionConfig(), 0)  # compiles

    def measure() -> dict[str, Any]:
        begin, _ = timed(training.begin_epoch)
        step = repeated(training.step, job.get("steps", STEPS), "step")["step"]
        found = {
            "epoch": begin + step * training.n_steps,
            "evaluation": repeated(training.evaluate, 1, "e")["e"],
        }
        if points is not None:
            found["map"], _ = timed(lambda: project(points, ProjectionConfig(), 0))
        return found

    return measure


def _pages(size: int) -> Measure:
    from app.services import flagged, graph_diff, losses, store  # noqa: PLC0415 - DuckDB
    from benchmarks.large_run import write  # noqa: PLC0415

    workspace = Path.cwd() / "pages"
    folder = write(workspace, size, max(60, int(size * 0.06)), max(40, int(size * 0.04)), 4, 0)
    run = store.load_run(workspace, folder.name)
    order = flagged.orders(run)[0]
    nothing = flagged.Filters()
    asked = {
        "page of the review list": lambda: flagged.page(run, nothing, order, 3, 50),
        "counts of the review list": lambda: flagged.counts(run, nothing),
        "distribution of losses": lambda: losses.bins(run, "loss", "verdict"),
        "totals of the graphs": lambda: graph_diff.totals(run),
    }
    return lambda: {name: repeated(ask, 3, "q")["q"] for name, ask in asked.items()}
