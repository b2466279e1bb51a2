"""Tables of pairs observed or not: what the judge said, and the edges of both graphs.

Shape letters: E train interactions, P judged pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.config import Accept
from core.graph.refine import ADDED, DROPPED, ORIGINS
from core.keys import among
from core.packing import texts_of
from core.scoring.accept import ACCEPTED, accepted
from core.stages import Arrays
from core.tables.nodes import pair_columns, titles
from core.types import DECIDERS, LABELS, PERSON, BoolArray, Dataset, IntArray


def judgements(dataset: Dataset, judged: Arrays, scored: Arrays) -> dict[str, Any]:
    """Columns of ``judgements``.

    Args:
        dataset: Names the pairs.
        judged: All judged pairs.
        scored: Which grades both views must give, and the unobserved pairs that a person said
            ``not`` of.
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
        "by_grades": _by_grades(dataset, judged, scored)[keep].tolist(),
    }


def _shown(dataset: Dataset, judged: Arrays) -> IntArray:
    """Rows worth keeping: all but the controls beyond one per user, which nobody reads."""
    controls = np.flatnonzero(judged["control"])
    rest = np.flatnonzero(~judged["control"])
    return np.concatenate([rest, controls[: len(dataset.users.id)]])


def _by_grades(dataset: Dataset, judged: Arrays, scored: Arrays) -> np.ndarray:
    """What the rule of grades alone would make of each judged pair, ``(P,)``.

    But for pairs that people do not want: they are never a hidden like.
    """
    fits = accepted(judged["user_grade"], judged["item_grade"], _accept(scored))
    low = dataset.train.key()[judged["low"]]
    asked = judged["user"] * np.int64(dataset.train.n_items) + judged["item"]
    unobserved = np.where(fits & ~among(asked, scored["unwanted"]), "hidden like", "hard negative")
    verdict = np.where(among(asked, low), np.where(fits, "hard", "noisy"), "clean")
    outcome = np.where(judged["observed"], verdict, unobserved)
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
    accept = _accept(scored)
    fits, asked = accepted(scored["user_grade"], scored["item_grade"], accept), ACCEPTED[accept]
    if preset == "paper":
        reason[:n_train][low & fits] = f"low-scored, judged {asked}"
    reason[origin == DROPPED] = f"low-scored, not {asked}"
    reason[trained["edge_rescued"]] = f"low-scored, not {asked}; kept as a last edge"
    reason[origin == ADDED] = f"unobserved, judged {asked}"
    by_person = trained["edge_decided"] == PERSON
    said = np.array([*(f"a person called it {name}" for name in LABELS), ""], dtype=object)
    own = by_person[:n_train]
    reason[:n_train][own] = said[scored["label"]][own]
    reason[by_person & trained["edge_rescued"]] += "; kept as a last edge"
    reason[by_person & (origin == ADDED)] = "a person says that the user likes it"
    return [str(text) for text in reason]


def _accept(scored: Arrays) -> Accept:
    """Grade that both views must have given at least."""
    return "mid" if str(scored["accept"]) == "mid" else "high"
