"""Find problems in raw data: a list of values, no exceptions for bad data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from core.config import PrepareConfig
from core.data import checks
from core.data.problems import Problem
from core.data.sources import ColumnMapping, ItemMapping, RawTables, load_raw
from core.errors import DataError

Check = Callable[[RawTables, PrepareConfig], Problem | None]

CHECKS: Final[Mapping[str, Check]] = {
    "no rows": checks.no_rows,
    "too small": checks.too_small,
    "threshold out of reach": checks.threshold_out_of_reach,
    "times missing for split": checks.timestamps_missing_for_split,
    "unknown splits": checks.splits_unknown,
    "empty ids": checks.empty_ids,
    "duplicate pairs": checks.duplicate_pairs,
    "ratings not numbers": checks.ratings_not_numbers,
    "ratings missing": checks.ratings_missing,
    "ratings out of range": checks.ratings_out_of_range,
    "ratings on two scales": checks.ratings_mixed_scale,
    "timestamps not times": checks.timestamps_not_times,
    "absurd timestamps": checks.timestamps_absurd,
    "timestamps not seconds": checks.timestamps_not_seconds,
    "unknown labels": checks.labels_unknown,
    "unknown items": checks.items_unknown,
    "repeated items": checks.items_repeated,
    "items without text": checks.items_without_text,
    "users below the core": checks.users_below_core,
    "unused columns": checks.columns_unused,
}
"""Name -> check; all of them run."""

_ORDER: Final = {"error": 0, "warning": 1, "info": 2}


def validate(
    source: RawTables | str | Path,
    mapping: ColumnMapping | None = None,
    config: PrepareConfig | None = None,
    items_path: str | Path | None = None,
    items_mapping: ItemMapping | None = None,
) -> list[Problem]:
    """Find problems, the worst first.

    Args:
        source: Raw tables, or a path to load them from.
        mapping: Columns of the interactions, if ``source`` is a path; guessed if omitted.
        config: Settings the data is meant for; defaults if omitted.
        items_path: File of items, if ``source`` is a path.
        items_mapping: Columns of the items; guessed if omitted.

    Returns:
        All problems; one of severity ``error`` means that the data cannot be prepared yet.
    """
    if not isinstance(source, RawTables):
        try:
            source = load_raw(source, mapping, items_path, items_mapping)
        except DataError as error:
            return [Problem("The data cannot be read", 1, [], "error", str(error))]
    settings = config or PrepareConfig()
    found = (check(source, settings) for check in CHECKS.values())
    problems = [*source.problems, *(problem for problem in found if problem is not None)]
    return sorted(problems, key=lambda problem: _ORDER[problem.severity])
