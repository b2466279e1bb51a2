"""The evidence judge: grades from measured facts, no LLM.

It stands where LLMHNI (arXiv:2511.07295) asks an LLM, with the same two views, three grades and
short reasons; how they are measured is ours [D]. Thresholds are fixed percentiles against
strangers, set before any measurement and never tuned on known truth.
"""

from __future__ import annotations

import numpy as np

from core.judge import JudgeContext, JudgePairs
from core.judge.calibration import grades
from core.judge.item_view import ItemView, item_view, reference_histories
from core.judge.measure import measures
from core.judge.reasons import item_reasons, user_reasons
from core.judge.user_view import UserView, user_view
from core.types import Judgements, OnProgress, Progress, ignore_progress

BLOCK = 2048
"""Pairs measured at once; memory is BLOCK times the number of references."""


class EvidenceJudge:
    """Deterministic judge that rests on attributes, texts and co-occurrence."""

    @property
    def name(self) -> str:
        """Who graded."""
        return "evidence judge, no LLM"

    @property
    def stopped_by(self) -> str:
        """Nothing ever does: it is free."""
        return ""

    def judge(
        self,
        pairs: JudgePairs,
        context: JudgeContext,
        on_progress: OnProgress = ignore_progress,
    ) -> Judgements:
        """Grade each pair from both views.

        Args:
            pairs: What to judge; no grade depends on ``observed`` or ``control``.
            context: What the grades may rest on.
            on_progress: Told after each block of pairs.
        """
        found = measures(context)
        references = reference_histories(found, pairs)
        of_user: list[UserView] = []
        of_item: list[ItemView] = []
        user_reason: list[str] = []
        item_reason: list[str] = []
        for start in range(0, len(pairs), BLOCK):
            block = pairs.at(np.arange(start, min(start + BLOCK, len(pairs))))
            of_user.append(user_view(found, block))
            of_item.append(item_view(found, block, references))
            user_reason += user_reasons(found, block, of_user[-1])
            item_reason += item_reasons(found, context.items, block, of_item[-1])
            done = start + len(block)
            on_progress(Progress("judge", done / len(pairs), {"n_judged": float(done)}))
        nothing = np.zeros(0, dtype=np.float32)
        user_support = np.concatenate([view.support for view in of_user] or [nothing])
        item_support = np.concatenate([view.support for view in of_item] or [nothing])
        return Judgements(
            user=pairs.user,
            item=pairs.item,
            observed=pairs.observed,
            control=pairs.control,
            user_grade=grades(user_support),
            item_grade=grades(item_support),
            user_reason=tuple(user_reason),
            item_reason=tuple(item_reason),
            judge=self.name,
            user_support=user_support,
            item_support=item_support,
        )
