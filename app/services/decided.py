"""What people decided in a run that was given labels, and which interactions that concerns.

Where a label set p_noisy and verdict, or p_noisy was fitted to it, the method found out nothing by
itself: what measures the method leaves these interactions out, as detection.json does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.services import query
from app.services.compare.pair import column, columns
from app.services.records import Manifest
from app.services.store import Run


@dataclass(frozen=True)
class Decided:
    """What became of the labels that a run was given."""

    n_given: int
    n_decided: int
    """Verdicts that a label set, whatever the signals say."""
    n_held_out: int
    """Labels kept for measuring, which decide nothing."""
    parent: str
    """Run it was retrained from; empty where there is none."""
    calibrated: bool
    """Whether labels corrected how the signals make p_noisy of all the others."""
    why_not: str


def by_people(manifest: Manifest) -> Decided | None:
    """What people decided in a run; None where it was given no labels."""
    labels = manifest.labels
    if labels is None:
        return None
    return Decided(
        _count(labels, "n"),
        _count(labels, "n_overruled"),
        _count(labels, "n_held_out"),
        manifest.parent,
        labels.get("calibrated") is True,
        str(labels.get("why_not") or ""),
    )


def by_person(run: Run, of: str = "interactions") -> str:
    """SQL of whether a label set p_noisy and verdict; arguments as of :func:`told`."""
    return f"coalesce({column(run, 'decided_by', of, 'NULL')} = 'person', false)"


def told(run: Run, of: str = "interactions") -> str:
    """SQL of whether a label decided an interaction or taught p_noisy; never NULL.

    Args:
        run: Whose interactions; runs of earlier versions were told nothing.
        of: Name of the table in the question.
    """
    decided = by_person(run, of)
    if not {"label", "held_out"} <= columns(run, "interactions"):
        return decided
    return f"({decided} OR coalesce({of}.label <> '' AND NOT {of}.held_out, false))"


def n_told(run: Run) -> int:
    """How many interactions :func:`told` leaves out of what measures the method."""
    if run.manifest.labels is None:
        return 0
    found = query.ask(run, f"SELECT count(*) AS n FROM interactions WHERE {told(run)}")
    return int(found["n"].iloc[0])


def _count(labels: Mapping[str, Any], name: str) -> int:
    """A count from a file; 0 where it does not say."""
    value = labels.get(name)
    return value if isinstance(value, int) else 0
