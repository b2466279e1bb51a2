"""Every signal about every pair, put side by side from what the stages found.

Shape letters: P pairs (E train interactions, then stand-ins), I items, T text size.
"""

from __future__ import annotations

import numpy as np

from core.relevance.semantic_fit import semantic_fit
from core.relevance.text_fit import centred, text_fit
from core.scoring.evidence import Evidence
from core.scoring.insertions import Insertions
from core.scoring.neighbours import neighbours
from core.scoring.stand_ins import Pairs
from core.stages import Arrays
from core.types import Embeddings, FloatArray, Interactions


def gather_evidence(
    train: Interactions,
    pairs: Pairs,
    item_text: FloatArray,
    aligned: Arrays,
    behaviour: Arrays,
    judged: Arrays,
    n_references: int,
    rng: np.random.Generator,
) -> Evidence:
    """Measure what is not measured yet, and put the signals of all pairs together.

    Args:
        train: The E train interactions.
        pairs: They and the stand-ins.
        item_text: Text embeddings of the items, ``(I, T)``.
        aligned: Arrays of the alignment.
        behaviour: Arrays of the out-of-fold stage.
        judged: Arrays of the judging.
        n_references: Strangers to compare with.
        rng: Draws the strangers.
    """
    held_out = Embeddings(aligned["fold_user"], aligned["fold_item"])
    # All draw from one generator: their order is part of the result.
    text = text_fit(centred(item_text), train, pairs, n_references, rng)
    semantic = semantic_fit(held_out, train, pairs, n_references, rng)
    beside = neighbours(train, pairs, n_references, rng)
    return Evidence(
        loss=behaviour["loss"],
        score_among_items=behaviour["among_items"],
        score_among_users=behaviour["among_users"],
        neighbours=beside.similarity,
        neighbours_among_items=beside.place.among_items,
        neighbours_among_users=beside.place.among_users,
        semantic=semantic.cosine,
        semantic_among_items=semantic.place.among_items,
        semantic_among_users=semantic.place.among_users,
        text=text.cosine,
        text_among_items=text.place.among_items,
        text_among_users=text.place.among_users,
        log_popularity=log_popularity(train, pairs),
        insertions=Insertions(
            behaviour["inserted_row"], behaviour["fitted_score"], behaviour["inserted_score"]
        ),
        **judged_signals(pairs, judged, train.n_items),
    )


def log_popularity(train: Interactions, pairs: Pairs) -> FloatArray:
    """log(1 + the item's interactions outside the fold of the pair), ``(P,)``.

    One count for interactions and stand-ins alike. All interactions but the pair itself would be
    one fewer for every interaction than for every stand-in of the same item, and a classifier
    that sees both would learn just that.
    """
    n_folds = int(pairs.fold.max(initial=0)) + 1
    count = np.zeros((n_folds, train.n_items), np.int64)
    own = slice(0, pairs.n_observed)
    np.add.at(count, (pairs.fold[own], pairs.item[own]), 1)
    outside = count.sum(axis=0)[pairs.item] - count[pairs.fold, pairs.item]
    return np.asarray(np.log1p(outside), np.float32)


def judged_signals(pairs: Pairs, judged: Arrays, n_items: int) -> dict[str, np.ndarray]:
    """Grades and supports of all pairs, -1 and NaN where the judge was not asked, ``(P,)``."""
    key = pairs.user * np.int64(n_items) + pairs.item
    order = np.argsort(key)
    asked = judged["observed"] | judged["control"]
    wanted = judged["user"][asked] * np.int64(n_items) + judged["item"][asked]
    row = order[np.searchsorted(key, wanted, sorter=order)]
    found = {}
    for name in ("user_grade", "item_grade", "user_support", "item_support"):
        unknown, kind = (-1, np.int8) if name.endswith("grade") else (np.nan, np.float32)
        found[name] = np.full(len(pairs), unknown, kind)
        found[name][row] = judged[name][asked]
    return found
