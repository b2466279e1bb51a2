"""Named sets of settings.

Loads no PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

Assignments = Mapping[str, Any]
"""Settings of a run by dotted name, as for ``run --set``."""

PAPER: Final[Assignments] = MappingProxyType(
    {
        "judge.scope": "candidates",
        "refine.preset": "paper",
        "refine.accept": "high",
        "scoring.rule": "grades",
        "scoring.use_language": False,
        "scoring.use_behaviour": False,
        "scoring.use_grades": True,
        "train.candidates": 4,
        "train.fresh": 0,
        "train.pool": 64,
        "train.hard_share": 1.0,
        "train.lambda_alignment": 0.01,
        "train.lambda_hallucination": 0.01,
        "train.layer_contrast": False,
    }
)
"""LLMHNI (arXiv:2511.07295) by the letter, as far as it is known: only the lowest-scored
interactions and the highest-scored others are judged, High and High is hard and all else that was
judged is noise, edges are dropped and added whole, and every negative is a semantic hard one.
p_noisy then says what the grades say, and nothing of interactions that were not judged. Sizes are
ours: the paper's are not known."""

PRESETS: Final[Mapping[str, Assignments]] = MappingProxyType({"paper": PAPER})
"""By name, as for ``run --preset NAME``; later settings win over those of a preset."""
