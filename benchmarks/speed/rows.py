"""Raw measurements on disk: one line per contestant and round, one file per part.

Files are added to and never rewritten, so a stopped measurement goes on where it stopped and parts
that were measured apart make one report.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from app.services import environment
from benchmarks.machine import cpu_name
from core.errors import ConfigError

Row = Mapping[str, Any]
FOLDER: Final = environment.ROOT / "docs" / "results" / "performance"
BEFORE: Final = ", before"
"""Behind the names of what an older version was measured at, to stand beside this one."""
KEY: Final = ("part", "graph", "contestant", "threads", "round")


@cache
def fingerprint_of_code() -> str:
    """Short hash of the engine that is measured."""
    digest = hashlib.sha256()
    for path in sorted((environment.ROOT / "core").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def machine() -> dict[str, Any]:
    """Processor, cores, system; nothing that names the machine."""
    return {
        "cpu": cpu_name(),
        "cpus": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
    }


def key_of(row: Row) -> tuple[Any, ...]:
    """What a row measures."""
    return tuple(row[name] for name in KEY)


def append(folder: Path, row: Row) -> None:
    """Add one row to the file of its part."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{row['part']}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(dict(row), allow_nan=False) + "\n")


def take_over(source: Path, folder: Path, part: str) -> int:
    """Add rows that an older version measured, under names that say so.

    Args:
        source: Its folder of raw numbers.
        folder: Ours.
        part: Whose rows.

    Returns:
        How many; those taken over before count once more and stay as they were.

    Raises:
        ConfigError: If there are none.
    """
    rows = Rows.read(source).of(part=part).rows
    if not rows:
        raise ConfigError(f"{source} has no rows of {part}: measure them there first")
    known = {key_of(row) for row in Rows.read(folder).rows}
    for row in rows:
        named = {**row, "contestant": f"{row['contestant']}{BEFORE}"}
        if key_of(named) not in known:
            append(folder, named)
    return len(rows)


@dataclass(frozen=True)
class Rows:
    """Rows of all parts, or of some."""

    rows: Sequence[Row]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """All rows of a folder; of rows with one key the last counts."""
        found: dict[tuple[Any, ...], Row] = {}
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                if line.strip():
                    row = json.loads(line)
                    found[key_of(row)] = row
        return cls(tuple(found.values()))

    def of(self, **wanted: object) -> Rows:
        """Rows with these values."""
        kept = (row for row in self.rows if all(row[key] == wanted[key] for key in wanted))
        return Rows(tuple(kept))

    def names(self, key: str) -> list[Any]:
        """Different values, in the order in which they were measured first."""
        return list(dict.fromkeys(row[key] for row in self.rows))

    def with_most_threads(self) -> Rows:
        """Rows of the largest number of threads that the part was measured with."""
        most = max((row["threads"] for row in self.rows), default=1)
        return self.of(threads=most)

    def values(self, *names: str) -> list[float]:
        """Sum of these numbers, per round; rounds without them are left out."""
        found = (row["found"] for row in self.rows)
        return [sum(one[n] for n in names) for one in found if all(n in one for n in names)]

    def median(self, *names: str) -> float:
        """Median over rounds of the sum of these numbers; NaN where nothing was measured."""
        values = self.values(*names)
        return statistics.median(values) if values else math.nan

    def least(self, *names: str) -> float:
        """Least over rounds; NaN where nothing was measured."""
        return min(self.values(*names), default=math.nan)

    def __len__(self) -> int:
        return len(self.rows)


def drop(folder: Path, parts: Iterable[str]) -> None:
    """Forget what was measured of some parts."""
    for part in parts:
        (folder / f"{part}.jsonl").unlink(missing_ok=True)
