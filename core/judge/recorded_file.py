"""Rows of a file of judgements as texts: CSV, Parquet or JSON lines.

Ids stay what they are: ``007`` is not 7, and a whole number in a Parquet or JSON file is its
digits.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import DataError

NEEDED = ("user_id", "item_id", "user_grade", "item_grade")
OPTIONAL = ("user_reason", "item_reason", "judge")
LAST_BYTES = 4096
"""Of a CSV file, in which its last field ends."""


def read_rows(path: Path) -> tuple[pd.DataFrame, int]:
    """Columns :data:`NEEDED` and :data:`OPTIONAL` as texts, empty where there is no value.

    Returns:
        The rows, and how many lines could not be read at all.

    Raises:
        DataError: If there is no such file, or it cannot be read, or lacks a column.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"'{path.name}' is not .csv, .parquet, .jsonl or .ndjson")
    try:
        table, n_unread = reader(path)
    except FileNotFoundError:
        raise DataError(f"There is no file '{path.name}' of judgements.") from None
    except (
        OSError,
        ValueError,
        UnicodeError,
    ) as error:  # pyarrow and pandas errors are ValueErrors
        kind = type(error).__name__
        raise DataError(f"'{path.name}' cannot be read as {path.suffix} ({kind}).") from error
    table.columns = [str(name).strip().lower() for name in table.columns]
    table = table.loc[:, ~table.columns.duplicated()]
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise DataError(
            f"'{path.name}' lacks {', '.join(missing)}. A file of judgements has the columns "
            f"{', '.join(NEEDED)}, and {', '.join(OPTIONAL)} if you like."
        )
    columns = {
        name: table[name].map(_text) if name in table.columns else "" for name in NEEDED + OPTIONAL
    }
    return pd.DataFrame(columns, index=table.index, dtype=object).reset_index(drop=True), n_unread


def _csv(path: Path) -> tuple[pd.DataFrame, int]:
    rows: list[list[str]] = []
    n_unread, last = 0, [""]
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        if not header:
            raise ValueError("there is no header")
        for row in _rows(lines):
            if row is None or len(row) > len(header):
                n_unread += 1
            elif row:
                rows.append(row + [""] * (len(header) - len(row)))
            last = row or last
    if n_swallowed := _swallowed(path, last[-1]):
        kept = len(last) <= len(header)
        rows, n_unread = rows[: len(rows) - kept], n_unread + n_swallowed + kept
    return pd.DataFrame(rows, columns=header, dtype=object), n_unread


def _rows(lines: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """Rows, None for each that cannot be read."""
    while True:
        try:
            yield next(lines)
        except StopIteration:
            return
        except csv.Error:
            yield None


def _swallowed(path: Path, cell: str) -> int:
    """Lines after a quotation mark that never closes: to who reads CSV, all one last cell."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LAST_BYTES))
        is_closed = file.read().rstrip().endswith(b'"')
    return 0 if is_closed else cell.rstrip().count("\n")


def _parquet(path: Path) -> tuple[pd.DataFrame, int]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

    wanted = {*NEEDED, *OPTIONAL}
    file = pq.ParquetFile(path)
    names = [name for name in file.schema_arrow.names if name.strip().lower() in wanted]
    columns = {name: file.read(columns=[name]).column(0).to_pylist() for name in names}
    return pd.DataFrame(columns, dtype=object), 0


def _json_lines(path: Path) -> tuple[pd.DataFrame, int]:
    rows: list[dict[str, Any]] = []
    n_unread = 0
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                rows.append(row)
            else:
                n_unread += 1
    return pd.DataFrame(rows, dtype=object), n_unread


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of any file
    """A cell as text; a whole number without its ``.0``."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


_READERS: dict[str, Callable[[Path], tuple[pd.DataFrame, int]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
}
