"""The file ``detection.json``: how well planted noise was found, beyond what the manifest says."""

from __future__ import annotations

import json
from typing import Any

from app.services.store import Run


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


def by_verdict(run: Run) -> dict[str, dict[str, dict[str, int]]]:
    """Noise, hard and ordinary interactions of each verdict; of all, and of the highest losses.

    Empty where nothing was planted, or the run was made before they were counted.
    """
    found = measured(run)
    names = ("verdicts", "verdicts_top_loss")
    return {name: found[name] for name in names} if all(name in found for name in names) else {}
