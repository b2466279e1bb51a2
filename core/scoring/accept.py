"""Which pairs both views accept: the rule behind *hard*, and behind edges kept and added.

The paper asks for High and High [2]; at least Mid from both is ours [D].

Shape letters: P pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from core.config import Accept
from core.types import HIGH, MID, BoolArray, GradeArray

LEAST: Final[Mapping[Accept, int]] = {"high": HIGH, "mid": MID}
ACCEPTED: Final[Mapping[Accept, str]] = {
    "high": "High and High",
    "mid": "at least Mid and Mid",
}
"""Setting ``refine.accept`` -> the rule in words."""


def accepted(user_grade: GradeArray, item_grade: GradeArray, accept: Accept = "high") -> BoolArray:
    """Whether both grades are high enough, ``(P,)``; what was not judged (-1) never is."""
    least = LEAST[accept]
    return np.asarray((user_grade >= least) & (item_grade >= least))
