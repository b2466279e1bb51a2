"""Reading a file of labels that anybody may have made, and checking it against a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd

from app.services import failures
from app.services.labels.decisions import MAX_NAME, MAX_NOTE, text
from app.services.labels.schema import OBSERVED, ORIGINS, UNOBSERVED, UNSURE
from core.data.sources.files import quote_name
from core.errors import DataError

COLUMNS: Final = ("who", "user_id", "item_id", "observed", "label", "note", "at", "origin")
NEEDED: Final = ("user_id", "item_id", "label")
"""Columns that a file must have; the others may be missing, and ``observed`` is not read."""
MAX_BYTES: Final = 512 * 2**20
MAX_ROWS: Final = 5_000_000
MAX_ID: Final = 1000
"""Letters of an id; no dataset has longer ones."""
_EXAMPLES: Final = 5
_CUT: Final = 80
"""Letters of a cell of an example."""
_READ: Final = ("who", "user_id", "item_id", "label", "note", "at", "origin")
UNTOLD: Final = "import"
"""Origin of a label of which the file does not say how it came to be."""
_TOLD: Final = ("who", "user_id", "item_id", "label", "note", "origin")
_LETTERS_OF_TIME: Final = 40


@dataclass(frozen=True)
class Problem:
    """Rows of a file that are left out (or changed), and why."""

    title: str
    n: int
    examples: pd.DataFrame
    """Up to five of them: column ``line`` (as a spreadsheet counts, the header is line 1) and
    their cells, cut."""


@dataclass(frozen=True)
class Checked:
    """What of a file can be imported."""

    frame: pd.DataFrame
    """Columns ``who`` (empty = whoever imports), ``user_id, item_id, observed, label, note, at``
    (UTC; NaT where the file does not say when), ``origin`` (:data:`UNTOLD` where it does not say),
    ``line`` (of the file)."""
    problems: tuple[Problem, ...]
    n_rows: int
    """Rows of the file."""


def read(path: Path, folder: Path, name: str = "") -> Checked:
    """Check a file of labels against a dataset; nothing is written.

    Args:
        path: ``.parquet``, or CSV with a header (comma, semicolon or tab, UTF-8).
        folder: Of the dataset (``users.parquet``, ``items.parquet``, ``train.parquet``): whether a
            pair is observed is looked up there.
        name: What the person calls the file, if it is stored under another name.

    Raises:
        core.errors.DataError: If the file is no table, too large, or lacks a needed column, or
            the dataset is gone.
    """
    rows = _cells(path, name or path.name)
    try:
        with duckdb.connect(":memory:") as connection:
            connection.register("given", rows)
            for name in ("users", "items", "train"):
                connection.from_parquet(str(folder / f"{name}.parquet")).create_view(name)
            placed = connection.execute(_PLACE).df()
    except duckdb.Error as error:
        raise DataError(
            f"The dataset in {folder} cannot be read: {failures.first_line(error)}. "
            "Prepare it again, then import."
        ) from error
    return _sorted_out(placed)


def _cells(path: Path, name: str) -> pd.DataFrame:
    """Cells of a file as text: columns ``line`` and :data:`_READ`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{name} is larger than {MAX_BYTES // 2**20} MiB. Split it.")
        found = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    except (OSError, ValueError, duckdb.Error) as error:  # pandas' parser errors are ValueErrors
        first = failures.first_line(error)
        raise DataError(
            f"{name} is no table of labels: {_without(first, path, name)}. Give a CSV file in "
            f"UTF-8 with the columns {', '.join(NEEDED)}, or a Parquet file."
        ) from error
    if len(found) > MAX_ROWS:
        raise DataError(f"{name} has more than {MAX_ROWS:,} rows. Split it.")
    for column in {"who", "note", "at", "origin"}.difference(found.columns):
        found[column] = ""
    found = found[list(_READ)]
    for column, letters in (("who", MAX_NAME), ("user_id", MAX_ID), ("item_id", MAX_ID)):
        found[column] = found[column].str.slice(0, letters + 1)
    found["who"] = found["who"].str.strip()
    for column in ("label", "origin"):
        found[column] = found[column].str.slice(0, MAX_NAME).str.strip().str.lower()
    found["note"] = found["note"].str.slice(0, MAX_NOTE + 1)
    found["at"] = found["at"].str.slice(0, _LETTERS_OF_TIME).str.strip()
    return found.assign(line=range(2, len(found) + 2), csv=path.suffix.lower() != ".parquet")


def _without(said: str, path: Path, name: str) -> str:
    """What a reader said, with the name that the person knows."""
    return said.replace(str(path), name).replace(path.name, name)


def _csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline(65536)
    separator = max(",;\t", key=header.count)
    found = pd.read_csv(
        path,
        sep=separator,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8-sig",
        index_col=False,
        nrows=MAX_ROWS + 1,
        usecols=lambda name: _named(name) in _READ,
    )
    found.columns = [_named(name) for name in found.columns]
    _has_columns(found.columns.tolist())
    return found.fillna("").astype(object)


def _parquet(path: Path) -> pd.DataFrame:
    with duckdb.connect(":memory:") as connection:
        connection.from_parquet(str(path)).create_view("given")
        names = {_named(row[0]): row[0] for row in connection.execute("DESCRIBE given").fetchall()}
        _has_columns(list(names))
        columns = ", ".join(
            f"left(coalesce(CAST({quote_name(names[name])} AS VARCHAR), ''), {MAX_NOTE + 1}) "
            f'AS "{name}"'
            for name in _READ
            if name in names
        )
        found = connection.execute(f"SELECT {columns} FROM given LIMIT {MAX_ROWS + 1}").df()
        return found.astype(object)


def _named(name: object) -> str:
    return str(name).strip().lower()


def _has_columns(found: list[str]) -> None:
    missing = [name for name in NEEDED if name not in found]
    twice = sorted({name for name in found if found.count(name) > 1})
    if missing or twice:
        what = f"has no column {', '.join(missing)}" if missing else f"has {twice[0]} twice"
        raise ValueError(f"it {what}")


# Ids that a spreadsheet would run came with a mark in front (app.services.spreadsheet). An id that
# is known as it stands stays as it is where it is not known without the mark.
_PLACE: Final = r"""
    WITH plain AS (
        SELECT *, CASE WHEN csv AND regexp_matches(user_id, '^''+[=+@\t\r-]') THEN user_id[2:]
                       ELSE user_id END AS plain_user,
               CASE WHEN csv AND regexp_matches(item_id, '^''+[=+@\t\r-]') THEN item_id[2:]
                    ELSE item_id END AS plain_item
        FROM given
    ),
    known AS (
        SELECT plain.* EXCLUDE (user_id, item_id, who, note),
               CASE WHEN csv AND regexp_matches(who, '^''+[=+@\t\r-]') THEN who[2:]
                    ELSE who END AS who,
               CASE WHEN csv AND regexp_matches(note, '^''+[=+@\t\r-]') THEN note[2:]
                    ELSE note END AS note,
               coalesce(u1.user_id, u2.user_id) AS user_id,
               coalesce(i1.item_id, i2.item_id) AS item_id,
               plain.user_id AS given_user, plain.item_id AS given_item
        FROM plain
        LEFT JOIN users AS u1 ON u1.user_id = plain_user
        LEFT JOIN users AS u2 ON u2.user_id = plain.user_id
        LEFT JOIN items AS i1 ON i1.item_id = plain_item
        LEFT JOIN items AS i2 ON i2.item_id = plain.item_id
    )
    SELECT known.*, train.user_id IS NOT NULL AS observed
    FROM known LEFT JOIN train ON train.user_id = known.user_id AND train.item_id = known.item_id
    ORDER BY line
"""


def _sorted_out(rows: pd.DataFrame) -> Checked:
    """Leave out what cannot be imported, one reason after the other, and say so."""
    n_rows, problems = len(rows), []
    problems += _kept(rows, ~rows["label"].isin([*OBSERVED, *UNOBSERVED, UNSURE]), "Unknown label")
    rows = rows[rows["label"].isin([*OBSERVED, *UNOBSERVED, UNSURE])]
    problems += _kept(rows, rows["user_id"].isna(), "User is not in the dataset")
    rows = rows[rows["user_id"].notna()]
    problems += _kept(rows, rows["item_id"].isna(), "Item is not in the dataset")
    rows = rows[rows["item_id"].notna()]
    fits = (rows["label"] == UNSURE) | (rows["label"].isin(OBSERVED) == rows["observed"])
    problems += _kept(rows, ~fits, "Label does not fit: clean, hard, noisy are of observed pairs")
    rows = rows[fits]
    long = rows["who"].str.len() > MAX_NAME
    problems += _kept(rows, long, f"Name of the person is longer than {MAX_NAME} letters")
    rows = rows[~long]
    key = ["who", "user_id", "item_id"]
    differ = rows.groupby(key)["label"].transform("nunique") > 1
    problems += _kept(rows, differ, "The same pair with different labels: none is taken")
    rows = rows[~differ]
    again = rows.duplicated(key, keep="last")
    problems += _kept(rows, again, "The same pair and label once more: taken once")
    rows = rows[~again]
    cut = rows["note"].str.len() > MAX_NOTE
    problems += _kept(rows, cut, f"Note is longer than {MAX_NOTE:,} letters: cut")
    # Times without a zone are in UTC, as the export writes them.
    at = pd.to_datetime(rows["at"], format="ISO8601", utc=True, errors="coerce")
    unread = at.isna() & (rows["at"] != "")
    problems += _kept(rows, unread, "Time (at) cannot be read: taken as if there were none")
    strange = ~rows["origin"].isin(["", *ORIGINS])
    problems += _kept(
        rows, strange, "Unknown origin: taken as not said, so that these overrule and teach nothing"
    )
    rows = rows.assign(origin=rows["origin"].where(rows["origin"].isin(ORIGINS), UNTOLD))
    kept = rows[["who", "user_id", "item_id", "observed", "label", "note", "origin", "line"]]
    kept = kept.assign(note=kept["note"].map(text), who=kept["who"].map(text), at=at)
    return Checked(kept.reset_index(drop=True), tuple(problems), n_rows)


def without(checked: Checked, which: pd.Series[Any], title: str) -> Checked:
    """Leave out more rows of what can be imported, and say so."""
    rows = checked.frame.assign(
        given_user=checked.frame["user_id"], given_item=checked.frame["item_id"]
    )
    problems = (*checked.problems, *_kept(rows, which, title))
    return Checked(checked.frame[~which].reset_index(drop=True), problems, checked.n_rows)


def _kept(rows: pd.DataFrame, which: pd.Series[Any], title: str) -> list[Problem]:
    """The problem of some rows, or none."""
    if not which.any():
        return []
    some = rows[which].head(_EXAMPLES)
    examples = pd.DataFrame(
        {"line": some["line"], "who": some["who"], "user_id": some["given_user"]}
        | {"item_id": some["given_item"], "label": some["label"], "note": some["note"]}
        | {"origin": some["origin"]}
    )
    for name in _TOLD:
        examples[name] = examples[name].str.slice(0, _CUT)
    return [Problem(title, int(which.sum()), examples.reset_index(drop=True))]
