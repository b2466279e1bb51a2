"""How runs trained and what came out: curves by epoch, and one row of numbers per run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from app.services import query, store
from app.services.compare import planted
from app.services.store import Run
from core.separation import RECALL

STAGES: Final = {"train": "Final training", "pretrain": "Pre-training"}
MEASURES: Final = {
    "recall@20": "Recall@20, validation",
    "ndcg@20": "NDCG@20, validation",
    "loss": "Loss, whole",
    "rec": "Loss of ranking (BPR)",
    "decay": "Weight decay",
    "de": "Cross-graph alignment L_de",
    "hal": "Edge-drop contrast L_hal",
    "layers": "Contrast of noisy layers",
}
"""Name in ``metrics.parquet`` -> title; of all but the first two, lower is better."""


def curves(run: Run) -> pd.DataFrame:
    """What was measured by epoch.

    Returns:
        Columns ``stage`` (of :data:`STAGES`), ``name`` (of :data:`MEASURES`), ``epoch``, ``value``.
    """
    return query.ask(
        run,
        "SELECT stage, name, epoch, value FROM metrics WHERE stage IN $stages AND name IN $names "
        "ORDER BY stage, name, epoch",
        {"stages": list(STAGES), "names": list(MEASURES)},
    )


def best(run: Run) -> dict[str, Any]:
    """The best epoch of the final training on validation, and what was measured there.

    Returns:
        ``epoch``, ``recall@20`` and ``ndcg@20``; empty where nothing was measured.
    """
    found = curves(run)
    found = found[found["stage"] == "train"]
    recall = found[found["name"] == "recall@20"]
    if recall.empty:
        return {}
    # Of equal epochs the first: training keeps the earlier one.
    epoch = int(recall["epoch"].to_numpy()[recall["value"].to_numpy().argmax()])
    there = found[found["epoch"] == epoch].set_index("name")["value"]
    names = ("recall@20", "ndcg@20")
    return {"epoch": epoch, **{name: float(there[name]) for name in names if name in there}}


def numbers(run: Run) -> dict[str, float | None]:
    """What came out of a run: title -> number, None where the run does not know it."""
    manifest = run.manifest
    at_best, scores, detection = best(run), manifest.ranking, manifest.detection
    found: dict[str, float | None] = {
        "Best epoch": at_best.get("epoch"),
        "Recall@20, validation": at_best.get("recall@20"),
        "NDCG@20, validation": at_best.get("ndcg@20"),
        "Recall@20, test": scores.recall20 if scores else None,
        "NDCG@20, test": scores.ndcg20 if scores else None,
        "Recall@20, test, plain": scores.bpr_recall20 if scores else None,
        "NDCG@20, test, plain": scores.bpr_ndcg20 if scores else None,
        "Noise rate, estimated": manifest.noise_rate,
        "Threshold of P(noisy)": manifest.threshold,
        **{f"Called {name}": n for name, n in manifest.verdicts.items()},
        "AUC of P(noisy), all": detection.auc_all.get("p_noisy") if detection else None,
        planted.TITLES["auc_matched"]: detection.auc_matched.get("p_noisy") if detection else None,
        "AUC of P(noisy), highest loss": (
            detection.auc_top_loss.get("p_noisy") if detection else None
        ),
        "Planted noise found": manifest.noise_recall,
        "Planted noise among the noisy": manifest.precision,
        "Hard kept": manifest.hard_kept,
        planted.TITLES["hard_kept_at"]: (manifest.hard_kept_at or {}).get(f"{RECALL:g}"),
    }
    return found


def side_by_side(runs: Sequence[Run]) -> pd.DataFrame:
    """:func:`numbers` of several runs.

    What was measured against planted truth is measured anew where a run was given labels, over
    the same interactions for all (:mod:`app.services.compare.planted`).

    Returns:
        Columns ``what`` and one per run, by its id; rows that no run knows are left out.
    """
    again = planted_again(runs)
    found = [numbers(run) | dict(again.numbers[run.id] if again else {}) for run in runs]
    names = list(dict.fromkeys(name for one in found for name in one))
    rows = [(name, *(one.get(name) for one in found)) for name in names]
    table = pd.DataFrame(rows, columns=["what", *(run.id for run in runs)])
    ids = [run.id for run in runs]
    table[ids] = table[ids].astype("float64")
    return table[table[ids].notna().any(axis=1)].reset_index(drop=True)


def beside(run: Run, others: tuple[str, ...]) -> pd.DataFrame:
    """:func:`side_by_side` of a run and others of its workspace, by their ids."""
    workspace = run.folder.parents[1]
    return side_by_side([run, *(store.load_run(workspace, name) for name in others)])


def planted_again(runs: Sequence[Run]) -> planted.Planted | None:
    """What runs of one dataset find of the planted noise; None where each may say it itself."""
    if len({run.manifest.dataset for run in runs}) > 1:
        return None
    if not any(run.manifest.labels for run in runs):
        return None
    return planted.measured(runs)


def against_truth(run: Run, other_id: str) -> tuple[pd.DataFrame, int]:
    """Detection of two runs beside each other.

    Returns:
        Columns ``what``, ``a``, ``b``, empty where nothing is known; and how many interactions
        are left out on both sides because a label told one of the runs about them.
    """
    pair = [run, store.load_run(run.folder.parents[1], other_id)]
    again = planted_again(pair)
    found = [again.numbers[one.id] if again else numbers(one) for one in pair]
    rows = [
        (name, *(one.get(name) for one in found))
        for name in planted.TITLES.values()
        if any(one.get(name) is not None for one in found)
    ]
    table = pd.DataFrame(rows, columns=["what", "a", "b"])
    return table, again.n_left_out if again else 0
