"""What is kept of every call and every target, and what a budget has left."""

from __future__ import annotations

from typing import Any

from core.config import LLMConfig
from core.judge import JudgePairs
from core.judge.llm.budget import stop_message
from core.judge.llm.call import Answer, Spend
from core.judge.llm.plan import PlannedCall
from core.types import UNJUDGED

CALLS = (
    *("key", "view", "user", "n_targets", "outcome", "prompt", "model", "mode"),
    *("prompt_tokens", "output_tokens", "cached_tokens", "seconds", "n_requests"),
    *("from_cache", "n_uncited", "n_cannot_tell", "reply", "error"),
)
TARGETS = ("pair", "user", "item", "view", "call", "position", "grade", "cited", "cannot_tell")


class Ledger:
    """Columns by name, one row per call and one per target asked.

    Attributes:
        calls: :data:`CALLS`; ``reply`` is the raw text of the last try.
        targets: :data:`TARGETS`: ``pair`` is the row among all pairs asked so far, ``call`` the
            key, ``position`` 0 = first, ``grade`` -1 where no reply could be read.
    """

    def __init__(self) -> None:
        self.calls: dict[str, list[Any]] = {name: [] for name in CALLS}
        self.targets: dict[str, list[Any]] = {name: [] for name in TARGETS}

    def add(self, answer: Answer, one: PlannedCall, pairs: JudgePairs, offset: int) -> None:
        """Keep an answer.

        Args:
            answer: What came of the call.
            one: What the call was about.
            pairs: Whose rows ``one`` names.
            offset: Pairs asked before these.
        """
        graded = answer.value if answer.outcome in ("parsed", "repaired") else []
        rows = {
            "key": answer.key,
            "view": one.view,
            "user": one.user,
            "n_targets": len(one.rows),
            "outcome": answer.outcome,
            "prompt": answer.call.prompt,
            "model": answer.model,
            "mode": answer.mode,
            "prompt_tokens": answer.usage.prompt_tokens,
            "output_tokens": answer.usage.output_tokens,
            "cached_tokens": answer.usage.cached_tokens,
            "seconds": answer.seconds,
            "n_requests": answer.n_requests,
            "from_cache": answer.from_cache,
            "n_uncited": sum(not grade.cites for grade in graded),
            "n_cannot_tell": sum(grade.cannot_tell for grade in graded),
            "reply": answer.text,
            "error": answer.error,
        }
        for name, value in rows.items():
            self.calls[name].append(value)
        for position, row in enumerate(one.rows.tolist()):
            grade = graded[position] if graded else None
            values = (
                *(offset + row, int(pairs.user[row]), int(pairs.item[row]), one.view, answer.key),
                *(position, UNJUDGED if grade is None else grade.grade),
                *(bool(grade and grade.cites), bool(grade and grade.cannot_tell)),
            )
            for name, value in zip(TARGETS, values, strict=True):
                self.targets[name].append(value)


def total(first: Spend, second: Spend) -> Spend:
    """Spend of two batches; the second says whether anything ended it early."""
    return Spend(
        first.n_calls + second.n_calls,
        first.n_cached + second.n_cached,
        first.n_failed + second.n_failed,
        first.n_unparsed + second.n_unparsed,
        first.usage + second.usage,
        first.money + second.money,
        second.stopped_by,
    )


def remaining(config: LLMConfig, spend: Spend) -> tuple[LLMConfig, str]:
    """Settings whose budget is what is left of it, and which part of it is used up, for people."""
    spent = {
        "budget_calls": spend.n_calls,
        "budget_tokens": spend.usage.prompt_tokens + spend.usage.output_tokens,
        "budget_money": spend.money,
    }
    left = {name: getattr(config, name) - value for name, value in spent.items()}
    left = {name: value for name, value in left.items() if getattr(config, name)}
    used_up = [name for name, value in left.items() if value <= 0]
    if used_up:
        return config, stop_message(used_up[0])
    return config.model_copy(update=left), ""
