"""Progress of a part told as progress of the whole."""

from __future__ import annotations

from core.types import OnProgress, Progress


def within(on_progress: OnProgress, start: float, end: float, **values: float) -> OnProgress:
    """Tell 0..1 of a part as ``start``..``end`` of its stage.

    Args:
        on_progress: Who is told.
        start: Share of the stage that is done when the part begins.
        end: The same when it ends.
        values: Told beside what the part tells.
    """

    def report(progress: Progress) -> None:
        fraction = start + (end - start) * progress.fraction
        on_progress(Progress(progress.stage, fraction, {**progress.values, **values}))

    return report


def one_of(on_progress: OnProgress, place: int, n_parts: int, **values: float) -> OnProgress:
    """Tell the progress of one of several equal parts, the first of which has place 0."""
    return within(on_progress, place / n_parts, (place + 1) / n_parts, **values)
