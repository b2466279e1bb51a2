"""One file as something DuckDB can scan: format, delimiter, header and encoding found out.

Text is read as text throughout: ids keep their leading zeros, and a value of the wrong type
becomes a finding of :mod:`core.data.validate` instead of an error.
"""

from __future__ import annotations

import codecs
import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from core.data.problems import MAX_EXAMPLES, Problem
from core.data.sources.encoding import HEAD_BYTES, as_utf8, open_bytes, text_head
from core.errors import DataError

DELIMITERS: Final = ("::", "\t", ";", "|", ",")
FORMATS_ADVICE: Final = "Use CSV, TSV, JSON lines or Parquet."
PARTS_ADVICE: Final = (
    "A folder must hold the Parquet parts of one table, all with the same columns. If it holds "
    "several tables, choose the file of interactions itself."
)


@dataclass(frozen=True)
class Scan:
    """A table in a file, not read yet."""

    path: Path
    """The file the user named."""
    sql: str
    """Table function call that reads it."""
    types: dict[str, str]
    """Column -> DuckDB type."""
    reject_path: str = ""
    """File whose unreadable lines DuckDB notes down; empty if it does not."""
    problems: tuple[Problem, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.types)


def quote_name(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def open_scan(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    scratch: Path,
    names: Sequence[str] | None = None,
    delimiter: str | None = None,
) -> Scan:
    """Find out how to read a file.

    Args:
        connection: Connection that will read it.
        path: CSV, TSV, JSON lines or Parquet; text may be compressed with gzip. Or a folder with
            the parts of one table in Parquet; what is in names such as ``day=2024-01-31`` is a
            column.
        scratch: Folder for a copy in UTF-8, should the file be in another encoding; it must
            live until the scan has been read.
        names: Names of the columns of a file known to have no header.
        delimiter: Known delimiter; with ``names``, quotes are then ordinary characters.

    Raises:
        DataError: If the file is missing, empty, has no rows, or is no table.
    """
    parts = parquet_parts(path)
    if parts:
        listed = ", ".join(_literal(part) for part in parts)
        sql = f"read_parquet([{listed}], hive_partitioning = true)"
        return _describe(connection, Scan(path, sql, {}))
    head = _read_head(path)
    if head.startswith(b"PAR1"):
        return _describe(connection, Scan(path, f"read_parquet({_literal(path)})", {}))
    _refuse_other_content(path, head)
    readable, problems = as_utf8(path, scratch)
    lines = [line for line in text_head(readable).splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{path.name} is empty. Choose a file with rows. {FORMATS_ADVICE}")
    if lines[0].lstrip()[0] in "{[":
        scan = _json_scan(connection, path, readable)
    else:
        sql = _csv_sql(path, readable, lines, names, delimiter)
        scan = _describe(connection, Scan(path, sql, {}, reject_path=str(readable)))
    return replace(scan, problems=(*problems, *scan.problems))


def parquet_parts(path: Path) -> list[Path]:
    """Parts of a table in a folder, at any depth, in the order of their names.

    Files that writers leave beside them, with names that begin with a dot or an underscore, are
    no parts.
    """
    if not path.is_dir():
        return []
    found = (file for file in path.rglob("*.parquet") if file.is_file())
    return sorted(file for file in found if not file.name.startswith((".", "_")))


def materialise(
    connection: duckdb.DuckDBPyConnection, table: str, scan: Scan, select: str
) -> list[Problem]:
    """Create ``table`` from a scan; return what went wrong on the way.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        connection.execute(f"CREATE TABLE {table} AS SELECT {select} FROM {scan.sql}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{scan.path.name} cannot be read: {str(error).splitlines()[0]} {_advice(scan)}"
        ) from error
    return [*scan.problems, *_rejected_lines(connection, scan)]


def rows_of(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of an executed query as dictionaries."""
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _read_head(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {path}. Check the path.")
    try:
        with open_bytes(path) as stream:
            return stream.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path.name} cannot be opened: {error}. Check it or download it again."
        ) from error


def _refuse_other_content(path: Path, head: bytes) -> None:
    """Raise if the file is empty, a web page or binary."""
    start = head.lstrip(codecs.BOM_UTF8).lstrip().lower()
    if not start:
        raise DataError(f"{path.name} is empty. Choose a file with rows. {FORMATS_ADVICE}")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError(
            f"{path.name} is a web page, not a table; the download may have needed a login. "
            f"{FORMATS_ADVICE}"
        )
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path.name} is a binary file, not a table. {FORMATS_ADVICE}")


def _csv_sql(
    path: Path,
    readable: Path,
    lines: list[str],
    names: Sequence[str] | None,
    delimiter: str | None,
) -> str:
    """Call of ``read_csv`` with everything spelled out: nothing is left to its sniffer."""
    mark = delimiter or max(DELIMITERS, key=lambda known: (lines[0].count(known), known == ","))
    quote = "" if delimiter is not None and names is not None else '"'
    header = names is None and _has_header(_cells(lines[0], mark))
    if header and len(lines) < 2:
        raise DataError(f"{path.name} has a header and no rows. Choose a file with rows.")
    columns = list(names) if names is not None else _column_names(_cells(lines[0], mark), header)
    fields = ", ".join(f"{quote_text(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv({_literal(readable)}, delim={quote_text(mark)}, quote={quote_text(quote)}, "
        f"escape={quote_text(quote)}, header={str(header).lower()}, auto_detect=false, "
        f"columns={{{fields}}}, nullstr='', store_rejects=true)"
    )


def _cells(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def _has_header(cells: list[str]) -> bool:
    """A first line with a number in it is data."""
    return not any(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column_names(cells: list[str], header: bool) -> list[str]:
    """Names of the header, made unique; ``column0``... where there is none."""
    names: list[str] = []
    for number, cell in enumerate(cells):
        name = (cell.strip() if header else "") or f"column{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def _json_scan(connection: duckdb.DuckDBPyConnection, path: Path, readable: Path) -> Scan:
    """Read every line once to see whether broken ones must be skipped."""
    strict = f"read_json({_literal(readable)})"
    try:
        connection.execute(f"SELECT count(COLUMNS(*)) FROM {strict}").fetchall()
        return _describe(connection, Scan(path, strict, {}))
    except duckdb.Error:
        lenient = f"read_json({_literal(readable)}, format='newline_delimited', ignore_errors=true)"
        scan = _describe(connection, Scan(path, lenient, {}))
    empty = " AND ".join(f"{quote_name(column)} IS NULL" for column in scan.columns)
    query = f"SELECT count(*) FROM {lenient} WHERE {empty}"
    (count,) = connection.execute(query).fetchall()[0]
    return replace(scan, problems=(_unreadable(path, int(count), []),))


def _describe(connection: duckdb.DuckDBPyConnection, scan: Scan) -> Scan:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {scan.sql}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{scan.path.name} cannot be read as a table: {str(error).splitlines()[0]} "
            f"{_advice(scan)}"
        ) from error
    return replace(scan, types={str(row[0]): str(row[1]) for row in rows})


def _advice(scan: Scan) -> str:
    return PARTS_ADVICE if scan.path.is_dir() else FORMATS_ADVICE


def _rejected_lines(connection: duckdb.DuckDBPyConnection, scan: Scan) -> list[Problem]:
    if not scan.reject_path:
        return []
    rejects = (
        "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) "
        f"WHERE file_path = {quote_text(scan.reject_path)}"
    )
    (count,) = connection.execute(f"SELECT count(DISTINCT line) {rejects}").fetchall()[0]
    if not count:
        return []
    rows = rows_of(
        connection.execute(
            f"SELECT line, left(any_value(csv_line), 200) AS text, any_value(error_message) "
            f"AS reason {rejects} GROUP BY line ORDER BY line LIMIT {MAX_EXAMPLES}"
        )
    )
    return [_unreadable(scan.path, int(count), rows)]


def _unreadable(path: Path, count: int, rows: list[dict[str, Any]]) -> Problem:
    return Problem(
        title=f"{path.name} has lines that cannot be read",
        count=count,
        rows=rows,
        severity="warning",
        fix="These lines are left out. Give every line the same number of columns, and close "
        "every quote.",
    )


def _literal(path: Path) -> str:
    """The path as SQL text; characters that DuckDB would expand as a pattern are bracketed."""
    text = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))
    return quote_text(text)
