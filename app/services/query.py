"""Questions to the tables of a run, answered by DuckDB in memory.

Every table of the run folder and of its dataset is a view of its own name; only those that a
question names are opened. A connection per question: sessions run in threads and may not share one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from app.services.store import Run
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
OF_DATASET: Final = ("users", "items")
EMPTY: Final = {
    "kinds": "SELECT 0::BIGINT AS \"row\", '' AS kind, false AS noise, false AS hard WHERE false",
}
"""Tables that a run may lack, as the empty table they stand for."""


def ask(
    run: Run,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame | Path] | None = None,
) -> pd.DataFrame:
    """Answer one question.

    Args:
        run: Whose tables are meant.
        sql: A SELECT over the tables of docs/run-folder.md (``TABLES``, ``kinds``) and ``users``
            and ``items`` of the dataset. Values come as ``$name``, never inside the text.
        parameters: Values of the ``$names``.
        tables: More tables by name: data frames, or Parquet files.

    Raises:
        DataError: If a file is missing or damaged.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, run, sql, tables or {})
            return connection.execute(sql, dict(parameters or {})).df()
    except (duckdb.IOException, duckdb.CatalogException, duckdb.BinderException) as error:
        raise _damaged(run, error) from error
    except duckdb.InvalidInputException as error:
        raise _damaged(run, error) from error


def ask_columns(
    run: Run, sql: str, parameters: Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """As :func:`ask`, as arrays by column: for many rows, without a table's index."""
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, run, sql, {})
            found = connection.execute(sql, dict(parameters or {})).fetchnumpy()
            return {name: _without_mask(np.ma.asarray(values)) for name, values in found.items()}
    except duckdb.Error as error:
        raise _damaged(run, error) from error


def write(
    run: Run,
    sql: str,
    target: Path,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame | Path] | None = None,
) -> None:
    """Write the answer to a CSV or Parquet file, by its suffix, without holding it in memory."""
    form = "PARQUET" if target.suffix == ".parquet" else "CSV, HEADER"
    quoted = str(target).replace("'", "''")
    try:
        with duckdb.connect(":memory:") as connection:
            _open(connection, run, sql, tables or {})
            connection.execute(
                f"COPY ({sql}) TO '{quoted}' (FORMAT {form})", dict(parameters or {})
            )
    except duckdb.Error as error:
        raise _damaged(run, error) from error


def dataset_folder(run: Run) -> Path:
    """Folder of the dataset of a run."""
    try:
        named = str(json.loads((run.folder / "run.json").read_text())["dataset_folder"])
    except (OSError, ValueError, KeyError, TypeError):
        named = f"datasets/{run.manifest.dataset}"
    return run.folder.parents[1] / named  # an absolute name wins over the workspace


def has(run: Run, table: str) -> bool:
    """Whether the run (or its dataset) has a table."""
    folder = dataset_folder(run) if table in OF_DATASET else run.folder
    return (folder / f"{table}.parquet").is_file()


def _open(
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    sql: str,
    tables: Mapping[str, pd.DataFrame | Path],
) -> None:
    named = set(re.findall(r"\w+", sql))
    for name in named.intersection((*TABLES, *EMPTY)):
        path = run.folder / f"{name}.parquet"
        if name in EMPTY and not path.is_file():
            connection.execute(f'CREATE VIEW "{name}" AS {EMPTY[name]}')
        else:
            connection.from_parquet(str(path)).create_view(name)
    for name in named.intersection(OF_DATASET):
        if name not in tables:
            connection.from_parquet(str(dataset_folder(run) / f"{name}.parquet")).create_view(name)
    for name, table in tables.items():
        if isinstance(table, Path):
            connection.from_parquet(str(table)).create_view(name)
        else:
            connection.register(name, table)


def _without_mask(values: np.ma.MaskedArray[Any, Any]) -> np.ndarray:
    """NULL as NaN where the type has one; elsewhere questions must not return NULL."""
    return values.filled(np.nan) if values.dtype.kind == "f" else np.asarray(values.data)


def _damaged(run: Run, error: Exception) -> DataError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"Run {run.id} cannot answer this: {first}. If a file of the run or of its dataset is "
        "missing or damaged, run it again."
    )
