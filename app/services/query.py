"""Questions to the tables of a run, answered by DuckDB in memory.

Every table of the run folder and of its dataset is a view of its own name; only those that a
question names are opened. A cursor per question: sessions run in threads and may not share one, and
the views of a cursor are its own. The database behind them is opened once, which takes longer than
most questions.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import numpy as np
import pandas as pd

from app.services import failures, spreadsheet
from app.services.store import Run
from core.data.sources.files import quote_text
from core.errors import DataError

TABLES: Final = (
    "interactions",
    "loss_history",
    "judgements",
    "edges",
    "embeddings",
    "projection",
    "vectors",
    "metrics",
)
TITLED: Final = {"interactions": "item_id", "projection": "id"}
"""Tables with titles, and their column of ids."""
OF_DATASET: Final = ("users", "items", "test")
EMPTY: Final = {
    "kinds": "SELECT 0::BIGINT AS \"row\", '' AS kind, false AS noise, false AS hard WHERE false",
}
"""Tables that a run may lack, as the empty table they stand for."""
Found = TypeVar("Found")


class _Database:
    """The shared instance, replaced where a damaged file broke it.

    DuckDB refuses every question after an internal error, whatever it is about, until the
    instance is another one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instance = _connect()

    def use(self, question: Callable[[duckdb.DuckDBPyConnection], Found]) -> Found:
        """Answer with a cursor of its own; once more where the instance was broken before."""
        instance = self._instance
        try:
            return self._once(instance, question)
        except duckdb.FatalException:  # perhaps by another question: this one may be sound
            return self._once(self._instance, question)

    def _once(
        self,
        instance: duckdb.DuckDBPyConnection,
        question: Callable[[duckdb.DuckDBPyConnection], Found],
    ) -> Found:
        try:
            with instance.cursor() as connection:
                return question(connection)
        except (duckdb.FatalException, duckdb.InternalException):
            self._replace(instance)
            raise

    def _replace(self, broken: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if self._instance is broken:  # else another thread did it
                self._instance = _connect()


def _connect() -> duckdb.DuckDBPyConnection:
    # Files are not kept in memory: the system does that, and would hold them twice.
    return duckdb.connect(":memory:", config={"enable_external_file_cache": "false"})


_DATABASE: Final = _Database()


def ask(
    run: Run,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame | Path] | None = None,
) -> pd.DataFrame:
    """Answer one question.

    Args:
        run: Whose tables are meant.
        sql: A SELECT over the tables of docs/run-folder.md (``TABLES``, ``kinds``) and ``users``,
            ``items`` and ``test`` of its own dataset, where :func:`has` says so. Values come as
            ``$name``, never inside the text.
        parameters: Values of the ``$names``.
        tables: More tables by name: data frames, or Parquet files.

    Raises:
        DataError: If a file is missing or damaged.
    """

    def answer(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        _open(connection, run, sql, tables or {})
        return connection.execute(sql, dict(parameters or {})).df()

    return _asked(run, answer)


def ask_columns(
    run: Run,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame | Path] | None = None,
) -> dict[str, np.ndarray]:
    """As :func:`ask`, as arrays by column: for many rows, without a table's index."""

    def answer(connection: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray]:
        _open(connection, run, sql, tables or {})
        found = connection.execute(sql, dict(parameters or {})).fetchnumpy()
        return {name: _without_mask(np.ma.asarray(values)) for name, values in found.items()}

    return _asked(run, answer)


def write(
    run: Run,
    sql: str,
    target: Path,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame | Path] | None = None,
) -> None:
    """Write the answer to a CSV or Parquet file, by its suffix, without holding it in memory."""

    def answer(connection: duckdb.DuckDBPyConnection) -> None:
        _open(connection, run, sql, tables or {})
        spreadsheet.copy(connection, sql, target, parameters or {})

    _asked(run, answer)


def _asked(run: Run, answer: Callable[[duckdb.DuckDBPyConnection], Found]) -> Found:
    try:
        return _DATABASE.use(answer)
    except (duckdb.Error, UnicodeDecodeError) as error:  # damaged texts are no text to Python
        raise _damaged(run, error) from error


def dataset_folder(run: Run) -> Path:
    """Folder of the dataset of a run."""
    try:
        named = str(json.loads((run.folder / "run.json").read_text())["dataset_folder"])
    except (OSError, ValueError, KeyError, TypeError):
        named = f"datasets/{run.manifest.dataset}"
    return run.folder.parents[1] / named  # an absolute name wins over the workspace


def own_dataset(run: Run) -> Path | None:
    """Folder of the dataset as the run read it; None where it is gone or another by now.

    A dataset that was prepared again under the same name has other rows under the same numbers.
    Runs that do not know their fingerprint take the dataset as it is.
    """
    folder = dataset_folder(run)
    if not run.manifest.dataset_fingerprint:
        return folder if folder.is_dir() else None
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # while a dataset is written it has no manifest
    return folder if found == run.manifest.dataset_fingerprint else None


def reserved(run: Run) -> dict[str, Path]:
    """Pairs of validation and test by the name of their table, ``reserved_valid`` and the like.

    No run learns from them. Nothing where the dataset is gone or another by now.
    """
    dataset = own_dataset(run)
    if dataset is None:
        return {}
    paths = {f"reserved_{name}": dataset / f"{name}.parquet" for name in ("valid", "test")}
    return {name: path for name, path in paths.items() if path.is_file()}


def has(run: Run, table: str) -> bool:
    """Whether the run (or the dataset as the run read it) has a table."""
    folder = own_dataset(run) if table in OF_DATASET else run.folder
    return folder is not None and (folder / f"{table}.parquet").is_file()


def _open(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    sql: str,
    tables: Mapping[str, pd.DataFrame | Path],
) -> None:
    named = set(re.findall(r"(?<![$\w])\w+", sql))  # $items is a value, not the table
    for name in named.intersection((*TABLES, *EMPTY)):
        path = run.folder / f"{name}.parquet"
        if name in EMPTY and not path.is_file():
            connection.execute(f'CREATE TEMP VIEW "{name}" AS {EMPTY[name]}')
        else:
            _view(connection, name, path)
    # What is not there stays out: the word may be a column's, and the question misses a table.
    dataset = own_dataset(run) if named.intersection(OF_DATASET).difference(tables) else None
    for name in named.intersection(OF_DATASET).difference(tables):
        if dataset is not None and (dataset / f"{name}.parquet").is_file():
            _view(connection, name, dataset / f"{name}.parquet")
    for name, table in tables.items():
        if isinstance(table, Path):
            _view(connection, name, table)
        else:
            connection.register(name, table)


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Open a file as a table of this connection alone."""
    shown = "*"
    if name in TITLED:  # what has no title is called by its id
        named = f"CASE WHEN trim(title) <> '' THEN title ELSE {TITLED[name]} END"
        shown = f"* REPLACE ({named} AS title)"
    connection.execute(
        f'CREATE TEMP VIEW "{name}" AS SELECT {shown} FROM read_parquet({quote_text(str(path))})'
    )


def _without_mask(values: np.ma.MaskedArray[Any, Any]) -> np.ndarray:
    """NULL as NaN where the type has one; elsewhere questions must not return NULL."""
    return values.filled(np.nan) if values.dtype.kind == "f" else np.asarray(values.data)


def _damaged(run: Run, error: Exception) -> DataError:
    return DataError(
        f"Run {run.id} cannot answer this: {failures.first_line(error)}. If a file of the run or "
        "of its dataset is missing or damaged, run it again."
    )
