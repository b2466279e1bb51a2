"""Which grades a run accepts from both views: its setting ``refine.accept``, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.services.records import Manifest
from core.config import Accept
from core.scoring.accept import ACCEPTED, LEAST

BOTH: Final[Mapping[Accept, str]] = {"high": "both grades High", "mid": "both grades at least Mid"}
"""Rule -> what it asks of the grades of a pair."""


def rule(manifest: Manifest) -> Accept:
    """What the run did; runs that do not say took High and High, as there was nothing else."""
    said = manifest.settings.get("refine")
    return "mid" if isinstance(said, Mapping) and said.get("accept") == "mid" else "high"


def least(manifest: Manifest) -> int:
    """Grade that both views must give at least."""
    return LEAST[rule(manifest)]


def accepted(manifest: Manifest) -> str:
    """The rule in words, to stand behind a count."""
    return ACCEPTED[rule(manifest)]


def both(manifest: Manifest) -> str:
    """The rule in words, as something that grades are."""
    return BOTH[rule(manifest)]
