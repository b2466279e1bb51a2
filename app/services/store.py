"""Run folders on disk: ``<workspace>/runs/<run id>/``, queried with DuckDB.

A run is finished when its ``manifest.json`` exists: the job writes it last. DuckDB is the query
engine only, in memory over Parquet, because a DuckDB file can be open in one process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
from pydantic import ValidationError

from app.services import whole_file
from app.services.records import Manifest
from core.errors import DataError

_JUDGED_FIRST: Final = "user_grade >= 0 DESC, isfinite(loss) DESC"
EXAMPLES: Final = {
    "noisy": (2, f'{_JUDGED_FIRST}, loss DESC, "row"'),
    "hard": (2, f'{_JUDGED_FIRST}, loss DESC, "row"'),
    "clean": (1, f'{_JUDGED_FIRST}, p_noisy, "row"'),
}
"""Verdict -> how many examples of it, and the SQL of their order."""


@dataclass(frozen=True)
class Run:
    """One finished run."""

    id: str
    folder: Path
    manifest: Manifest


def run_ids(workspace: Path) -> list[str]:
    """Names of the finished runs, newest first; damaged ones last."""
    paths = workspace.glob("runs/*/manifest.json")
    created = {path.parent.name: _created(whole_file.stamp(path)) for path in paths}
    return sorted(created, key=lambda run_id: (created[run_id], run_id), reverse=True)


def load_run(workspace: Path, run_id: str) -> Run:
    """Read one run.

    Raises:
        DataError: If there is no such finished run, or its manifest is damaged.
    """
    folder = workspace / "runs" / run_id
    is_name = Path(run_id).name == run_id and run_id != ".."
    if not is_name or not os.path.isfile(folder / "manifest.json"):  # False for impossible names
        raise DataError(f"There is no finished run {run_id!r} in {workspace}. Choose another run.")
    try:
        manifest = Manifest.model_validate(json.loads((folder / "manifest.json").read_text()))
    except (OSError, ValueError) as error:  # ValidationError is a ValueError
        raise DataError(
            f"Run {run_id} is damaged: manifest.json {_reason(error)}. "
            "Delete its folder, or run it again."
        ) from error
    return Run(run_id, folder, manifest)


def loss_histogram(run: Run, n_bins: int = 40) -> pd.DataFrame:
    """Count interactions by out-of-fold loss and verdict.

    Returns:
        Columns ``bin`` (0..n_bins-1), ``left`` and ``right`` edge, ``verdict``, ``n``; bins
        without interactions are left out, rows without a finite loss too.
    """
    return _query(
        run,
        """
        WITH known AS (SELECT loss, verdict FROM interactions WHERE isfinite(loss)),
        range AS (
            SELECT min(loss)::DOUBLE AS low,
                   greatest(max(loss) - min(loss), 1e-9)::DOUBLE / $n_bins AS width
            FROM known
        ),
        placed AS (
            SELECT least(floor((loss - low) / width)::INTEGER, $n_bins - 1) AS bin, verdict
            FROM known, range
        )
        SELECT bin, low + bin * width AS "left", low + (bin + 1) * width AS "right",
               verdict, count(*) AS n
        FROM placed, range
        GROUP BY bin, low, width, verdict
        ORDER BY verdict, bin
        """,
        {"n_bins": n_bins},
    )


def examples(run: Run) -> pd.DataFrame:
    """Five interactions that show the point: badly fitted ones and what they turned out to be.

    Two noisy and two hard, the highest-loss ones of their verdict, and the clean one that is least
    likely noise; judged ones first.

    Returns:
        All columns of ``interactions.parquet``.
    """
    # Few columns at first, of each verdict the first alone: texts are read for the chosen five.
    chosen = " UNION ALL ".join(
        f"(SELECT \"row\" FROM interactions WHERE verdict = '{verdict}' ORDER BY {order} LIMIT {n})"
        for verdict, (n, order) in EXAMPLES.items()
    )
    places = " ".join(
        f"WHEN '{verdict}' THEN row_number() OVER (PARTITION BY verdict ORDER BY {order})"
        for verdict, (_, order) in EXAMPLES.items()
    )
    return _query(
        run,
        f"""
        SELECT * FROM interactions WHERE "row" IN ({chosen})
        ORDER BY verdict DESC, CASE verdict {places} END
        """,
    )


def _query(run: Run, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Ask ``sql`` about the table ``interactions`` of a run."""
    try:
        # A connection per question: sessions of the app run in threads and may not share one.
        with duckdb.connect(":memory:") as connection:
            path = str(run.folder / "interactions.parquet")
            connection.from_parquet(path).create_view("interactions")
            return connection.execute(sql, dict(parameters or {})).df()
    except duckdb.Error as error:
        raise DataError(
            f"Run {run.id} is damaged: interactions.parquet cannot be read ({error}). "
            "Delete its folder, or run it again."
        ) from error


@lru_cache(maxsize=2000)
def _created(stamp: tuple[str, int, int]) -> str:
    """Time in a manifest, as text; empty where it cannot be read."""
    try:
        return str(json.loads(Path(stamp[0]).read_text())["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _reason(error: Exception) -> str:
    """Say in one line why a manifest was not accepted."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"has a bad {'.'.join(map(str, first['loc']))} ({first['msg']})"
    return f"cannot be read ({error})"
