"""What the grades of a judge are worth by the word of people.

Labels that were given to many pairs at once are no evidence (:class:`core.types.Labels`): they
follow what the model showed. Labels of a queue are of pairs that looked telling, so only those met
in the random order stand for all judged pairs: both are reported, apart. Who labels on a card that
shows the grade may follow it, which flatters the judge; the blind queue does not show it.

Shape letters: P judged pairs, L labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.judge.agreement import N_GRADES
from core.judge.proportion import proportion
from core.keys import among
from core.types import LABELS, UNJUDGED, BoolArray, GradeArray, IntArray, Judgements, Labels

GENUINE = tuple(name in ("clean", "hard", "like") for name in LABELS)
"""Which labels say that the user wants the item."""
OF_TRAIN = ("clean", "hard", "noisy")


def against_labels(judgements: Judgements, labels: Labels) -> dict[str, Any]:
    """Share of genuine pairs by grade, as people see them, with 95 % Wilson intervals.

    Held-out labels count as well as those in use: no judge reads either.

    Args:
        judgements: P judged pairs.
        labels: What people said of pairs, judged or not.

    Returns:
        ``n_given_to_many``: labels left out for it; ``n_not_judged``: labels of pairs that the
        judge was not asked about. ``all`` and ``random`` (met in the random order), each with
        ``observed`` (genuine = clean or hard) and ``unobserved`` (genuine = like), each with
        ``user`` and ``item``: shares by grade Low, Mid, High; ``pair``: 3 x 3 shares, rows
        user-centric, columns item-centric.
    """
    row = _row_of(judgements, labels)
    judged = row >= 0
    judged[judged] &= _graded(judgements)[row[judged]]
    use = judged & labels.looked_at
    return {
        "n_given_to_many": int((~labels.looked_at).sum()),
        "n_not_judged": int((labels.looked_at & ~judged).sum()),
        "all": _kinds(judgements, labels, row, use),
        "random": _kinds(judgements, labels, row, use & labels.sampled),
    }


def _graded(judgements: Judgements) -> BoolArray:
    """Pairs with a grade in both views, ``(P,)``."""
    known = (judgements.user_grade != UNJUDGED) & (judgements.item_grade != UNJUDGED)
    return np.asarray(known, np.bool_)


def _row_of(judgements: Judgements, labels: Labels) -> IntArray:
    """First judged row of each labelled pair, -1 = none, ``(L,)``."""
    if len(judgements) == 0 or len(labels) == 0:
        return np.full(len(labels), -1, np.int64)
    n_items = int(max(judgements.item.max(), labels.item.max())) + 1
    known, first = np.unique(judgements.user * n_items + judgements.item, return_index=True)
    wanted = labels.user * n_items + labels.item
    place = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    return np.where(known[place] == wanted, first[place], -1).astype(np.int64)


def _kinds(judgements: Judgements, labels: Labels, row: IntArray, use: BoolArray) -> dict[str, Any]:
    of_train = among(labels.label, [LABELS.index(name) for name in OF_TRAIN])
    genuine = np.array(GENUINE)[labels.label]
    found = {}
    for name, rows in (("observed", use & of_train), ("unobserved", use & ~of_train)):
        at = row[rows]
        user, item = judgements.user_grade[at], judgements.item_grade[at]
        found[name] = _shares(user, item, genuine[rows])
    return found


def _shares(user: GradeArray, item: GradeArray, genuine: BoolArray) -> dict[str, Any]:
    """Share of genuine pairs by grade of either view, and by both."""
    counts = np.zeros((N_GRADES, N_GRADES, 2), np.int64)
    np.add.at(counts, (user, item, genuine.astype(np.int64)), 1)

    def shares(of: IntArray) -> list[dict[str, Any]]:
        return [proportion(yes, no + yes) for no, yes in of.tolist()]

    return {
        "user": shares(counts.sum(axis=1)),
        "item": shares(counts.sum(axis=0)),
        "pair": [shares(line) for line in counts],
    }
