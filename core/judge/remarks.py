"""What judges other than language models have to say of themselves beside their grades."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.judge import Judge
from core.judge.ensemble import EnsembleJudge
from core.judge.recorded import RecordedJudge


def remarks(judge: Judge) -> dict[str, Any]:
    """What is known of a judge after it was asked, plain values for JSON.

    Returns:
        ``judges``: of two judges, per view ``n``, ``share``, ``kappa`` and ``matrix`` (3 x 3, rows
        = first judge) of their agreement, else None; ``problems``: what of recorded judgements was
        left out, and why.
    """
    members = [judge]
    if isinstance(judge, EnsembleJudge):
        members = [judge.first, judge.second]
    recorded = [one for one in members if isinstance(one, RecordedJudge)]
    return {
        "judges": _agreement(judge) if isinstance(judge, EnsembleJudge) else None,
        "problems": [asdict(problem) for one in recorded for problem in one.problems],
    }


def _agreement(judge: EnsembleJudge) -> dict[str, Any]:
    names = {"first": judge.first.name, "second": judge.second.name}
    return {**names, **{view: asdict(found) for view, found in judge.agreement.items()}}
