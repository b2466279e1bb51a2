"""Wall time of ``make demo`` once everything is installed: a run in a workspace of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.loop import Job, Measure

THREADS: Final = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_PROC_BIND",
    "OMP_PLACES",
)


def prepare(_: Job) -> Measure:
    """Nothing is prepared: the workspace is new and its cache is empty."""

    def measure() -> dict[str, Any]:
        command = [sys.executable, "-m", "app.cli", "demo", "--workspace", str(Path.cwd() / "new")]
        # Threads as people have them: the engine places its own.
        own = {name: value for name, value in os.environ.items() if name not in THREADS}
        start = time.perf_counter()
        done = subprocess.run(command, env=own, capture_output=True, text=True)
        wall = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stdout[-1500:] + done.stderr[-1500:])
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = spent.ru_utime + spent.ru_stime
        return {"demo": wall, "demo_cpu": cpu}

    return measure
