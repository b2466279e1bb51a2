"""What labels of people did in a run, and how well the run agrees with those it never used.

Only labels that are held out measure anything here; what cross-validation says of those in use
comes from the calibration itself. Queues show people what an earlier run found telling, so held-out
labels are those of pairs on which that run looked uncertain, or wrong: only the ones met in the
random order stand for all pairs, and they are measured apart. Shape letters: E train interactions,
L labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.graph.refine import ADDED
from core.keys import among
from core.labels import OF_TRAIN, LabelsFound, label_of_rows, labels_for_measuring, labels_in_use
from core.packing import scores_of
from core.separation import auc
from core.stages import Arrays
from core.types import LABELS, VERDICTS, BoolArray, Interactions, Labels

NOISY = LABELS.index("noisy")
LEAST_P = 1e-4
"""p_noisy is kept this far from 0 and 1 in log-losses."""


def label_quality(
    found: LabelsFound, scored: Arrays, trained: Arrays, train: Interactions
) -> dict[str, Any]:
    """Plain values for ``label_quality.json``; the name of the revision is for the caller to add.

    Args:
        found: The labels that were read.
        scored: Arrays of the scoring.
        trained: Arrays of the final training, for the edges.
        train: The E train interactions.
    """
    labels = found.labels
    used = labels_in_use(labels)
    held_out = labels_for_measuring(labels)
    sampled = held_out.select(held_out.sampled)
    n_left_out = found.n_unknown + found.n_misplaced + found.n_reserved
    return {
        "n": len(labels) + n_left_out,
        "n_used": len(used),
        "n_held_out": len(held_out),
        "n_unknown": found.n_unknown,
        "n_misplaced": found.n_misplaced,
        "n_reserved": found.n_reserved,
        "n_overrule_only": int((~labels.looked_at).sum()),
        "used_by_label": _by_label(used),
        "n_overruled": int(scores_of(scored).by_person.sum()),
        **json.loads(str(scored["calibration"])),
        "noise_rate_before": float(scored["noise_rate_model"]),
        "noise_rate_after": float(scored["noise_rate"]),
        "held_out": {
            "n_sampled": len(sampled) if found.knows_sampled else None,
            **_observed(scored, scored["held_out"]),
            **_unobserved(held_out, trained, train),
        },
        "held_out_random": {
            **_observed(scored, scored["held_out"] & (label_of_rows(train, sampled) >= 0)),
            **_unobserved(sampled, trained, train),
        },
    }


def _by_label(labels: Labels) -> dict[str, int]:
    counts = np.bincount(labels.label, minlength=len(LABELS))
    return dict(zip(LABELS, counts.tolist(), strict=True))


def _observed(scored: Arrays, measuring: BoolArray) -> dict[str, Any]:
    """Some labels of train interactions beside p_noisy and verdict; None = cannot be said.

    ``agree_noisy_or_not`` asks only whether both say noisy or both do not; ``verdicts`` has all
    three, for who wants to tell clean from hard.
    """
    rows = np.flatnonzero(measuring)
    label, verdict = scored["label"][rows], scored["verdict"][rows]
    noisy = label == NOISY
    calibrated = bool(json.loads(str(scored["calibration"]))["calibrated"])
    model = scored["p_noisy_model"][rows].astype(np.float64)
    after = scored["p_noisy"][rows].astype(np.float64)
    return {
        "n_noisy": int(noisy.sum()),
        "n_genuine": int((~noisy).sum()),
        "auc_model": _auc(model, noisy),
        "auc_calibrated": _auc(after, noisy) if calibrated else None,
        "log_loss_model": _log_loss(model, noisy),
        "log_loss_calibrated": _log_loss(after, noisy) if calibrated else None,
        "agree_noisy_or_not": _share((verdict == NOISY) == noisy),
        "verdicts": {
            said: {
                name: int(((label == k) & (verdict == v)).sum()) for v, name in enumerate(VERDICTS)
            }
            for k, said in enumerate(OF_TRAIN)
        },
    }


def _unobserved(held_out: Labels, trained: Arrays, train: Interactions) -> Mapping[str, int]:
    """Held-out labels of other pairs beside the edges that were added without them."""
    added = trained["edge_origin"] == ADDED
    n_items = np.int64(train.n_items)
    edges = trained["edge_user"][added] * n_items + trained["edge_item"][added]
    there = among(held_out.user * n_items + held_out.item, edges)
    counts = {}
    for name in ("like", "not"):
        rows = held_out.label == LABELS.index(name)
        counts[f"n_{name}"] = int(rows.sum())
        counts[f"n_{name}_added"] = int((rows & there).sum())
    return counts


def _auc(signal: NDArray[np.float64], noisy: BoolArray) -> float | None:
    value = auc(signal, noisy)
    return None if np.isnan(value) else value


def _log_loss(p: NDArray[np.float64], noisy: BoolArray) -> float | None:
    if len(p) == 0:
        return None
    sure = np.clip(np.where(noisy, p, 1.0 - p), LEAST_P, 1.0)
    return float(-np.log(sure).mean())


def _share(agrees: BoolArray) -> float | None:
    return float(agrees.mean()) if len(agrees) else None
