"""How far a judge can be trusted, as far as its own answers and people's labels tell.

Nothing here reads planted truth (that is for evaluation alone), and nothing needs any but the
judgements: what is not given is None in the report.

Shape letters: P judged pairs, C calls, T targets of the calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.judge.against_labels import against_labels
from core.judge.agreement import N_GRADES, by_group, repeatability
from core.judge.doubts import doubts
from core.judge.position import position_bias
from core.judge.proportion import proportion, share_of
from core.judge.spending import Columns, latency, outcome_shares, spend
from core.keys import distinct
from core.types import UNJUDGED, Judgements, Labels


def judge_quality_report(
    judgements: Judgements,
    *,
    calls: Columns | None = None,
    targets: Columns | None = None,
    labels: Labels | None = None,
    repeats: Mapping[str, Judgements] | None = None,
    prices: tuple[float, float] = (0.0, 0.0),
) -> dict[str, Any]:
    """Everything that is known about the quality of a judge, plain values for JSON.

    Args:
        judgements: What the judge said, before any grade was flipped for measuring.
        calls: One row per call to a language model: ``key``, ``view``, ``user``, ``n_targets``,
            ``outcome``, ``prompt``, ``model``, ``prompt_tokens``, ``output_tokens``,
            ``cached_tokens``, ``seconds``, ``n_requests``, ``from_cache``, ``(C,)`` each.
        targets: One row per pair and view asked: ``pair`` (row of what was asked), ``view``,
            ``call`` (its key), ``position`` (0 = first), ``grade`` (0 to 2; -1 where the call was
            refused, failed, or could not be read), ``cited`` (whether the reason rests on something
            that it was shown), and if known ``cannot_tell`` (the grade Mid stands for that),
            ``(T,)`` each.
        labels: What people said of pairs.
        repeats: Later judgements of some of the pairs by name, such as ``again`` and ``shuffled``
            (:mod:`core.judge.repeat`).
        prices: Of a million prompt tokens, and of a million reply tokens.

    Returns:
        ``judge``, ``n_pairs``, ``n_unparsed``, ``grades`` (shares per view), ``views`` (agreement
        of both views, with the 3 x 3 matrix, for all, observed, unobserved and control pairs),
        ``models``, ``prompts``, ``outcomes``, ``spend``, ``latency`` (of the calls), ``answers``
        and ``position`` (per view, of the targets), ``labels``, ``repeats`` (by name), ``doubts``
        (why not to go by these grades, see :func:`core.judge.doubts.doubts`).
    """
    views = by_group(judgements)
    return {
        "judge": judgements.judge,
        "n_pairs": len(judgements),
        "n_unparsed": judgements.n_unparsed,
        "grades": {
            "user": grade_shares(judgements.user_grade),
            "item": grade_shares(judgements.item_grade),
        },
        "views": views,
        "doubts": doubts(views),
        **_of_calls(calls, prices),
        **_of_targets(targets),
        "labels": None if labels is None else against_labels(judgements, labels),
        "repeats": _of_repeats(judgements, repeats),
    }


def _of_repeats(
    judgements: Judgements, repeats: Mapping[str, Judgements] | None
) -> dict[str, Any] | None:
    if repeats is None:
        return None
    return {name: repeatability(judgements, later) for name, later in repeats.items()}


def grade_shares(grade: np.ndarray) -> list[dict[str, Any]]:
    """Share of Low, Mid and High among the graded, with intervals."""
    counts = np.bincount(grade[grade != UNJUDGED].astype(np.int64), minlength=N_GRADES)
    return [proportion(int(count), int(counts.sum())) for count in counts]


def answer_shares(targets: Columns) -> dict[str, Any]:
    """How well the asked targets were answered.

    Returns:
        Shares with intervals: ``unanswered`` of all targets; ``uncited`` and ``cannot_tell`` of the
        answered ones, the latter None where it is not known.
    """
    answered = np.asarray(targets["grade"]) != UNJUDGED
    cited = np.asarray(targets["cited"], dtype=np.bool_)
    known = targets.get("cannot_tell")
    return {
        "unanswered": share_of(~answered),
        "uncited": share_of(~cited, answered),
        "cannot_tell": None
        if known is None
        else share_of(np.asarray(known, dtype=np.bool_), answered),
    }


def _of_calls(calls: Columns | None, prices: tuple[float, float]) -> dict[str, Any]:
    if calls is None:
        return dict.fromkeys(("models", "prompts", "outcomes", "spend", "latency"))
    return {
        "models": _counted(calls["model"]),
        "prompts": _counted(calls["prompt"]),
        "outcomes": outcome_shares(calls),
        "spend": spend(calls, *prices),
        "latency": latency(calls),
    }


def _of_targets(targets: Columns | None) -> dict[str, Any]:
    """Answers and position bias, of each view apart."""
    if targets is None:
        return dict.fromkeys(("answers", "position"))
    view = np.asarray(targets["view"], dtype=np.str_)
    answers, position = {}, {}
    for name in distinct(view).tolist():
        own = {
            column: np.asarray(values)[view == name]
            for column, values in targets.items()
            if values is not None
        }
        answers[name] = answer_shares(own)
        position[name] = position_bias(own["call"], own["position"], own["grade"])
    return {"answers": answers, "position": position}


def _counted(values: Any) -> dict[str, int]:  # noqa: ANN401 - any sequence of texts
    names, counts = np.unique(np.asarray(values, dtype=np.str_), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}
