"""Where a run comes from: its parent, the parent of that, and what was changed at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.services import job_list, run_folder
from app.services.fields import flat, options_of, settings_of
from app.services.records import Manifest, RunOrder
from core.config import RunConfig
from core.errors import DataError

EARLIER: Final[Mapping[str, Any]] = {"train.layer_contrast": False}
"""What runs did before there was the setting, where that is not its default."""
LONGEST: Final = 200
"""Generations that are followed at most."""


@dataclass(frozen=True)
class Generation:
    """One run of a line."""

    run_id: str
    created: datetime | None
    parent: str
    revision: str
    message: str
    warm_start: bool | None
    """None while it is not finished."""
    n_labels: int | None
    """Labels that it used; None where it was given none."""
    changes: Mapping[str, tuple[Any, Any]]
    """Settings that differ from the parent's: full name -> (there, here)."""
    finished: bool


def chain(workspace: Path, run_id: str) -> list[Generation]:
    """A run and all it comes from, the latest first; ends where a folder is gone."""
    found: list[Generation] = []
    known: set[str] = set()
    while run_id and run_id not in known and len(found) < LONGEST:
        known.add(run_id)
        told = _told(workspace / "runs" / run_id)
        if told is None:
            break
        found.append(_generation(workspace, run_id, told))
        run_id = told.parent
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that differ between two runs, by full name: (before, after).

    Settings that a run of an earlier version did not know had their default, or what it did
    (:data:`EARLIER`).
    """
    first, second = flat(before), flat(after)
    found = {}
    options = [*options_of(first.get("method")), *options_of(second.get("method"))]
    for setting in (*settings_of(RunConfig), *options):
        # As files have it: a list where the setting is a tuple.
        default = EARLIER.get(setting.name, setting.default)
        default = list(default) if isinstance(default, tuple) else default
        old, new = (one.get(setting.name, default) for one in (first, second))
        if old != new:
            found[setting.name] = (old, new)
    return found


def _told(folder: Path) -> Manifest | RunOrder | None:
    manifest = job_list.finished(folder)
    if manifest is not None:
        return manifest
    try:
        return run_folder.read_order(folder)[0]
    except DataError:
        return None


def _generation(workspace: Path, run_id: str, told: Manifest | RunOrder) -> Generation:
    above = _told(workspace / "runs" / told.parent) if told.parent else None
    done = isinstance(told, Manifest)
    labels = told.labels if isinstance(told, Manifest) else None
    n_used = (labels or {}).get("n_used")
    return Generation(
        run_id=run_id,
        created=told.created,
        parent=told.parent,
        revision=told.revision,
        message=told.message,
        warm_start=told.warm_start if done else None,
        n_labels=n_used if isinstance(n_used, int) else None,
        changes=differences(above.settings, told.settings) if above else {},
        finished=done,
    )
