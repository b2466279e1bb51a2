"""Prepared datasets on disk, and questions to their tables, answered by DuckDB in memory.

``truth.parquet`` is never opened here: what was planted is seen only through a finished run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow.parquet as pq
from pydantic import ValidationError

from app.services import failures, spreadsheet, store
from app.services.importing import NAME
from app.services.records import Record
from core.errors import DataError

PARTS: Final = {"train": "train", "valid": "validation", "test": "test"}
"""File of a part -> its name on screen."""
DISPLAY: Final = ("rating", "timestamp", "position")
"""Columns that train may have beside the pairs."""
ATTRIBUTE: Final = "attribute:"


class LeftOut(Record):
    """Rows that did not make it."""

    reason: str
    n_rows: int


class Report(Record):
    """What preparing did."""

    source: str = ""
    split_rule: str = ""
    n_raw_rows: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    n_items_without_text: int | None = None
    n_planted: int = 0
    settings: Mapping[str, Any] = {}


class DatasetManifest(Record):
    """What a dataset says about itself."""

    name: str
    fingerprint: str
    counts: Mapping[str, int]
    report: Report = Report()
    has_truth: bool = False
    """Whether it is known which interactions are planted; only evaluations read which."""


@dataclass(frozen=True)
class PreparedData:
    """One finished dataset."""

    name: str
    folder: Path
    manifest: DatasetManifest
    stamp: str
    """Another one after the dataset was prepared again."""


def names(workspace: Path) -> list[str]:
    """Names of the finished datasets, the latest first."""
    found = {
        path.parent.name: path.stat().st_mtime
        for path in workspace.glob("datasets/*/manifest.json")
        if re.fullmatch(NAME, path.parent.name)
    }
    return sorted(found, key=lambda name: (-found[name], name))


def load(workspace: Path, name: str) -> PreparedData:
    """Read what a dataset says about itself.

    Raises:
        DataError: If there is no such dataset, or its manifest is damaged.
    """
    if name not in names(workspace):
        raise DataError(f"There is no finished dataset {name!r}. Prepare it, or choose another.")
    folder = workspace / "datasets" / name
    path = folder / "manifest.json"
    try:
        manifest = DatasetManifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
        stamp = f"{manifest.fingerprint} {path.stat().st_mtime_ns}"
    except (OSError, ValueError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(
            f"The dataset {name} is damaged: manifest.json: {first}. Prepare it again."
        ) from error
    return PreparedData(name, folder, manifest, stamp)


def runs_of(workspace: Path, data: PreparedData) -> list[store.Run]:
    """Finished runs on exactly this dataset, the newest first."""
    found = []
    for run_id in store.run_ids(workspace):
        try:
            run = store.load_run(workspace, run_id)
        except DataError:
            continue
        if run.manifest.dataset_fingerprint == data.manifest.fingerprint:
            found.append(run)
    return found


def columns(data: PreparedData, table: str) -> list[str]:
    """Names of the columns of a table.

    Raises:
        DataError: If it is missing or damaged.
    """
    try:
        return list(pq.read_schema(data.folder / f"{table}.parquet").names)
    except (OSError, ValueError) as error:  # errors of pyarrow are ValueErrors or OSErrors
        raise _damaged(data, error) from error


def ask(data: PreparedData, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Answer one question.

    Args:
        data: Whose tables are meant.
        sql: A SELECT over ``train``, ``valid``, ``test``, ``users`` and ``items``, each with its
            row number as ``file_row_number``. Values come as ``$name``, never inside the text.
        parameters: Values of the ``$names``.

    Raises:
        DataError: If a file is missing or damaged.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, data, sql)
            return connection.execute(sql, dict(parameters or {})).df()
    except duckdb.Error as error:
        raise _damaged(data, error) from error


def write(
    data: PreparedData, sql: str, target: Path, parameters: Mapping[str, Any] | None = None
) -> None:
    """Write the answer to a CSV or Parquet file, by its suffix.

    Raises:
        DataError: If a file is missing or damaged.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, data, sql)
            spreadsheet.copy(connection, sql, target, parameters or {})
    except duckdb.Error as error:
        raise _damaged(data, error) from error


def _open(connection: duckdb.DuckDBPyConnection, data: PreparedData, sql: str) -> None:
    named = set(re.findall(r"\w+", sql))
    for name in named.intersection((*PARTS, "users", "items")):
        path = str(data.folder / f"{name}.parquet")
        connection.from_parquet(path, file_row_number=True).create_view(name)


def _damaged(data: PreparedData, error: Exception) -> DataError:
    return DataError(
        f"The dataset {data.name} cannot answer this: {failures.first_line(error)}. If a file is "
        "missing or damaged, prepare it again."
    )
