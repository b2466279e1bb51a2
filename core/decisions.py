"""From p_noisy to what is decided: labels correct it, verdicts follow, labels have the last word.

Shape letters: E train interactions.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from core.config import RunConfig
from core.labels import (
    UNLABELLED,
    label_of_rows,
    labels_for_measuring,
    overruling,
    teaching,
)
from core.scoring.calibration import calibrate
from core.scoring.override import decide
from core.scoring.verdict import assign_verdicts, noise_threshold
from core.stages import Arrays
from core.types import LABELS, BoolArray, IntArray, Interactions, Labels

NOT = LABELS.index("not")


def decide_all(
    signals: Arrays,
    low: BoolArray,
    train: Interactions,
    labels: Labels | None,
    config: RunConfig,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Verdicts of the train interactions, and who decided them.

    Args:
        signals: Signals and p_noisy without labels, ``(E,)`` each.
        low: Whether an interaction is low-scored for its user, ``(E,)``.
        train: The E train interactions.
        labels: What people said of pairs, held out or not.
        config: Scoring and labels.
        rng: Assigns the folds of the calibration.

    Returns:
        Arrays of the stage: the signals with p_noisy and its parts corrected, verdicts, labels.
    """
    deciding, lesson = overruling(labels, config.labels), label_of_rows(train, teaching(labels))
    measuring = None if labels is None else labels_for_measuring(labels)
    found = calibrate(signals, lesson, config.labels, rng, config.scoring)
    scored = {**signals, **found.changed}
    threshold = noise_threshold(scored["p_noisy"], float(scored["noise_rate"]), config.scoring)
    grades = signals["user_grade"], signals["item_grade"]
    accept = config.refine.accept
    verdict = assign_verdicts(scored["p_noisy"], *grades, low, threshold, config.scoring, accept)
    by_grades = config.scoring.rule == "grades"
    decided = decide(scored["p_noisy"], verdict, label_of_rows(train, deciding), by_grades)
    return {
        **scored,
        **decided._asdict(),
        "threshold": float("nan") if by_grades else threshold,  # the grades alone decide
        "p_noisy_model": signals["p_noisy"],
        "noise_rate_model": signals["noise_rate"],
        "taught": (lesson != UNLABELLED) & bool(found.report["calibrated"]),
        "label": label_of_rows(train, labels),
        "held_out": label_of_rows(train, measuring) != UNLABELLED,
        "unwanted": _unwanted(train, deciding),
        "calibration": json.dumps(found.report),
        "accept": accept,
    }


def _unwanted(train: Interactions, labels: Labels | None) -> IntArray:
    """Keys of the unobserved pairs that people do not want."""
    if labels is None:
        return np.zeros(0, np.int64)
    rows = labels.label == NOT
    found: IntArray = labels.user[rows] * np.int64(train.n_items) + labels.item[rows]
    return found
