"""All signals about all pairs, side by side.

Shape letters: P pairs (E observed, then stand-ins), K epochs kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.scoring.insertions import Insertions
from core.types import FloatArray, GradeArray


@dataclass(frozen=True)
class Evidence:
    """Out-of-fold signals of P pairs, each ``(P,)`` unless said otherwise."""

    loss: FloatArray
    """Loss per kept epoch, ``(K, P)``."""
    score_among_items: FloatArray
    """Where the backbone's score stands among the user's other items, 0..1."""
    score_among_users: FloatArray
    """Where it stands among the item's other users, 0..1."""
    neighbours: FloatArray
    """Co-occurrence with the user's other items, 0 = none."""
    neighbours_among_items: FloatArray
    neighbours_among_users: FloatArray
    semantic: FloatArray
    """Aligned semantic relevance, -1..1."""
    semantic_among_items: FloatArray
    semantic_among_users: FloatArray
    text: FloatArray
    """Cosine of the item text with the user's other items, -1..1."""
    text_among_items: FloatArray
    text_among_users: FloatArray
    log_popularity: FloatArray
    """log(1 + interactions of the item outside the fold of the pair)."""
    user_grade: GradeArray
    """User-centric grade, int8, -1 where the judge was not asked."""
    item_grade: GradeArray
    """Item-centric grade, likewise."""
    user_support: FloatArray
    """How strongly the user-centric view supports a pair, 0..1; NaN = not known."""
    item_support: FloatArray
    """The same of the item-centric view."""
    insertions: Insertions | None = None
    """Scores by models that have seen the pairs; None where none were trained."""

    def without_text(self) -> Evidence:
        """The same with NaN for everything texts say."""
        unknown = np.full(len(self.semantic), np.nan, np.float32)
        return replace(
            self,
            semantic=unknown,
            semantic_among_items=unknown,
            semantic_among_users=unknown,
            text=unknown,
            text_among_items=unknown,
            text_among_users=unknown,
        )

    def all_judged(self) -> bool:
        """Whether the judge was asked about every pair, stand-ins included."""
        return bool(((self.user_grade >= 0) & (self.item_grade >= 0)).all())

    def behaviour(self) -> FloatArray:
        """What interactions say: score, neighbours, level, spread and trend of loss, ``(P, 9)``."""
        third = max(len(self.loss) // 3, 1)
        return np.stack(
            [
                self.score_among_items,
                self.score_among_users,
                self.neighbours,
                self.neighbours_among_items,
                self.neighbours_among_users,
                self.loss.mean(axis=0),
                self.loss.std(axis=0),
                self.loss[:third].mean(axis=0),
                self.loss[-third:].mean(axis=0),
            ],
            axis=1,
        )

    def language(self) -> FloatArray:
        """What texts say, raw and aligned, ``(P, 6)``, and the judge if it judged all: 4 more.

        Grades of a part of the pairs would tell the classifier which pairs were asked about.
        """
        judge = [self.user_grade, self.item_grade, self.user_support, self.item_support]
        return np.stack(
            [
                *(judge if self.all_judged() else ()),
                self.semantic,
                self.semantic_among_items,
                self.semantic_among_users,
                self.text,
                self.text_among_items,
                self.text_among_users,
            ],
            axis=1,
        )

    def standing(self) -> FloatArray:
        """What language evidence is compared at: score and popularity, ``(P, 2)``."""
        return np.stack([self.score_among_items, self.log_popularity], axis=1)
