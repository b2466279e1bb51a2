"""Two judges as one: where they differ, the grade is Mid [D]."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.judge import Judge, JudgeContext, JudgePairs
from core.judge.llm.judge import LLMJudge
from core.keys import among
from core.types import (
    MID,
    GradeArray,
    IntArray,
    Judgements,
    OnProgress,
    Progress,
    ignore_progress,
)

GRADES = ("Low", "Mid", "High")


@dataclass(frozen=True)
class Agreement:
    """How far two judges agree in one view."""

    n: int
    """Pairs that both graded."""
    share: float
    """Share of equal grades; NaN without pairs."""
    kappa: float
    """Cohen's kappa (Cohen, 1960): agreement beyond chance, 1 = full; NaN where chance alone
    would make both agree."""
    matrix: tuple[tuple[int, ...], ...]
    """Counts by grade of the first (row) and of the second judge (column): Low, Mid, High."""


class EnsembleJudge:
    """Two judges; pairs that only one of them graded are left out.

    Attributes:
        agreement: By view (``user``, ``item``), over all pairs so far.
    """

    def __init__(self, first: Judge, second: Judge) -> None:
        self.first, self.second = first, second
        self._matrix = {view: np.zeros((3, 3), np.int64) for view in ("user", "item")}

    @property
    def name(self) -> str:
        """Who graded."""
        return f"{self.first.name}, with {self.second.name}"

    @property
    def stopped_by(self) -> str:
        """What ended either judge early."""
        return self.first.stopped_by or self.second.stopped_by

    @property
    def agreement(self) -> dict[str, Agreement]:
        """How far both agree, by view."""
        return {view: agreement_of(matrix) for view, matrix in self._matrix.items()}

    def judge(
        self,
        pairs: JudgePairs,
        context: JudgeContext,
        on_progress: OnProgress = ignore_progress,
    ) -> Judgements:
        """Have both judge; equal grades stand, different ones are Mid.

        A language model comes last and is asked only about users of whom the other judge has
        graded something: any other answer would be paid for and left out. About whole users, since
        their pairs share calls, which may have been paid for before.
        """
        begins, follows = self.first, self.second
        if isinstance(begins, LLMJudge):
            begins, follows = follows, begins
        known = begins.judge(pairs, context, _half(on_progress, 0))
        if isinstance(follows, LLMJudge):
            pairs = pairs.at(among(pairs.user, known.user))
        _hand_on(begins, follows)
        found = follows.judge(pairs, context, _half(on_progress, 1))
        _hand_on(follows, begins)
        a, b = (known, found) if begins is self.first else (found, known)
        row_a, row_b = _matched(a, b, context.train.n_items)
        for view in self._matrix:
            cell = (getattr(a, f"{view}_grade")[row_a], getattr(b, f"{view}_grade")[row_b])
            np.add.at(self._matrix[view], cell, 1)
        return Judgements(
            user=a.user[row_a],
            item=a.item[row_a],
            observed=a.observed[row_a],
            control=a.control[row_a],
            user_grade=_settled(a.user_grade[row_a], b.user_grade[row_b]),
            item_grade=_settled(a.item_grade[row_a], b.item_grade[row_b]),
            user_reason=_reasons(a, b, row_a, row_b, "user"),
            item_reason=_reasons(a, b, row_a, row_b, "item"),
            judge=self.name,
            n_unparsed=a.n_unparsed + b.n_unparsed,
        )


def agreement_of(matrix: np.ndarray) -> Agreement:
    """Share of equal grades and Cohen's kappa of 3 x 3 counts."""
    n = int(matrix.sum())
    counts = tuple(tuple(row) for row in matrix.tolist())
    if not n:
        return Agreement(0, float("nan"), float("nan"), counts)
    equal = float(np.trace(matrix)) / n
    chance = float(matrix.sum(axis=1) @ matrix.sum(axis=0)) / n**2
    kappa = (equal - chance) / (1.0 - chance) if chance < 1.0 else float("nan")
    return Agreement(n, equal, kappa, counts)


def _hand_on(giver: Judge, taker: Judge) -> None:
    """Have two language models spend one budget, not one each."""
    if isinstance(giver, LLMJudge) and isinstance(taker, LLMJudge):
        stopped_by = taker.stopped_by or giver.stopped_by
        taker.spend = replace(giver.spend, stopped_by=stopped_by)


def _matched(a: Judgements, b: Judgements, n_items: int) -> tuple[IntArray, IntArray]:
    """Rows of both that are about the same pair, in the order of the first."""
    key_a, key_b = (one.user * np.int64(n_items) + one.item for one in (a, b))
    known, first = np.unique(key_b, return_index=True)
    row_a = np.flatnonzero(among(key_a, known))
    return row_a, first[np.searchsorted(known, key_a[row_a])]


def _settled(first: GradeArray, second: GradeArray) -> GradeArray:
    return np.where(first == second, first, MID).astype(np.int8)


def _reasons(
    a: Judgements, b: Judgements, row_a: IntArray, row_b: IntArray, view: str
) -> tuple[str, ...]:
    """What each judge said, with its name and grade."""

    def said(one: Judgements, row: int) -> str:
        grade = GRADES[getattr(one, f"{view}_grade")[row]]
        return f"{one.judge}: {grade}. {getattr(one, f'{view}_reason')[row]}".rstrip()

    rows = zip(row_a.tolist(), row_b.tolist(), strict=True)
    return tuple(f"{said(a, i)} | {said(b, k)}" for i, k in rows)


def _half(on_progress: OnProgress, half: int) -> OnProgress:
    """Progress of one of two judges as half of the whole."""

    def told(progress: Progress) -> None:
        on_progress(Progress(progress.stage, (half + progress.fraction) / 2, progress.values))

    return told
