"""Rows of the study in ``rows.csv``: appended one cell at a time, safe against kills and sharing.

Every process that appends holds a lock, sees what the others wrote, and adds what is missing. A
kill while writing leaves at most a torn last line, which is dropped on reading and cut off before
the next row is written. Loads no PyTorch.
"""

from __future__ import annotations

import csv
import fcntl
import io
import numbers
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd

from core.errors import DataError
from core.study.names import COLUMNS, KEY, NUMBERS, ROWS_FILE, VERDICTS

Row: TypeAlias = Mapping[str, Any]
"""Values of a row by column; columns that are not there, None and NaN are written empty."""
Key: TypeAlias = tuple[str, ...]
"""Values of :data:`core.study.names.KEY`, as written."""
HEADER: Final = ",".join(COLUMNS) + "\n"


def row_key(row: Row) -> Key:
    """What tells this row from others, as it stands in the file."""
    return tuple(_written(row.get(name)) for name in KEY)


def read_rows(path: str | Path) -> pd.DataFrame:
    """Read the finished cells.

    Args:
        path: The file, or the folder that it lies in.

    Returns:
        All columns of :data:`core.study.names.COLUMNS`; numbers as float, NaN = not measured;
        texts as str, empty = not given. Where a cell of any part but tuning is there with several
        ``options``, the row finished last stands: choices may have been made anew.

    Raises:
        DataError: If there is no such file or it is none of a study.
    """
    place = _file(path)
    if not place.is_file():
        raise DataError(f"There are no results at {place}. Make them with: make study")
    content = _in_columns(place, _whole_lines(place.read_bytes())[0])
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name].replace("", "nan"), errors="coerce").astype(float)
    return _latest(frame)


def done_keys(path: str | Path) -> set[Key]:
    """Keys of all finished rows; empty where there is no file yet.

    Raises:
        DataError: If the file is none of a study.
    """
    place = _file(path)
    if not place.is_file():
        return set()
    content, _ = _whole_lines(place.read_bytes())
    if content:
        _in_columns(place, content)
    return {row_key(row) for row in _parsed(content)}


def append_rows(path: str | Path, rows: Sequence[Row]) -> int:
    """Add rows that are not there yet, and return how many these were.

    On the disk when this returns. Other processes may append at the same time.

    Raises:
        DataError: If the file is none of a study.
        ValueError: If a row has a column that is not known.
    """
    unknown = {name for row in rows for name in row} - set(COLUMNS)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}")
    place = _file(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        if place.is_file():
            _bring_up_to_date(place)
        with place.open("a+b") as file:
            file.seek(0)
            content, n_torn = _whole_lines(file.read())
            if n_torn:
                file.truncate(len(content))
            there = {row_key(row) for row in _parsed(content)}
            new = [row for row in rows if row_key(row) not in there]
            text = ("" if content else HEADER) + _lines(new)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    return len(new)


def rows_of(path: str | Path, cells: Collection[Key]) -> set[Key]:
    """Keys of the rows there that belong to some cells, whatever options they were run with.

    Args:
        path: The file, or the folder that it lies in.
        cells: Keys as :meth:`core.study.settings.Cell.keys` gives them.

    Raises:
        DataError: If the file is none of a study.
    """
    wanted = {_without_options(key) for key in cells}
    return {key for key in done_keys(path) if _without_options(key) in wanted}


def remove_rows(path: str | Path, keys: Collection[Key]) -> Path | None:
    """Take rows away, and keep the file as it was beside it.

    Args:
        path: The file, or the folder that it lies in.
        keys: Of the rows to take away.

    Returns:
        The copy; None where there was nothing to take away, and nothing was changed.

    Raises:
        DataError: If the file is none of a study.
    """
    place = _file(path)
    if not done_keys(place) & set(keys):
        return None
    with _locked(place):
        content, _ = _whole_lines(place.read_bytes())
        _in_columns(place, content)
        copy = _copied(place)
        header, *left = _lines_without(content.decode(errors="replace"), keys)
        aside = place.with_suffix(".tmp")
        aside.write_text("".join((header, *left)), encoding="utf-8")
        os.replace(aside, place)
        if not left:
            place.unlink()  # as where there never were any
    return copy


def _lines_without(content: str, keys: Collection[Key]) -> Iterator[str]:
    """The header, and the lines of all rows but some, as they stand: no number is written anew."""
    header, *lines = io.StringIO(content, newline="\n")
    columns = next(csv.reader([header]))
    yield header
    for line in lines:
        row = dict(zip(columns, next(csv.reader([line])), strict=False))
        if row_key(row) not in keys:
            yield line


def _copied(place: Path) -> Path:
    """Copy the file, whole or not at all, under a name that no earlier copy has."""
    copy, number = place.with_name(f"{place.name}.bak"), 1
    while copy.exists():
        number += 1
        copy = place.with_name(f"{place.name}.bak{number}")
    aside = copy.with_name(f"{copy.name}.tmp")
    shutil.copyfile(place, aside)
    os.replace(aside, copy)
    return copy


def _without_options(key: Key) -> Key:
    at = KEY.index("options")
    return (*key[:at], *key[at + 1 :])


def _file(path: str | Path) -> Path:
    place = Path(path)
    return place / ROWS_FILE if place.is_dir() or place.suffix != ".csv" else place


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock of the rows; it goes with the process, however that ends."""
    with place.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _whole_lines(content: bytes) -> tuple[bytes, int]:
    """Everything up to the last line break, and how many bytes follow it."""
    end = content.rfind(b"\n") + 1
    return content[:end], len(content) - end


def _in_columns(place: Path, content: bytes) -> bytes:
    """Whole lines with the columns of this version.

    New columns come last, so that files of earlier versions are these files with columns missing.

    Raises:
        DataError: If the columns are others.
    """
    header, *lines = content.decode(errors="replace").splitlines() or [""]
    columns = tuple(header.split(","))
    if columns == COLUMNS:
        return content
    if len(columns) < len(COLUMNS) - len(VERDICTS) or columns != COLUMNS[: len(columns)]:
        raise DataError(
            f"{place} has other columns than the results of this version. Name another folder "
            "with --out, or move the file away to begin anew."
        )
    missing = "," * (len(COLUMNS) - len(columns))
    return (HEADER + "".join(f"{line}{missing}\n" for line in lines)).encode()


def _bring_up_to_date(place: Path) -> None:
    """Give a file of an earlier version the columns of this one, before a row is added."""
    content, _ = _whole_lines(place.read_bytes())
    now = _in_columns(place, content) if content else content
    if now != content:
        aside = place.with_suffix(".tmp")
        aside.write_bytes(now)
        os.replace(aside, place)


def _parsed(content: bytes) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(content.decode(errors="replace"), newline=""))


def _lines(rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_written(row.get(name)) for name in COLUMNS] for row in rows)
    return text.getvalue()


def _written(value: object) -> str:
    """A value as it stands in the file: numbers with six digits, line breaks as blanks."""
    if value is None or value != value:
        return ""
    if isinstance(value, str | numbers.Integral):
        return " ".join(str(value).splitlines())
    return f"{float(value):.6g}"  # type: ignore[arg-type]


def _latest(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: of several with other options the one finished last."""
    by = [name for name in KEY if name != "options"]
    tuning = frame["part"] == "tuning"
    order = frame.sort_values("finished", kind="stable")
    latest = order[~order.duplicated(by, keep="last")].index
    return frame[tuning | frame.index.isin(latest)].reset_index(drop=True)
