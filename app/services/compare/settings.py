"""What runs were made with, as far as they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from app.services.fields import flat
from app.services.settings_list import as_text, settings_of_methods
from app.services.store import Run

UNKNOWN: Final = "–"
ABOUT: Final = {
    "dataset": "Dataset of the run.",
    "data": "Beginning of the fingerprint of the data: equal = exactly the same data.",
    "judge": "Who graded.",
    "parent": "Run that this one was retrained from.",
    "labels": "Revision of the labels it was given.",
    "message": "What the person who started it said about it.",
    "warm start": "Whether the final training began from the weights of the parent.",
    "preset used": "Which refined graph the final model used.",
    "device": "What it was trained on.",
    "seconds": "Seconds of work, over all sittings, with the stages that runs of all methods "
    "share (texts, pre-training, folds, judge) as far as they were not taken over from another.",
    "seconds of training": "Of these the final training, in the sitting that finished it. What "
    "LLMHNI needs of itself before (grades, scores) comes on top.",
}
"""What a run says about itself beside its settings: name -> meaning."""


def differences(runs: Sequence[Run]) -> pd.DataFrame:
    """Everything in which runs differ.

    Returns:
        Columns ``part`` (``setting``, ``run`` or ``version``), ``name``, ``meaning``, and one per
        run, by its id, with the value as text; a dash where the run does not say.
    """
    settings = [flat(run.manifest.settings) for run in runs]
    known = settings_of_methods(each.get("method") for each in settings)
    helps = {one.name: one.help.replace("``", "") for one in known}
    order = [*helps, *sorted({name for one in settings for name in one} - set(helps))]
    rows = _rows("setting", order, settings, helps)
    rows += _rows("run", list(ABOUT), [_about(run) for run in runs], ABOUT)
    versions = [dict(run.manifest.versions) for run in runs]
    rows += _rows("version", sorted({name for one in versions for name in one}), versions, {})
    return pd.DataFrame(rows, columns=["part", "name", "meaning", *(run.id for run in runs)])


def _rows(
    part: str, names: Sequence[str], values: Sequence[Mapping[str, Any]], helps: Mapping[str, str]
) -> list[tuple[str, ...]]:
    rows = []
    for name in names:
        said = [as_text(one[name]) if name in one else UNKNOWN for one in values]
        if len(set(said)) > 1:
            rows.append((part, name, helps.get(name, ""), *said))
    return rows


def _about(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    found = {
        "dataset": manifest.dataset,
        "data": manifest.dataset_fingerprint[:12],
        "judge": manifest.judge,
        "parent": manifest.parent,
        "labels": manifest.revision[:12],
        "message": manifest.message,
        "warm start": manifest.warm_start,
        "preset used": manifest.preset,
        "device": manifest.device,
        "seconds": _rounded(manifest.seconds),
        "seconds of training": _rounded(manifest.stages.get("train")),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def _rounded(seconds: float | None) -> float | None:
    return seconds if seconds is None else round(seconds, 1)
