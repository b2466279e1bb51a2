"""What a run says about its judge: trust, cost and remarks, from the arrays of the stage.

Shape letters: P pairs.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from core.config import JudgeConfig
from core.judge.quality import judge_quality_report
from core.judge_stage import REPEATS, SAID, VIEWS, WRITTEN, spend_of
from core.packing import CALL, TARGET, columns_of, judgements_of
from core.stages import Arrays
from core.types import Judgements, Labels


def judge_report(
    judged: Arrays, labels: Labels | None, config: JudgeConfig, texts: Arrays
) -> dict[str, Any]:
    """How far the judge can be trusted and what it took, plain values for JSON.

    Args:
        judged: Arrays of this stage.
        labels: What people said of pairs.
        config: Prices, and what was asked for.
        texts: Arrays of the texts, which say whether a model wrote profiles.
    """
    names = ("again", "shuffled")
    repeats = {
        name: judgements_of({k.removeprefix(f"{name} "): v for k, v in judged.items()})
        for name in names
        if f"{name} user" in judged
    }
    rounds = [
        dict(zip(("n_pairs", "n_observed", "n_changed"), row, strict=True))
        for row in judged["rounds"].tolist()
    ]
    return {
        **judge_quality_report(
            _as_said(judged),
            calls=columns_of(judged, CALL),
            targets=columns_of(judged, TARGET),
            labels=labels,
            repeats=repeats or None,
            prices=(config.llm.price_prompt, config.llm.price_output),
        ),
        "asked": {
            **{name: int(judged[name]) for name in ("n_pairs", "n_calls", "n_calls_all")},
            "rounds": rounds,
            "repeats": _repeats_spend(judged),
            "stopped_by": str(judged["stopped_by"]),
        },
        "flipped": config.flip,
        "profiles": _written(texts["written"]),
        **json.loads(str(judged.get("remarks", "{}"))),
    }


def _repeats_spend(judged: Arrays) -> dict[str, float] | None:
    """What asking once more took, which is in no table; None where it is not known."""
    if REPEATS not in judged:
        return None
    spent = spend_of(judged[REPEATS])
    tokens = spent.usage.prompt_tokens + spent.usage.output_tokens
    return {"n_calls": spent.n_calls, "tokens": tokens, "money": spent.money}


def _as_said(judged: Arrays) -> Judgements:
    """The judgements before any grade was flipped: flips are no fault of the judge."""
    said = {view: judged[SAID + view] for view in VIEWS if SAID + view in judged}
    return replace(judgements_of(judged), **said)


def _written(packed: np.ndarray) -> dict[str, int] | None:
    """The same by name for JSON; None where no model was asked for profiles."""
    return dict(zip(WRITTEN, packed.tolist(), strict=True)) if packed.any() else None
