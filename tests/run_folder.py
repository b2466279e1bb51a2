"""A finished run, written by hand: six interactions whose summary is known."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

NAN = float("nan")

MANIFEST = {
    "run_id": "run-1",
    "created": "2030-01-02T03:04:05+00:00",
    "dataset": "six rows",
    "judge": "evidence judge, no LLM",
    "n_users": 3,
    "n_items": 4,
    "n_interactions": 6,
    "verdicts": {"clean": 2, "hard": 2, "noisy": 2},
    "detection": {
        "auc_all": {"loss": 0.75, "score": 0.74, "semantic": 0.7, "logical": 0.8, "p_noisy": 0.9},
        "auc_top_loss": {"loss": 0.5, "semantic": 0.66, "logical": None, "p_noisy": 0.85},
        "auc_matched": {"loss": 0.5, "score": 0.51, "semantic": 0.65, "p_noisy": 0.8},
    },
    "noise_recall": 0.7,
    "hard_kept": 0.9,
    "hard_kept_by_loss_cut": 0.4,
    "ranking": {"recall20": 0.25, "ndcg20": 0.125, "bpr_recall20": 0.2, "bpr_ndcg20": 0.15},
    "seconds": 12.5,
    "stages": {"train": 10.0},
    "seed": 0,
    "versions": {"torch": "0"},
    "files": {},
}

INTERACTIONS = {
    "row": [0, 1, 2, 3, 4, 5],
    "user": [0, 0, 1, 1, 2, 2],
    "item": [0, 1, 2, 3, 0, 1],
    "user_id": ["ann", "ann", "bob", "bob", "cid", "cid"],
    "item_id": ["i0", "i1", "i2", "i3", "i0", "i1"],
    "title": ["Alien", "<b>Bambi</b>", "**Casino**", "Dune", "Alien", "Brazil"],
    "loss": [0.0, 1.0, 2.0, 4.0, 3.5, NAN],
    "loss_mean": [0.0, 1.0, 2.0, 4.0, 3.5, 1.0],
    "loss_variability": [0.1] * 6,
    "score": [3.0, 2.0, 1.0, 0.0, 0.1, 2.0],
    "semantic": [0.9, 0.8, 0.7, 0.1, 0.8, 0.2],
    "logical": [NAN, NAN, 2.0, 0.0, 2.0, 0.5],
    "user_grade": [-1, -1, 2, 0, 2, 1],
    "item_grade": [-1, -1, 2, 0, 2, 0],
    "user_reason": ["", "", "Same director", "Avoids deserts", "Likes space", "Unsure"],
    "item_reason": ["", "", "Close to Heat", "Nothing alike", "Close to Solaris", "Far"],
    "p_noisy": [0.01, 0.02, 0.2, 0.95, 0.3, 0.8],
    "verdict": ["clean", "clean", "hard", "noisy", "hard", "noisy"],
    "explanation": ["Fits.", "Fits.", "Kept: both views.", "Against taste.", "Kept.", "Unlikely."],
}

METRICS = {
    "stage": ["pretrain", "pretrain", "train", "train"],
    "epoch": [5, 10, 5, 10],
    "name": ["recall@20"] * 4,
    "value": [0.1, 0.15, 0.2, 0.25],
}


def write_run(
    workspace: Path,
    run_id: str = "run-1",
    changes: dict | None = None,
    interactions: dict | None = None,
) -> Path:
    """Write a run folder, with ``changes`` to its manifest or other ``interactions``."""
    folder = workspace / "runs" / run_id
    folder.mkdir(parents=True)
    pd.DataFrame(interactions or INTERACTIONS).to_parquet(folder / "interactions.parquet")
    pd.DataFrame(METRICS).to_parquet(folder / "metrics.parquet")
    manifest = MANIFEST | {"run_id": run_id} | (changes or {})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def write_status(workspace: Path, run_id: str = "run-2", **fields: object) -> Path:
    """Write the status of a run that has no result yet."""
    folder = workspace / "runs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status.json").write_text(json.dumps(fields))
    return folder


def write_projection(folder: Path) -> None:
    """Write the maps and the texts of the three users and four items into a run folder."""
    users = [("user", place, name, name, "") for place, name in enumerate(("ann", "bob", "cid"))]
    titles = ("Alien", "<b>Bambi</b>", "**Casino**", "Dune")
    groups = ("space", "forest", "", "sand")
    items = [
        ("item", place, f"i{place}", title, group)
        for place, (title, group) in enumerate(zip(titles, groups, strict=True))
    ]
    nodes = pd.DataFrame(users + items, columns=["kind", "number", "id", "title", "group"])
    nodes.assign(
        x_raw=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        y_raw=[0.0, 3.0, 0.0, 3.0, 0.0, 3.0, 0.0],
        x_aligned=[0.0, 0.0, 1.0, 1.0, 5.0, 5.0, 9.0],
        y_aligned=[0.0, 1.0, 0.0, 1.0, 5.0, 6.0, 9.0],
    ).to_parquet(folder / "projection.parquet")
    texts = [f"text about {name}" for name in nodes["id"]]
    nodes[["kind", "number", "id"]].assign(text=texts).to_parquet(folder / "embeddings.parquet")
