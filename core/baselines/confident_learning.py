"""Confident learning by cleanlab itself, on out-of-fold probabilities.

Source: Northcutt et al., "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021
(arXiv:1911.00068): a label is an issue where the model, out of fold, is surer of the other class
than it is of that class on average (threshold t_k = mean self-confidence of class k).

Classes are observed (1) and not observed (0). The probability of 1 is the out-of-fold score: the
share of the user's unobserved items that score lower. Class 0 are strangers: unobserved pairs.
The library is imported when it is needed: it is for comparisons and no part of the workbench.

Shape letters: E train interactions, S strangers, P = E + S.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

import numpy as np
import torch

from core.baselines.method import Inputs, Method, Plan
from core.errors import ConfigError
from core.method_settings import ConfidentLearningConfig
from core.types import BoolArray, FloatArray

FAR = 1e-3
"""Probabilities are kept this far from 0 and 1."""


def label_issues(
    observed: FloatArray, strangers: FloatArray, filter_by: str = "prune_by_noise_rate"
) -> BoolArray:
    """Which observed pairs cleanlab's ``find_label_issues`` calls wrong, ``(E,)``.

    Args:
        observed: Out-of-fold probability of each train interaction to be one, ``(E,)``.
        strangers: The same of unobserved pairs, ``(S,)``, at least one.
        filter_by: Rule of the library.

    Raises:
        ConfigError: If cleanlab is not installed.
    """
    label, probability = _both_classes(observed, strangers)
    issues = _cleanlab("filter").find_label_issues(
        label, probability, filter_by=filter_by, n_jobs=1
    )
    return np.asarray(issues[: len(observed)], np.bool_)


def label_quality(
    observed: FloatArray, strangers: FloatArray, method: str = "self_confidence"
) -> FloatArray:
    """Quality by cleanlab's ``get_label_quality_scores``, 0..1, low = suspected, ``(E,)``.

    Arguments and errors as in :func:`label_issues`, ``method`` as the library names it.
    """
    label, probability = _both_classes(observed, strangers)
    scores = _cleanlab("rank").get_label_quality_scores(label, probability, method=method)
    return np.asarray(scores[: len(observed)], np.float32)


def _both_classes(observed: FloatArray, strangers: FloatArray) -> tuple[np.ndarray, np.ndarray]:
    """Given labels ``(P,)`` and probabilities of both classes ``(P, 2)``."""
    one = np.clip(np.concatenate([observed, strangers]).astype(np.float64), FAR, 1.0 - FAR)
    label = np.repeat([1, 0], [len(observed), len(strangers)])
    return label, np.stack([1.0 - one, one], axis=1)


def _cleanlab(part: Literal["filter", "rank"]) -> Any:  # noqa: ANN401 - the library has no types
    try:
        return import_module(f"cleanlab.{part}")
    except ImportError as missing:
        raise ConfigError(
            "cleanlab is not installed: pip install -r requirements-bench.txt"
        ) from missing


def _build(inputs: Inputs, settings: Any, generator: torch.Generator) -> Plan:  # noqa: ANN401, ARG001 - nothing is drawn
    if inputs.held_out is None:
        raise ValueError("cleanlab needs out-of-fold scores")
    score, strangers = inputs.held_out.score, inputs.held_out.stranger_score
    # Flagged pairs first, each group by quality: one order that holds both answers.
    flagged = label_issues(score, strangers, settings.filter_by)
    quality = label_quality(score, strangers, settings.quality)
    suspicion = np.asarray(flagged + (1.0 - quality), np.float32)
    return Plan(suspicion=lambda _: suspicion)


METHOD = Method(
    "cleanlab",
    "cleanlab (confident learning)",
    "Northcutt et al., Confident Learning, JAIR 2021, arXiv:1911.00068",
    "detector",
    ConfidentLearningConfig,
    _build,
    needs=frozenset({"out-of-fold", "cleanlab"}),
    suspicion="1 - label quality, and 1 more where it finds a label issue",
)
