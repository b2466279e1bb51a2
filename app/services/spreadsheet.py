"""Tables as CSV and Parquet files; CSV so that a spreadsheet takes no text for a formula.

Spreadsheets run what begins with ``=``, ``+``, ``-`` or ``@`` (also behind a tab or a carriage
return), and titles, ids and reasons come from strangers: text that begins so gets an apostrophe
in front (OWASP, CSV Injection). Numbers stay numbers; Parquet files hold what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd

from core.data.sources.files import quote_name, quote_text

STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""Letters with which a spreadsheet begins a formula."""
MARK: Final = "'"
_START: Final = r"^[=+@\t\r-]"
"""The same as a regular expression."""


def copy(
    connection: duckdb.DuckDBPyConnection, sql: str, target: Path, parameters: Mapping[str, Any]
) -> None:
    """Write the answer to a question to a file, by its suffix, without holding it in memory.

    Args:
        connection: Knows the tables that the question names.
        sql: A SELECT with its values as ``$name``.
        target: Ends in ``.parquet``, or is written as CSV.
        parameters: Values of the ``$names``.
    """
    values = dict(parameters)
    form = "PARQUET"
    if target.suffix != ".parquet":
        form = "CSV, HEADER"
        described = connection.execute(f"DESCRIBE {sql}", values).fetchall()
        texts = [name for name, kind, *_ in described if kind == "VARCHAR"]
        sql = _marked(sql, texts)
    connection.execute(f"COPY ({sql}) TO {quote_text(str(target))} (FORMAT {form})", values)


def write(frame: pd.DataFrame, target: Path) -> None:
    """Write a table to a CSV or Parquet file, by its suffix, without its index."""
    if target.suffix == ".parquet":
        frame.to_parquet(target, index=False)
    else:
        texts = frame.select_dtypes(include=["object", "string", "category"])
        shown = frame.copy()
        for name in texts:
            shown[name] = texts[name].astype(object).map(harmless)
        # Lines as in RFC 4180: with others, Python leaves a carriage return in a text unquoted.
        shown.to_csv(target, index=False, lineterminator="\r\n")


def harmless(value: object) -> object:
    """A value as a cell of a CSV file: text that would be a formula gets a mark in front."""
    return MARK + value if isinstance(value, str) and value.startswith(STARTS) else value


def _marked(sql: str, texts: list[str]) -> str:
    if not texts:
        return sql
    # Not IN (...): DuckDB turns a list into a join, and rows lose their order.
    changed = ", ".join(
        f"CASE WHEN regexp_matches({name}, '{_START}') THEN chr({ord(MARK)}) || {name} "
        f"ELSE {name} END AS {name}"
        for name in map(quote_name, texts)
    )
    return f"SELECT * REPLACE ({changed}) FROM ({sql})"
