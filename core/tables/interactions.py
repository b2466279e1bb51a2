"""The table with one row per train interaction: signals, reasons, verdict, explanation.

Shape letters: E train interactions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.baselines.run import method_of
from core.method_names import OURS
from core.packing import scores_of, texts_of
from core.stages import Arrays
from core.tables.nodes import pair_columns, titles
from core.types import DECIDERS, LABELS, PERSON, VERDICTS, BoolArray, Dataset

GRADE_NAMES = {-1: "not asked", 0: "Low", 1: "Mid", 2: "High"}


def interactions(
    dataset: Dataset, judged: Arrays, scored: Arrays, method: str = OURS
) -> dict[str, Any]:
    """Columns of ``interactions``, ``(E,)`` each; ``method`` as the setting of a run."""
    train, scores = dataset.train, scores_of(scored)
    user_reason, item_reason = _reasons(dataset, judged, scores.user_grade >= 0)
    all_judged = bool((scores.user_grade >= 0).all())

    def explained(row: int) -> str:
        if method != OURS:
            return _explain_rank(scored, row, method)
        return _explain(scored, row, all_judged)

    return {
        "row": np.arange(len(train)),
        **pair_columns(dataset, train.user, train.item),
        "title": titles(dataset, train.item),
        "loss": scores.loss,
        "loss_mean": scores.loss_mean,
        "loss_variability": scores.loss_variability,
        "score": scores.score,
        "semantic": scores.semantic,
        "semantic_among_users": scored["semantic_among_users"],
        "text_among_users": scored["text_among_users"],
        "logical": scores.logical,
        "user_grade": scores.user_grade,
        "item_grade": scores.item_grade,
        "user_reason": user_reason,
        "item_reason": item_reason,
        "low_scored": judged["low"],
        "from_language": scored["from_language"],
        "from_behaviour": scored["from_behaviour"],
        "from_grades": scored["from_grades"],
        "p_noisy": scores.p_noisy,
        "p_noisy_model": scored["p_noisy_model"],
        "verdict": [VERDICTS[k] for k in scores.verdict.tolist()],
        "decided_by": [DECIDERS[k] for k in scored["decided_by"].tolist()],
        "label": ["" if k < 0 else LABELS[k] for k in scored["label"].tolist()],
        "held_out": scored["held_out"],
        "explanation": [explained(row) for row in range(len(train))],
    }


def _reasons(dataset: Dataset, judged: Arrays, counts: BoolArray) -> tuple[list[str], list[str]]:
    """Both reasons of each train interaction, empty where not judged.

    Args:
        dataset: Names the interactions.
        judged: All judged pairs.
        counts: Where grades count, ``(E,)``: nowhere in the run of a baseline.
    """
    train = dataset.train
    asked = np.flatnonzero(judged["observed"])
    key = judged["user"][asked] * np.int64(train.n_items) + judged["item"][asked]
    place = {pair: k for k, pair in enumerate(key.tolist())}
    keys = zip(train.key().tolist(), counts.tolist(), strict=True)
    found = [place.get(pair) if graded else None for pair, graded in keys]
    columns = []
    for name in ("user_reason", "item_reason"):
        texts = texts_of(judged, name, asked)
        columns.append(["" if k is None else texts[k] for k in found])
    return columns[0], columns[1]


def _explain(scored: Arrays, row: int, all_judged: bool) -> str:
    """Say in one sentence what led to a verdict; every number is a column of the table."""
    name = VERDICTS[int(scored["verdict"][row])]
    grades = [GRADE_NAMES[int(scored[view][row])] for view in ("user_grade", "item_grade")]
    asked = "not judged" if grades[0] == "not asked" else f"grades {grades[0]} and {grades[1]}"
    parts = {
        "texts and grades" if all_judged else "texts": float(scored["from_language"][row]),
        "behaviour": float(scored["from_behaviour"][row]),
        "grades": float(scored["from_grades"][row]),
    }
    moved = ", ".join(
        f"{part} {'towards noise' if value > 0 else 'towards genuine'} ({value:+.2f})"
        for part, value in sorted(parts.items(), key=lambda item: -abs(item[1]))
        if abs(value) >= 0.05
    )
    threshold = float(scored["threshold"])
    rule = "noisy by the grades alone" if np.isnan(threshold) else f"noisy from {threshold:.2f}"
    p_noisy = f"p_noisy {scored['p_noisy'][row]:.2f} ({rule})"
    if scored["decided_by"][row] == PERSON:
        p_noisy = f"a person decided so; without labels p_noisy {scored['p_noisy_model'][row]:.2f}"
    return (
        f"{name}: {p_noisy}; the model ranks it above "
        f"{scored['score'][row]:.0%} of the items it has not seen the user choose; {asked}; "
        f"against the average interaction, log-odds moved by {moved or 'nothing much'}."
    )


def _explain_rank(scored: Arrays, row: int, method: str) -> str:
    """The same for a baseline, whose p_noisy is the rank of its suspicion: nothing moved it."""
    name, about = VERDICTS[int(scored["verdict"][row])], method_of(method)
    rank, p_noisy = float(scored["p_noisy_model"][row]), float(scored["p_noisy"][row])
    threshold = float(scored["threshold"])
    rule = "noisy by the grades alone" if np.isnan(threshold) else f"noisy from {threshold:.2f}"
    by_person = scored["decided_by"][row] == PERSON
    is_corrected = not by_person and abs(p_noisy - rank) > 1e-6
    parts = [
        "a person decided so" if by_person else "",
        f"labels corrected p_noisy to {p_noisy:.2f} ({rule})" if is_corrected else "",
        f"{about.title} gives it rank {rank:.2f} of suspicion, 0 to 1"
        + ("" if by_person or is_corrected else f" ({rule})"),
        f"it goes by {about.suspicion}",
        "p_noisy is that rank: an order, no probability" if not is_corrected else "",
        f"the model ranks it above {scored['score'][row]:.0%} of the items it has not seen the "
        "user choose",
    ]
    return f"{name}: {'; '.join(part for part in parts if part)}."
