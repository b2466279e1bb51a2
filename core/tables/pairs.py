"""Tables of pairs observed or not: what the judge said, and the edges of both graphs.

Shape letters: E train interactions, P judged pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.graph.refine import ADDED, DROPPED, ORIGINS
from core.packing import texts_of
from core.stages import Arrays
from core.tables.nodes import pair_columns, titles
from core.types import DECIDERS, HIGH, LABELS, PERSON, BoolArray, Dataset, IntArray


def judgements(dataset: Dataset, judged: Arrays, unwanted: IntArray) -> dict[str, Any]:
    """Columns of ``judgements``.

    Args:
        dataset: Names the pairs.
        judged: All judged pairs.
        unwanted: Keys of the unobserved pairs that a person said ``not`` of.
    """
    keep = _shown(dataset, judged)
    user, item = judged["user"][keep], judged["item"][keep]
    views = ("user_grade", "item_grade", "user_support", "item_support")
    return {
        **pair_columns(dataset, user, item),
        "title": titles(dataset, item),
        **{name: judged[name][keep] for name in ("observed", "control", *views)},
        "user_reason": texts_of(judged, "user_reason", keep),
        "item_reason": texts_of(judged, "item_reason", keep),
        "by_grades": _by_grades(dataset, judged, unwanted)[keep].tolist(),
    }


def _shown(dataset: Dataset, judged: Arrays) -> IntArray:
    """Rows worth keeping: all but the controls beyond one per user, which nobody reads."""
    controls = np.flatnonzero(judged["control"])
    rest = np.flatnonzero(~judged["control"])
    return np.concatenate([rest, controls[: len(dataset.users.id)]])


def _by_grades(dataset: Dataset, judged: Arrays, unwanted: IntArray) -> np.ndarray:
    """What the rule of grades alone would make of each judged pair, ``(P,)``.

    But for pairs that people do not want: they are never a hidden like.
    """
    high = (judged["user_grade"] == HIGH) & (judged["item_grade"] == HIGH)
    low = dataset.train.key()[judged["low"]]
    asked = judged["user"] * np.int64(dataset.train.n_items) + judged["item"]
    unobserved = np.where(high & ~np.isin(asked, unwanted), "hidden like", "hard negative")
    fits = np.where(np.isin(asked, low), np.where(high, "hard", "noisy"), "clean")
    outcome = np.where(judged["observed"], fits, unobserved)
    return np.where(judged["control"], "control", outcome)


def edges(dataset: Dataset, low: BoolArray, scored: Arrays, trained: Arrays) -> dict[str, Any]:
    """Columns of ``edges``: the train interactions, then the added edges."""
    origin = trained["edge_origin"]
    return {
        **pair_columns(dataset, trained["edge_user"], trained["edge_item"]),
        "in_original": origin != ADDED,
        "in_refined": origin != DROPPED,
        "origin": [ORIGINS[k] for k in origin.tolist()],
        "weight": trained["edge_weight"],
        "decided_by": [DECIDERS[k] for k in trained["edge_decided"].tolist()],
        "reason": _edge_reasons(low, scored, trained),
    }


def _edge_reasons(low: BoolArray, scored: Arrays, trained: Arrays) -> list[str]:
    """Say of each edge why it is in the refined graph or not."""
    origin, n_train = trained["edge_origin"], len(low)
    preset = str(trained["preset"])
    reason = np.full(len(origin), "not touched", dtype=object)
    if preset == "soft":
        reason[:n_train] = [f"weight by p_noisy {p:.2f}" for p in scored["p_noisy"]]
    high = (scored["user_grade"] == HIGH) & (scored["item_grade"] == HIGH)
    if preset == "paper":
        reason[:n_train][low & high] = "low-scored, judged High and High"
    reason[origin == DROPPED] = "low-scored, not High and High"
    reason[trained["edge_rescued"]] = "low-scored, not High and High; kept as a last edge"
    reason[origin == ADDED] = "unobserved, judged High and High"
    by_person = trained["edge_decided"] == PERSON
    said = np.array([*(f"a person called it {name}" for name in LABELS), ""], dtype=object)
    own = by_person[:n_train]
    reason[:n_train][own] = said[scored["label"]][own]
    reason[by_person & trained["edge_rescued"]] += "; kept as a last edge"
    reason[by_person & (origin == ADDED)] = "a person says that the user likes it"
    return [str(text) for text in reason]
