"""What the verdicts of a run mean, true whatever its grades were: by its rule and its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.services import accepting
from app.services.method_of import is_baseline
from app.services.records import Manifest
from core.types import Verdict

BY_P_NOISY: Final[Mapping[Verdict, str]] = {
    "clean": "the rest: neither noisy nor hard",
    "hard": "low-scored, {both}, not noisy: kept, worth learning",
    "noisy": "P(noisy) {limit}, whatever the grades",
}
BY_GRADES: Final[Mapping[Verdict, str]] = {
    "clean": "not flagged: not low-scored, or not judged",
    "hard": "low-scored, {both}: kept, worth learning",
    "noisy": "low-scored, judged and not {both}",
}
"""The same where grades alone decide, whatever p_noisy says."""
BY_RANK: Final[Mapping[Verdict, str]] = {
    "clean": "the rest: not among the most suspect",
    "hard": "none: hard asks for grades, and none were used for verdicts",
    "noisy": "rank of suspicion {limit}, whatever the grades",
}
"""The same in a run of a baseline."""


def meanings(manifest: Manifest) -> dict[Verdict, str]:
    """Verdict -> what it means in this run; words of ours and numbers alone."""
    limit = manifest.threshold
    said = {
        "both": accepting.both(manifest),
        "limit": f"of at least {'the threshold' if limit is None else f'{limit:.3f}'}",
    }
    return {verdict: text.format(**said) for verdict, text in _table(manifest).items()}


def explained(manifest: Manifest, verdict: str, p_noisy: float, explanation: str) -> str:
    """Why an interaction has its verdict: as the run says, but of a baseline only its rank.

    What such a run wrote of judges and log-odds belongs to LLMHNI.
    """
    if not is_baseline(manifest):
        return explanation
    limit = manifest.threshold
    begins = "" if limit is None else f" (noisy from {limit:.2f})"
    return f"{verdict}: rank {p_noisy:.2f} of suspicion, 0 to 1{begins}."


def _table(manifest: Manifest) -> Mapping[Verdict, str]:
    if is_baseline(manifest):
        return BY_RANK
    return BY_GRADES if manifest.by_grades else BY_P_NOISY
