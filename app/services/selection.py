"""Review lists: interactions picked on one page and looked at on another.

A list is a small Parquet file named by its content, so its name in an address means the same
tomorrow and in another window: ``<workspace>/selections/<run id>/<name>.parquet`` and beside it
``.json`` with where it came from.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.services import whole_file
from app.services.store import Run


@dataclass(frozen=True)
class Selection:
    """A review list of one run."""

    id: str
    path: Path
    """Parquet file with one column ``row``, int64, ascending, without repeats."""
    source: str
    """What it is, for people: ``412 interactions, loss above 1.2``."""
    n_rows: int

    @property
    def name(self) -> str:
        """What it is and how many: ``Lasso on the map, 412``."""
        source = " ".join(self.source.split())
        return f"{source[:1].upper()}{source[1:]}, {self.n_rows:,}"


def save(run: Run, rows: Iterable[int] | np.ndarray, source: str) -> Selection:
    """Keep a list of train interactions (values of ``row``); the same rows give the same list."""
    found = np.unique(
        np.asarray(list(rows) if not isinstance(rows, np.ndarray) else rows, np.int64)
    )
    name = hashlib.sha256(found.tobytes()).hexdigest()[:12]
    folder = _folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    with whole_file.replacing(path) as aside:
        pq.write_table(pa.table({"row": found}), aside)
    with whole_file.replacing(path.with_suffix(".json")) as aside:
        aside.write_text(json.dumps({"source": source, "n_rows": len(found)}))
    return Selection(name, path, source, len(found))


def load(run: Run, name: str | None) -> Selection | None:
    """Find a list by name; None if there is no such list."""
    return next((found for found in every(run) if found.id == name), None)


def every(run: Run) -> list[Selection]:
    """All lists of a run, newest first."""
    found = []
    for note in _folder(run).glob("*.json"):
        try:
            said = json.loads(note.read_text())
            one = Selection(
                note.stem, note.with_suffix(".parquet"), str(said["source"]), int(said["n_rows"])
            )
            found.append((note.stat().st_mtime, one))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # half a list is none
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]


def names(lists: Iterable[Selection]) -> dict[str, str]:
    """Name of each list by its id; lists of one name are told apart by the start of the id."""
    listed = list(lists)
    count = Counter(one.name for one in listed)
    return {
        one.id: one.name if count[one.name] == 1 else f"{one.name} ({one.id[:4]})" for one in listed
    }


def remove(run: Run, name: str) -> None:
    """Forget a list."""
    for one in every(run):
        if one.id == name:
            one.path.with_suffix(".json").unlink(missing_ok=True)
            one.path.unlink(missing_ok=True)


def _folder(run: Run) -> Path:
    return run.folder.parents[1] / "selections" / run.id
