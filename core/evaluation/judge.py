"""How well the grades of a judge tell planted noise from genuine interactions.

Shape letters: E train interactions, A added edges.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from core.config import Accept
from core.evaluation.truth import Truth
from core.graph.refine import ADDED, DROPPED
from core.keys import among, distinct
from core.scoring.accept import accepted
from core.types import (
    JUDGE,
    UNJUDGED,
    BoolArray,
    Dataset,
    GradeArray,
    IntArray,
    Interactions,
    InteractionScores,
)

NO_TRUTH: Final = (
    "Share of the added edges that are held-out positives. This is no precision: nothing is known "
    "of the other pairs that were not observed, and an added edge that is not held out may be "
    "liked all the same. Compare it between judges on the same data alone."
)


def judge_quality(
    scores: InteractionScores, truth: Truth, accept: Accept = "high"
) -> dict[str, Any]:
    """Compare the grades of the judged train interactions with planted truth.

    An edge counts as dropped where it was judged and not accepted by both views.

    Args:
        scores: With the grades, -1 where the judge was not asked, ``(E,)``.
        truth: What was planted, ``(E,)``.
        accept: Grade that both views must give at least.

    Returns:
        Plain values for JSON: ``noise`` and ``genuine`` are 3 x 3 counts, rows = user-centric
        and columns = item-centric grade, Low, Mid, High; ``dropped_precision`` is the share of
        noise among dropped edges, ``dropped_recall`` the share of judged noise that is dropped;
        shares are None where there is nothing to share, or no noise at all.

    Raises:
        ValueError: If the truth is of other interactions than the scores.
    """
    if len(truth.kind) != len(scores.user_grade):
        raise ValueError(f"truth of {len(truth.kind)} rows, scores of {len(scores.user_grade)}")
    judged = (scores.user_grade != UNJUDGED) & (scores.item_grade != UNJUDGED)
    dropped = judged & ~accepted(scores.user_grade, scores.item_grade, accept)
    noise = truth.is_noise
    n_dropped, n_noise = int(dropped.sum()), int((judged & noise).sum())
    n_hit = int((dropped & noise).sum())
    return {
        "noise": grade_matrix(scores, judged & noise),
        "genuine": grade_matrix(scores, judged & ~noise),
        "n_judged": int(judged.sum()),
        "n_dropped": n_dropped,
        "dropped_precision": n_hit / n_dropped if n_dropped and noise.any() else None,
        "dropped_recall": n_hit / n_noise if n_noise else None,
    }


def grade_matrix(scores: InteractionScores, rows: BoolArray) -> list[list[int]]:
    """Count judged ``rows`` by user-centric (row) and item-centric (column) grade, 3 x 3."""
    counts = np.zeros((3, 3), dtype=np.int64)
    np.add.at(counts, (scores.user_grade[rows], scores.item_grade[rows]), 1)
    return [[int(count) for count in row] for row in counts]


def edge_quality(
    judge: str,
    edge: tuple[IntArray, IntArray],
    origin: GradeArray,
    decided_by: GradeArray,
    dataset: Dataset,
    truth: Truth | None,
) -> dict[str, Any]:
    """Compare the edits that a judge made to the graph with what is known.

    Unlike :func:`judge_quality`, which asks what the rule of grades would do with every judged
    pair, this counts the edges that are really gone or new: of low-scored interactions only, last
    edges spared, nothing that a person decided.

    Args:
        judge: Who graded.
        edge: User and item numbers, the E train edges in their order, then the added ones,
            ``(E + A,)`` each.
        origin: ``KEPT``, ``DROPPED`` or ``ADDED`` (:mod:`core.graph.refine`), ``(E + A,)``.
        decided_by: ``MODEL``, ``JUDGE`` or ``PERSON``, ``(E + A,)``.
        dataset: Whose graph it is; its valid and test interactions are the held-out positives.
        truth: What was planted, ``(E,)``; None where nothing was.

    Returns:
        Plain values for JSON: ``judge``; ``dropped``: ``n``, ``n_noise``, ``precision`` (share of
        planted noise among dropped edges), ``recall`` (share of all planted noise that is dropped),
        ``hard_lost`` (share of the planted hard interactions that is dropped), None where there is
        no truth or nothing to share; ``added``: see :func:`added_hits`.

    Raises:
        ValueError: If the edges are not the train interactions and then added ones.
    """
    n_train = len(dataset.train)
    added = origin == ADDED
    if added[:n_train].any() or not added[n_train:].all():
        raise ValueError(f"the first {n_train} edges must be the train interactions")
    by_judge = decided_by == JUDGE
    dropped = ((origin == DROPPED) & by_judge)[:n_train]
    user, item = (numbers[added & by_judge] for numbers in edge)
    new = Interactions(user, item, dataset.train.n_users, dataset.train.n_items)
    return {
        "judge": judge,
        "dropped": _dropped(dropped, truth),
        "added": added_hits(new, dataset),
    }


def added_hits(added: Interactions, dataset: Dataset) -> dict[str, Any]:
    """How many added edges are held-out positives: no precision, see ``measures``.

    Args:
        added: The A added edges.
        dataset: Its valid and test interactions are the held-out positives.

    Returns:
        ``n``, ``n_held_out`` (added edges among the held-out positives), ``hit_share`` (of the
        added edges), ``by_chance`` (hit share of as many unobserved pairs drawn at random),
        ``lift`` (their ratio), ``found_share`` (of the held-out positives), ``measures``: in words.
    """
    train = dataset.train
    held_out = np.union1d(dataset.valid.key(), dataset.test.key())
    held_out = np.setdiff1d(held_out, train.key())  # what is observed cannot be added
    n_unobserved = train.n_users * train.n_items - len(distinct(train.key()))
    n_hit = int(among(distinct(added.key()), held_out).sum())
    share = n_hit / len(added) if len(added) else None
    chance = len(held_out) / n_unobserved if n_unobserved else None
    return {
        "n": len(added),
        "n_held_out": n_hit,
        "hit_share": share,
        "by_chance": chance,
        "lift": share / chance if share is not None and chance else None,
        "found_share": n_hit / len(held_out) if len(held_out) else None,
        "measures": NO_TRUTH,
    }


def _dropped(dropped: BoolArray, truth: Truth | None) -> dict[str, Any]:
    """Dropped train edges ``(E,)`` beside the planted truth."""
    n = int(dropped.sum())
    nothing = {"n_noise": None, "precision": None, "recall": None, "hard_lost": None}
    if truth is None or not truth.is_noise.any():
        return {"n": n, **nothing}
    n_noise, hard = int((dropped & truth.is_noise).sum()), truth.is_planted_hard
    return {
        "n": n,
        "n_noise": n_noise,
        "precision": n_noise / n if n else None,
        "recall": n_noise / int(truth.is_noise.sum()),
        "hard_lost": float(dropped[hard].mean()) if hard.any() else None,
    }
