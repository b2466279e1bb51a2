"""Two runs in one question: which rows are the same interaction, and what a run lacks.

Interactions are matched by their ids. Where both runs read the same data (equal fingerprints) the
numbers mean the same, and are compared in place of the ids: that is faster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from app.services import store
from app.services.store import Run
from core.errors import DataError

THEIRS: Final = "theirs"
"""Name of a table of the other run in a question."""


def other(run: Run, run_id: str) -> Run:
    """The run of this id in the same workspace.

    Raises:
        DataError: If there is no such finished run, it is damaged, or it is of another dataset.
    """
    found = store.load_run(run.folder.parents[1], run_id)
    if found.manifest.dataset != run.manifest.dataset:
        raise DataError(
            f"Run {run.id} is of the dataset {run.manifest.dataset}, {run_id} of "
            f"{found.manifest.dataset}: pairs cannot be compared. Choose runs of one dataset."
        )
    return found


def same_data(one: Run, two: Run) -> bool:
    """Whether both runs read exactly the same data; numbers mean the same then."""
    mark = one.manifest.dataset_fingerprint
    return bool(mark) and mark == two.manifest.dataset_fingerprint


def on_rows(one: Run, two: Run, a: str = "a", b: str = "b") -> str:
    """Condition that joins interactions ``a`` and ``b`` of both runs."""
    if same_data(one, two):
        return f'{a}."row" = {b}."row"'
    return f"{a}.user_id = {b}.user_id AND {a}.item_id = {b}.item_id"


def on_edges(one: Run, two: Run) -> str:
    """Condition that joins edges ``a`` and ``b`` of both runs."""
    if same_data(one, two):
        return 'a."user" = b."user" AND a.item = b.item'
    return "a.user_id = b.user_id AND a.item_id = b.item_id"


def table(run: Run, name: str) -> Path:
    """File of a table of a run."""
    return run.folder / f"{name}.parquet"


def columns(run: Run, name: str) -> frozenset[str]:
    """Columns of a table of a run; empty where the run has no such table.

    Raises:
        DataError: If the file is damaged.
    """
    path = table(run, name)
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(pq.read_schema(path).names)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"Run {run.id} is damaged: {path.name} cannot be read. Delete its folder, or run it "
            "again."
        ) from error


def column(run: Run, name: str, of: str, missing: str, source: str = "interactions") -> str:
    """SQL of a column that runs of earlier versions lack.

    Args:
        run: Whose table.
        name: Of the column.
        of: Name of the table in the question.
        missing: SQL of the value that stands for it where there is none.
        source: Name of the table in the run folder.
    """
    return f"{of}.{name}" if name in columns(run, source) else missing
