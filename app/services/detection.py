"""The file ``detection.json``: how well planted noise was found, beyond what the manifest says."""

from __future__ import annotations

import json
from typing import Any, Final

from app.services.store import Run
from core.types import VERDICTS

PARTS: Final = ("noise", "hard", "ordinary")
"""What an interaction is, beside its verdict."""


def measured(run: Run) -> dict[str, Any]:
    """Read the file; empty where nothing was planted, or it cannot be read."""
    try:
        found = json.loads((run.folder / "detection.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def aucs_of_top_loss(run: Run) -> dict[str, str]:
    """AUC among the highest losses by signal, with its 95 % interval where there is one."""
    if run.manifest.detection is None:
        return {}
    intervals = measured(run).get("ci_top_loss", {})
    said = {}
    for name, value in run.manifest.detection.auc_top_loss.items():
        if value is None:
            continue
        low, high = (intervals.get(name) or (None, None))[:2]
        known = low is not None and high is not None
        said[name] = f"{value:.2f}" + (f" ({low:.2f}–{high:.2f})" if known else "")
    return said


def by_verdict(run: Run) -> dict[str, dict[str, int]]:
    """Noise, hard and ordinary interactions of each verdict, among the highest losses.

    Empty unless all of them are there and are counts: nothing may have been planted, or the run is
    older than this count.
    """
    told = measured(run).get("verdicts_top_loss")
    rows = told if isinstance(told, dict) else {}
    found = {str(verdict): _row(rows.get(verdict)) for verdict in VERDICTS}
    return found if all(found.values()) else {}


def n_left_out(run: Run) -> int:
    """Interactions that these counts leave out, because a label told of them."""
    counts = measured(run).get("counts")
    found = counts.get("by_person", 0) if isinstance(counts, dict) else 0
    return found if isinstance(found, int) else 0


def _row(told: object) -> dict[str, int]:
    row = told if isinstance(told, dict) else {}
    found = {part: row[part] for part in PARTS if type(row.get(part)) is int and row[part] >= 0}
    return found if len(found) == len(PARTS) else {}
