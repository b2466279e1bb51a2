"""A process that measures when it is told to: ``python -m benchmarks.speed.loop MODULE JOB``.

It prepares once, says so, then answers every line on its input with one measurement, so that the
rounds of all contestants alternate and none pays for its start. Runs in the environments of other
libraries as well and therefore needs the standard library alone.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final

Job = dict[str, Any]
Measure = Callable[[], dict[str, Any]]

PACKAGES: Final = (
    "torch",
    "numpy",
    "scipy",
    "recbole",
    "torch_geometric",
    "umap-learn",
    "sentence-transformers",
)


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of a call by the clock and by the processor (all threads of this process)."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def warmed(step: Callable[[], object], seconds: float = 1.0) -> None:
    """Take steps that do not count, at least one.

    A process that has waited for its turn may come back to cold caches and a slow clock; the steps
    of an epoch follow each other.
    """
    end = time.perf_counter() + seconds
    step()
    while time.perf_counter() < end:
        step()


def repeated(step: Callable[[], object], n: int, name: str) -> dict[str, float]:
    """Median and least seconds of n calls: ``NAME``, ``NAME_cpu``, ``NAME_min``, ``NAME_cpu_min``.

    Args:
        step: Does the same amount of work each time.
        n: Calls, 1 or more; one more comes before them and does not count.
        name: Of the measurement.
    """
    step()
    walls, cpus = zip(*(timed(step) for _ in range(n)), strict=True)
    return {
        name: statistics.median(walls),
        f"{name}_cpu": statistics.median(cpus),
        f"{name}_min": min(walls),
        f"{name}_cpu_min": min(cpus),
    }


def peak_mb() -> float:
    """Most resident memory this process ever had, in MB (10^6 bytes)."""
    try:  # of this program alone, whatever started it
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def versions() -> dict[str, str]:
    """Of Python and the libraries that are measured, as far as they are here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Prepare the job, then measure once per line of input."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print what they like; answers stay apart
    sys.stdout = sys.stderr
    module, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    measure: Measure = import_module(module).prepare(job)
    print(json.dumps({"versions": versions()}), file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps(measure(), allow_nan=False), file=answers, flush=True)


if __name__ == "__main__":
    main()
