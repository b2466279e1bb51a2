"""Training on a GPU: epochs, products beside the bandwidth, a large graph, agreement with the CPU.

Where there is no GPU it says so.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch

from benchmarks.speed.graphs import Drawn, load
from benchmarks.speed.loop import Job, Measure
from benchmarks.speed.ours import Training
from core.graph.adjacency import Graph

KINDS: Final = ("plain", "default", "full")
"""Objectives: BPR alone, LLMHNI as by default, and with all terms of the paper."""
TYPES: Final = {"fp32": "float32", "bf16": "bfloat16"}
LARGE: Final = (1_000_000, 1_000_000, 100_000_000)
"""Users, items, interactions; drawn with repeats."""
SIZE: Final = 64
COPY_BYTES: Final = 2**32
AGREE_STEPS: Final = 20


def prepare(job: Job) -> Measure:
    """Load the graph; everything is measured in one round."""
    device = job.get("device", "cuda")
    if device != "cpu" and not torch.cuda.is_available():
        return lambda: {"skipped": "there is no GPU here"}
    drawn = load(job["graph"])

    def measure() -> dict[str, Any]:
        bandwidth = copy_bandwidth(device, COPY_BYTES if device != "cpu" else 2**26)
        found: dict[str, Any] = {"device": _name(device), "bandwidth_gb": bandwidth / 1e9}
        found |= agreement(drawn, device)
        for short, dtype in TYPES.items():
            found |= epochs(drawn, device, short, dtype, job.get("steps"))
            found |= products(drawn, device, short, dtype, bandwidth)
        if device != "cpu":
            found |= large(device, LARGE, bandwidth)
        return found

    return measure


def epochs(
    drawn: Drawn, device: str, short: str, dtype: str, n_steps: int | None
) -> dict[str, float]:
    """Seconds of an epoch of each objective, drawing included."""
    found = {}
    for kind in KINDS:
        training = Training(drawn, {"device": device, "dtype": dtype, "objective": kind})
        training.begin_epoch()
        for _ in range(3):
            training.step()
        n = min(training.n_steps, n_steps or training.n_steps)
        begin = seconds(training.begin_epoch, device)
        steps = seconds(lambda t=training, k=n: [t.step() for _ in range(k)], device)
        found[f"{kind} epoch, {short}"] = begin + steps * training.n_steps / n
    return found


def products(
    drawn: Drawn, device: str, short: str, dtype: str, bandwidth: float
) -> dict[str, float]:
    """One product with the graph, and its speed as a share of that of a copy."""
    training = Training(drawn, {"device": device, "dtype": dtype})
    graph = training.objective.graph
    return _product(graph, f"product, {short}", device, bandwidth)


@torch.no_grad()
def _product(graph: Graph, name: str, device: str, bandwidth: float) -> dict[str, float]:
    table = torch.randn(graph.n_nodes, SIZE, device=device)
    graph.spmm(table)
    took = statistics.median(seconds(lambda: graph.spmm(table), device) for _ in range(10))
    return {name: took, f"{name}: share of bandwidth": no_reuse_bytes(graph) / took / bandwidth}


def no_reuse_bytes(graph: Graph) -> int:
    """What a product moves if no row is read from a cache.

    Per entry its column, its value and a row of the table; then every row of the result once.
    """
    width = graph.value.element_size()
    return len(graph.column) * (4 + width + SIZE * width) + graph.n_nodes * SIZE * width


def large(device: str, sizes: tuple[int, int, int], bandwidth: float) -> dict[str, float]:
    """Step, product and memory of a training on a large graph."""
    drawn = _skewed(*sizes)
    found: dict[str, float] = {}
    for short, dtype in TYPES.items():
        if device != "cpu":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        training = Training(drawn, {"device": device, "dtype": dtype})
        training.begin_epoch()
        training.step()
        name = f"large graph, {short}"
        took = statistics.median(seconds(training.step, device) for _ in range(10))
        found[f"step, {name}"] = took
        found |= _product(training.objective.graph, f"product, {name}", device, bandwidth)
        if device != "cpu":
            found[f"GPU memory, {name}, GB"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def _skewed(n_users: int, n_items: int, n_edges: int) -> Drawn:
    rng = np.random.default_rng(0)
    user = (n_users * rng.random(n_edges) ** 1.5).astype(np.int64)
    item = (n_items * rng.random(n_edges) ** 2).astype(np.int64)
    return Drawn(user, item, user[:1], item[:1], n_users, n_items)


def agreement(drawn: Drawn, device: str) -> dict[str, float]:
    """Relative difference of the vectors after the same steps on the CPU and on the device."""
    tables = []
    for place in ("cpu", device):
        training = Training(drawn, {"device": place})
        training.begin_epoch()
        for _ in range(AGREE_STEPS):
            training.step()
        tables.append(training.backbone.embedding.detach().cpu().double())
    here, there = tables
    return {"relative difference to the CPU": float((here - there).norm() / here.norm())}


def copy_bandwidth(device: str, n_bytes: int) -> float:
    """Bytes a second of a copy, read and written."""
    source = torch.empty(n_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    took = statistics.median(seconds(lambda: target.copy_(source), device) for _ in range(10))
    return 2 * n_bytes / took


def seconds(call: Callable[[], object], device: str) -> float:
    """Wall time of a call and of all it started on the device."""
    _wait(device)
    start = time.perf_counter()
    call()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def _name(device: str) -> str:
    return "cpu" if device == "cpu" else torch.cuda.get_device_name()
