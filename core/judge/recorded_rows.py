"""Checks of recorded judgements: what cannot be used is left out, and said.

Shape letters: P judged pairs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.judge import REASON_WORDS
from core.judge.llm.untrusted import bounded, first_words
from core.types import HIGH, LOW, MID, UNJUDGED, GradeArray, IntArray

MAX_EXAMPLES = 5
REASON_LETTERS = 400
NAME_LETTERS = 80
MOST_NAMES = 3
"""Judges of a file that are named; of more, their number is said."""
GRADES = {
    **{"high": HIGH, "mid": MID, "low": LOW, "cannottell": MID, "cannot tell": MID},
    **{"2": HIGH, "1": MID, "0": LOW, "2.0": HIGH, "1.0": MID, "0.0": LOW},
}
PLACEHOLDER = re.compile(r"|-1|9{4,}|0*2147483647|nan|null|none|n/?a|unknown|<na>", re.IGNORECASE)
"""Ids that stand for "no id" in many files; an id of the dataset is never taken for one."""


@dataclass(frozen=True)
class RecordProblem:
    """One kind of trouble in a file of judgements; fields as in ``core.data.problems.Problem``."""

    title: str
    count: int
    rows: list[dict[str, Any]]
    severity: Literal["error", "warning", "info"]
    fix: str


@dataclass(frozen=True)
class Checked:
    """Judgements of P different pairs of a dataset."""

    user: IntArray
    """User numbers, ``(P,)``."""
    item: IntArray
    """Item numbers, ``(P,)``."""
    user_grade: GradeArray
    item_grade: GradeArray
    user_reason: tuple[str, ...]
    item_reason: tuple[str, ...]
    judge: str
    """Who graded, as the file says, else the name of the file."""

    def __len__(self) -> int:
        return len(self.user)


def check_rows(
    rows: pd.DataFrame,
    user_ids: Sequence[str],
    item_ids: Sequence[str],
    file: str,
    n_unread: int = 0,
) -> tuple[Checked, list[RecordProblem]]:
    """Keep the rows that say something about pairs of the dataset.

    Args:
        rows: Columns of texts, as :func:`core.judge.recorded_file.read_rows` gives them.
        user_ids: Ids of the users, by number.
        item_ids: Ids of the items, by number.
        file: Name of the file.
        n_unread: Lines of the file that could not be read.
    """
    table = rows.copy()
    table["user"] = _numbers(table["user_id"], user_ids)
    table["item"] = _numbers(table["item_id"], item_ids)
    for view in ("user", "item"):
        graded = table[f"{view}_grade"].str.strip().str.casefold().map(GRADES)
        table[f"{view}_number"] = graded.fillna(UNJUDGED).astype(np.int64)
    problems = _unread(n_unread)
    for title, fix, find in _CHECKS:
        wrong = find(table)
        if wrong.any():
            problems.append(_problem(title, table[wrong], "warning", fix))
            table = table[~wrong]
    repeated = table.duplicated(["user", "item"])
    if repeated.any():
        fix = "They say the same; the first of each is used."
        problems.append(_problem("pairs given twice alike", table[repeated], "info", fix))
    table = table[~repeated]
    if table.empty:
        fix = "Check that ids are written as in the dataset; no pair can be judged from this file."
        problems.insert(0, _problem("no usable judgement", rows, "error", fix))
    return _checked(table, file), problems


def _numbers(ids: pd.Series[str], known: Sequence[str]) -> pd.Series[int]:
    number = {name: k for k, name in enumerate(known)}
    return pd.Series([number.get(text, -1) for text in ids], index=ids.index, dtype=np.int64)


def _placeholders(table: pd.DataFrame) -> pd.Series[bool]:
    return _stands_for_none(table, "user") | _stands_for_none(table, "item")


def _stands_for_none(table: pd.DataFrame, view: str) -> pd.Series[bool]:
    like = [bool(PLACEHOLDER.fullmatch(text)) for text in table[f"{view}_id"]]
    return (table[view] < 0) & np.asarray(like, dtype=np.bool_)


def _without_grade(table: pd.DataFrame) -> pd.Series[bool]:
    return (table["user_grade"].str.strip() == "") | (table["item_grade"].str.strip() == "")


def _out_of_range(table: pd.DataFrame) -> pd.Series[bool]:
    return (table["user_number"] == UNJUDGED) | (table["item_number"] == UNJUDGED)


def _differing(table: pd.DataFrame) -> pd.Series[bool]:
    pair = table.groupby(["user", "item"], sort=False)
    return (pair["user_number"].transform("nunique") > 1) | (
        pair["item_number"].transform("nunique") > 1
    )


_CHECKS = (
    (
        "placeholders in place of ids, such as 9999999",
        "Left out. Write the ids of users and items as in the dataset.",
        _placeholders,
    ),
    (
        "users that the dataset does not have",
        "Left out. Ids must be written as in the dataset, case and leading zeros included.",
        lambda table: table["user"] < 0,
    ),
    (
        "items that the dataset does not have",
        "Left out. Ids must be written as in the dataset, case and leading zeros included.",
        lambda table: table["item"] < 0,
    ),
    ("rows without both grades", "Left out. Both views must be graded.", _without_grade),
    (
        "grades that are none of High, Mid, Low or 2, 1, 0",
        "Left out; never guessed.",
        _out_of_range,
    ),
    (
        "pairs given twice with different grades",
        "All of them are left out. Keep one row per pair.",
        _differing,
    ),
)


def _unread(n_unread: int) -> list[RecordProblem]:
    if not n_unread:
        return []
    fix = "Left out. Each line must be one complete row."
    return [RecordProblem("lines that cannot be read", n_unread, [], "warning", fix)]


def _problem(
    title: str, rows: pd.DataFrame, severity: Literal["error", "warning", "info"], fix: str
) -> RecordProblem:
    shown = rows.head(MAX_EXAMPLES)
    examples = [
        {name: bounded(str(shown.at[k, name]), NAME_LETTERS) for name in shown.columns[:4]}
        | {"row": int(k) + 1}
        for k in shown.index
    ]
    return RecordProblem(title, len(rows), examples, severity, fix)


def _checked(table: pd.DataFrame, file: str) -> Checked:
    return Checked(
        table["user"].to_numpy(np.int64),
        table["item"].to_numpy(np.int64),
        table["user_number"].to_numpy(np.int8),
        table["item_number"].to_numpy(np.int8),
        _reasons(table["user_reason"]),
        _reasons(table["item_reason"]),
        _judges(table["judge"], file),
    )


def _reasons(texts: pd.Series[str]) -> tuple[str, ...]:
    return tuple(first_words(bounded(text, REASON_LETTERS), REASON_WORDS) for text in texts)


def _judges(names: pd.Series[str], file: str) -> str:
    given = [bounded(name, NAME_LETTERS) for name in dict.fromkeys(names) if name.strip()]
    if len(given) > MOST_NAMES:
        return f"{len(given)} judges of {bounded(file, NAME_LETTERS)}"
    return ", ".join(given) or bounded(file, NAME_LETTERS)
