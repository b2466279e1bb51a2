"""Own data of many rows: read from partitioned Parquet, checked, and made into a dataset.

The rows are made by DuckDB from a hash: 30 parts by day, ids as text, ratings and times.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks.speed.loop import Job, Measure, peak_mb, timed
from core.config import PrepareConfig
from core.data.prepare import prepare as make_dataset
from core.data.sources import load_raw
from core.data.validate import validate

USERS: Final = 0.02
"""Per row: 2 million users of 100 million rows."""
ITEMS: Final = 0.005
DAYS: Final = 30
START: Final = 1_700_000_000
WRITE: Final = """
import sys
from pathlib import Path
from benchmarks.speed.reading import write
write(Path(sys.argv[1]), int(sys.argv[2]))
"""


def prepare(job: Job) -> Measure:
    """Write the rows, outside of what is measured and in a process of its own."""
    folder = written(int(job["size"]))

    def measure() -> dict[str, Any]:
        config = PrepareConfig(name="clicks", split="time", min_rating=2.0)
        done: list[Any] = []
        read, _ = timed(lambda: done.append(load_raw(folder)))
        check, _ = timed(lambda: done.append(validate(done[0], config=config)))
        make, _ = timed(lambda: done.append(make_dataset(done[0], config)))
        size = sum(part.stat().st_size for part in folder.rglob("*.parquet"))
        return {
            "read": read,
            "check": check,
            "make": make,
            "disk_mb": size / 1e6,
            "peak_mb": peak_mb(),
        }

    return measure


def written(n: int) -> Path:
    """The folder with n rows, in the current folder; made by another process."""
    folder = Path.cwd() / f"clicks-{n}"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-c", WRITE, str(folder), str(n)], check=True)
    return folder


def write(folder: Path, n: int) -> None:
    """Partitioned Parquet of n rows."""
    users, items = max(int(n * USERS), 1), max(int(n * ITEMS), 1)
    # Squares of uniform numbers: a few users and items have many rows, most have few.
    rank = "((hash(k, {salt}) % 1000003) / 1000003.0) ** 2"
    duckdb.connect().execute(f"""
        COPY (SELECT 'user-' || ({rank.format(salt=1)} * {users})::BIGINT AS user_id,
                     'item-' || ({rank.format(salt=2)} * {items})::BIGINT AS item_id,
                     (hash(k, 3) % 5 + 1)::DOUBLE AS rating, {START} + k AS timestamp,
                     k * {DAYS} // {n} AS day
              FROM range({n}) AS rows(k))
        TO '{folder}' (FORMAT parquet, PARTITION_BY (day))""")
