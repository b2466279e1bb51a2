"""Questions that pages and checks ask, put to partitioned Parquet by DuckDB, without an import.

The rows are those of :mod:`benchmarks.speed.reading`: 30 parts by day, ids as text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks.speed.loop import Job, Measure, peak_mb, repeated
from benchmarks.speed.reading import written

MEMORY: Final = "2GB"
"""What DuckDB may take before it spills to disk."""
QUESTIONS: Final = {
    "rows of a day": "SELECT count(*) FROM clicks WHERE day = 7",
    "history of a user": (
        "SELECT item_id, rating, timestamp FROM clicks WHERE user_id = 'user-7' ORDER BY timestamp"
    ),
    "most clicked items": (
        "SELECT item_id, count(*) AS n FROM clicks GROUP BY item_id ORDER BY n DESC, item_id "
        "LIMIT 50"
    ),
    "users by number of clicks": (
        "SELECT floor(log2(n)) AS size, count(*) FROM "
        "(SELECT count(*) AS n FROM clicks GROUP BY user_id) GROUP BY size ORDER BY size"
    ),
    "a sorted page": (
        "SELECT * FROM clicks WHERE rating <= 2 ORDER BY timestamp DESC LIMIT 50 OFFSET 150"
    ),
}


def prepare(job: Job) -> Measure:
    """Write the rows, then ask everything of them."""
    connection = connect(written(int(job["size"])), int(job["threads"]))

    def measure() -> dict[str, Any]:
        counted = connection.sql("SELECT count(*) FROM clicks").fetchall()
        found: dict[str, Any] = {"n": counted[0][0]}
        for name, question in QUESTIONS.items():
            asked = repeated(lambda q=question: connection.sql(q).fetchall(), 1, "q")
            found[name] = asked["q"]
        return found | {"peak_mb": peak_mb()}

    return measure


def connect(folder: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """A database in memory with the view ``clicks`` of all parts of a folder."""
    connection = duckdb.connect(config={"threads": threads, "memory_limit": MEMORY})
    parts = str(folder / "*" / "*.parquet").replace("'", "''")
    connection.execute(
        f"CREATE VIEW clicks AS SELECT * FROM read_parquet('{parts}', hive_partitioning = true)"
    )
    return connection
