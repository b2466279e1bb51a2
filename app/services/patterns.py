"""How the signals of an interaction agree or disagree, as conditions over its columns.

High and low mean the upper and the lower third of all interactions of the run, so that a pattern
means the same whatever the scale of a loss or of a text encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEVELS: Final = """
    SELECT quantile_cont(loss, 1 / 3) FILTER (isfinite(loss)) AS loss_low,
           quantile_cont(loss, 2 / 3) FILTER (isfinite(loss)) AS loss_high,
           quantile_cont(semantic, 1 / 3) FILTER (isfinite(semantic)) AS semantic_low,
           quantile_cont(semantic, 2 / 3) FILTER (isfinite(semantic)) AS semantic_high
    FROM interactions
"""
"""One row: the borders of the thirds."""

LANGUAGE: Final = "(from_language + from_grades)"
OPPOSED: Final = f"-sign({LANGUAGE} * from_behaviour) * least(abs({LANGUAGE}), abs(from_behaviour))"
"""How far language and behaviour pull p_noisy apart, in log-odds: the smaller of both pushes,
negative where they push the same way."""

_NOT_ASKED = "(user_grade < 0 AND item_grade < 0)"
_FIT = f"({_NOT_ASKED} OR (user_grade = 2 AND item_grade = 2))"
_UNFIT = f"({_NOT_ASKED} OR (user_grade = 0 AND item_grade = 0))"


@dataclass(frozen=True)
class Pattern:
    """One kind of agreement or disagreement."""

    title: str
    meaning: str
    """For people, in a sentence or two."""
    condition: str
    """Over the columns of ``interactions`` and of :data:`LEVELS`."""


PATTERNS: Final[Mapping[str, Pattern]] = {
    "model_against_language": Pattern(
        "Model against language",
        "Loss in the highest third, semantic relevance in the highest third, both grades High "
        "(or not asked): the model finds it strange, the texts do not.",
        f"loss >= loss_high AND semantic >= semantic_high AND {_FIT}",
    ),
    "language_against_model": Pattern(
        "Language against model",
        "Loss in the lowest third, semantic relevance in the lowest third, both grades Low "
        "(or not asked): the model finds it likely, the texts do not.",
        f"loss <= loss_low AND semantic <= semantic_low AND {_UNFIT}",
    ),
    "views": Pattern(
        "User's against item's view",
        "One view says High, the other Low.",
        "user_grade >= 0 AND item_grade >= 0 AND abs(user_grade - item_grade) = 2",
    ),
    "pull": Pattern(
        "Opposite pushes on P(noisy)",
        "Language and behaviour moved the log-odds of p_noisy by at least 0.2 each, in opposite "
        "directions.",
        f"{OPPOSED} >= 0.2",
    ),
    "all_noise": Pattern(
        "All agree: noise",
        "Loss in the highest third, semantic relevance in the lowest third, both grades Low "
        "(or not asked).",
        f"loss >= loss_high AND semantic <= semantic_low AND {_UNFIT}",
    ),
    "all_genuine": Pattern(
        "All agree: genuine",
        "Loss in the lowest third, semantic relevance in the highest third, both grades High "
        "(or not asked).",
        f"loss <= loss_low AND semantic >= semantic_high AND {_FIT}",
    ),
}
