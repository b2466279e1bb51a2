"""What verdicts would be under the grades known so far, while the judge is still being asked.

Shape letters: E train interactions, P pairs (E + stand-ins).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core.config import RunConfig
from core.judge import JudgePairs
from core.scoring.evidence import Evidence
from core.scoring.posterior import combine, fit_parts, weigh
from core.scoring.stand_ins import Pairs
from core.scoring.verdict import assign_verdicts, noise_threshold
from core.signals import judged_signals
from core.types import BoolArray, FloatArray, GradeArray, IntArray, Interactions, Judgements


class Settling:
    """Verdicts without labels, from all signals and some of the grades.

    Args:
        evidence: Signals of all pairs; its grades are not read.
        pairs: Train interactions and stand-ins.
        low: Which interactions are low-scored, ``(E,)``.
        train: The E interactions.
        config: Scoring and rule of acceptance.
        seed: Of the classifiers: the same at every call, so that only grades move verdicts.
    """

    def __init__(
        self,
        evidence: Evidence,
        pairs: Pairs,
        low: BoolArray,
        train: Interactions,
        config: RunConfig,
        seed: tuple[int, ...],
    ) -> None:
        self.evidence, self.pairs, self.low = evidence, pairs, low
        self.train, self.config, self.seed = train, config, seed
        without = replace(evidence, **self._grades(None))
        rng = np.random.default_rng(seed)
        self._parts = fit_parts(without, pairs.observed, config.scoring, rng)

    def p_noisy(self, judgements: Judgements | None = None) -> tuple[FloatArray, float]:
        """p_noisy of each interaction ``(E,)``, and the estimated share of noise."""
        evidence, observed = replace(self.evidence, **self._grades(judgements)), self.pairs.observed
        scoring = self.config.scoring
        if evidence.all_judged():  # grades are among the features then
            found = combine(evidence, observed, scoring, np.random.default_rng(self.seed))
        else:
            found = weigh(self._parts, evidence, observed, scoring)
        return found.p_noisy, found.noise_rate

    def __call__(self, judgements: Judgements | None) -> GradeArray:
        """Verdicts of the train interactions, ``(E,)``."""
        p_noisy, rate = self.p_noisy(judgements)
        scoring = self.config.scoring
        own = slice(0, len(p_noisy))
        grades = self._grades(judgements)
        return assign_verdicts(
            p_noisy,
            grades["user_grade"][own],
            grades["item_grade"][own],
            self.low,
            noise_threshold(p_noisy, rate, scoring),
            scoring,
            self.config.refine.accept,
        )

    def information(self, pairs: JudgePairs) -> FloatArray:
        """How much the grades of each pair are worth knowing, ``(P,)``; 0 where not observed.

        Doubt about p_noisy without any grade, times the weight of the edge in the normalised
        graph: what a wrong verdict would do to the rest.
        """
        train = self.train
        order = np.argsort(train.key())
        wanted = pairs.user * np.int64(train.n_items) + pairs.item
        place = np.searchsorted(train.key(), wanted, sorter=order)
        p = self.p_noisy()[0][order[np.minimum(place, len(order) - 1)]]
        of_user = np.bincount(train.user, minlength=train.n_users)[pairs.user]
        of_item = np.bincount(train.item, minlength=train.n_items)[pairs.item]
        weight = 1.0 / np.sqrt(np.maximum(of_user * of_item, 1))
        found: FloatArray = np.where(pairs.observed, 4.0 * p * (1.0 - p) * weight, 0.0)
        return found.astype(np.float32)

    def _grades(self, judgements: Judgements | None) -> dict[str, Any]:
        known = no_judgements() if judgements is None else judgements
        return judged_signals(self.pairs, vars(known), self.train.n_items)


def no_judgements() -> Judgements:
    """What a judge has said before it was asked."""
    number: IntArray = np.zeros(0, np.int64)
    truth: BoolArray = np.zeros(0, np.bool_)
    grade: GradeArray = np.zeros(0, np.int8)
    return Judgements(number, number, truth, truth, grade, grade, (), (), "")
