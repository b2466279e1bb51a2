"""Judgements made elsewhere: a file of grades stands for the judge.

Shape letters: P judged pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from core.judge import JudgeContext, JudgePairs
from core.judge.recorded_file import read_rows
from core.judge.recorded_rows import Checked, RecordProblem, check_rows
from core.keys import among
from core.types import (
    IntArray,
    Judgements,
    OnProgress,
    Progress,
    ignore_progress,
)

Recorded = Checked
PREFIX: Final = "recorded: "
"""Before the name of who graded elsewhere."""


def read_recorded(
    path: Path, user_ids: Sequence[str], item_ids: Sequence[str]
) -> tuple[Recorded, list[RecordProblem]]:
    """Read judgements of pairs of a dataset from CSV, Parquet or JSON lines.

    Columns: ``user_id``, ``item_id``, ``user_grade``, ``item_grade`` (High, Mid, Low, CannotTell or
    2, 1, 0); ``user_reason``, ``item_reason`` and ``judge`` if there are any.

    Args:
        path: The file; its ending says what it is.
        user_ids: Ids of the U users, by number.
        item_ids: Ids of the I items, by number.

    Returns:
        What can be used, and what was left out and why.

    Raises:
        DataError: If the file cannot be read, or lacks a column.
    """
    rows, n_unread = read_rows(path)
    return check_rows(rows, user_ids, item_ids, path.stem, n_unread)


class RecordedJudge:
    """Answers from a file; pairs that are not in it are left out."""

    def __init__(self, recorded: Recorded, problems: Sequence[RecordProblem] = ()) -> None:
        self.recorded, self.problems = recorded, tuple(problems)

    @classmethod
    def from_file(
        cls, path: Path, user_ids: Sequence[str], item_ids: Sequence[str]
    ) -> RecordedJudge:
        """Read a file, see :func:`read_recorded`."""
        return cls(*read_recorded(path, user_ids, item_ids))

    @property
    def name(self) -> str:
        """Who graded, as the file says."""
        return f"{PREFIX}{self.recorded.judge}"

    @property
    def stopped_by(self) -> str:
        """Nothing ever stops it."""
        return ""

    def judge(
        self,
        pairs: JudgePairs,
        context: JudgeContext,
        on_progress: OnProgress = ignore_progress,
    ) -> Judgements:
        """Look up the pairs."""
        row, found = self._rows(pairs, context.train.n_items)
        grades = self.recorded
        on_progress(Progress("judge", 1.0, {"n_judged": float(len(row))}))
        return Judgements(
            user=pairs.user[found],
            item=pairs.item[found],
            observed=pairs.observed[found],
            control=pairs.control[found],
            user_grade=grades.user_grade[row],
            item_grade=grades.item_grade[row],
            user_reason=tuple(grades.user_reason[k] for k in row.tolist()),
            item_reason=tuple(grades.item_reason[k] for k in row.tolist()),
            judge=self.name,
        )

    def _rows(self, pairs: JudgePairs, n_items: int) -> tuple[IntArray, IntArray]:
        """Rows of the file, and the pairs they are about."""
        key = self.recorded.user * np.int64(n_items) + self.recorded.item
        wanted = pairs.user * np.int64(n_items) + pairs.item
        order = np.argsort(key, kind="stable")
        found = np.flatnonzero(among(wanted, key))
        return order[np.searchsorted(key[order], wanted[found])], found
