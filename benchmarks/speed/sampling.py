"""What drawing negatives costs beside the training that uses them, over one epoch."""

from __future__ import annotations

import statistics
from typing import Any

import torch

from benchmarks.speed.graphs import load
from benchmarks.speed.loop import Job, Measure, timed
from benchmarks.speed.ours import Training
from core.model.hard_negatives import HardNegativePool
from core.model.sampling import Observed
from core.parallel.columns import UNDIVIDED
from core.train.llmhni import LLMHNI

POOL = 64
"""Of the paper's preset."""


def prepare(job: Job) -> Measure:
    """Trainings with each kind of negatives: ``plain``, ``default``, ``fresh`` and ``pool``."""
    torch.set_num_threads(job["threads"])
    drawn = load(job["graph"])
    own = {"dtype": job["dtype"], "threads": job["threads"]}
    plain = Training(drawn, own)
    fresh = Training(drawn, own | {"objective": "full"})
    default = Training(drawn, own | {"objective": "default"})
    observed = Observed(drawn.train)
    generator = torch.Generator().manual_seed(0)
    pool = HardNegativePool(drawn.n_users, drawn.n_items, POOL, observed, generator)

    def measure() -> dict[str, Any]:
        return {
            **_plain(plain, job["steps"]),
            **_fresh(default, job["steps"], "default"),
            **_fresh(fresh, job["steps"], "full"),
            **_pool(fresh, pool, generator),
        }

    return measure


def _plain(training: Training, n: int) -> dict[str, float]:
    wall, _ = timed(training.begin_epoch)
    return {"plain_sampling": wall, "plain_epoch": wall + _median_step(training, n)}


def _fresh(training: Training, n: int, name: str) -> dict[str, float]:
    """Fresh negatives are drawn and scored within each step: that part, and the whole epoch."""
    objective = training.objective
    if not isinstance(objective, LLMHNI):
        raise TypeError("fresh negatives belong to the full objective")
    training.begin_epoch()
    steps = _median_step(training, n)
    with torch.no_grad():
        found = training.backbone(objective.graph)
    draws = []
    for _ in range(n + 1):
        user = objective.user[training.batch()]
        draws.append(timed(lambda of=user: objective._fresh_negatives(found, of, UNDIVIDED))[0])
    begin, _ = timed(training.begin_epoch)  # dropped views, or directions of the noise
    sampling = statistics.median(draws[1:]) * training.n_steps
    return {f"{name}_sampling": sampling, f"{name}_begin": begin, f"{name}_epoch": begin + steps}


@torch.no_grad()
def _pool(
    training: Training, pool: HardNegativePool, generator: torch.Generator
) -> dict[str, float]:
    """Refresh of the pool of every user, its propagation included, and a draw per positive."""
    objective = training.objective
    if not isinstance(objective, LLMHNI):
        raise TypeError("a pool belongs to the full objective")

    def refresh() -> None:
        found = training.backbone(objective.graph)
        pool.refresh(found.user, found.item)

    draw, _ = timed(lambda: pool.draw(objective.user, 4, objective.aligned, generator))
    return {"pool_refresh": timed(refresh)[0], "pool_draw": draw}


def _median_step(training: Training, n: int) -> float:
    """Seconds of all steps of an epoch, from the median of n."""
    training.step()
    return statistics.median(timed(training.step)[0] for _ in range(n)) * training.n_steps
