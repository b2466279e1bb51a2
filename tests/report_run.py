"""A finished run with the tables that the Method page and the report read, worked by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd

from tests.run_folder import INTERACTIONS, write_run

BASE = math.log(0.1 / 0.9)
"""Log-odds of an interaction that nothing speaks for or against."""
LANGUAGE = [-1.0, -0.5, -1.0, 1.5, -0.5, 0.5]
BEHAVIOUR = [-0.5, -0.25, 0.5, 1.0, 1.0, 0.5]
P_NOISY = [
    1 / (1 + math.exp(-(BASE + text + moves)))
    for text, moves in zip(LANGUAGE, BEHAVIOUR, strict=True)
]
SETTINGS = {
    "seed": 3,
    "text": {"encoder": "hashing", "shuffle": False},
    "judge": {"kind": "evidence"},
    "train": {"pool": 8, "semantic_negatives": False},
    "scoring": {"caution": 0.5, "flag_factor": 1.0, "stand_ins": 2, "gone": "old"},
    "refine": {"preset": "auto"},
}
EDGES = {
    "user": [0, 0, 1, 1, 2, 2, 0],
    "item": [0, 1, 2, 3, 0, 1, 2],
    "user_id": ["ann", "ann", "bob", "bob", "cid", "cid", "ann"],
    "item_id": ["i0", "i1", "i2", "i3", "i0", "i1", "i2"],
    "in_original": [True] * 6 + [False],
    "in_refined": [True, True, True, False, True, False, True],
    "origin": ["kept", "kept", "kept", "dropped", "kept", "dropped", "added"],
    "weight": [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    "reason": ["not touched"] * 6 + ["<i>hidden</i>"],
}


def write_report_run(workspace: Path, truth: bool = True, **changes: object) -> Path:
    """Write the run; without ``truth`` nothing was planted."""
    unknown = {} if truth else {"detection": None, "noise_recall": None, "hard_kept": None}
    folder = write_run(
        workspace,
        changes={"settings": SETTINGS, "seed": 3, "noise_rate": 0.25, "threshold": 0.5}
        | {"preset": "paper", "device": "cpu", "n_judged": 12}
        | {"stages": {"texts": 2.0, "train": 6.0, "project": 2.0}}
        | unknown
        | changes,
        interactions=INTERACTIONS
        | {"from_language": LANGUAGE, "from_behaviour": BEHAVIOUR, "from_grades": [0.0] * 6}
        | {"p_noisy": P_NOISY},
    )
    pd.DataFrame(EDGES).to_parquet(folder / "edges.parquet")
    if truth:
        kinds = {"row": [1, 3, 5], "kind": ["minority", "uniform", "position"]}
        flags = {"noise": [False, True, True], "hard": [True, False, False]}
        pd.DataFrame(kinds | flags).to_parquet(folder / "kinds.parquet")
        told = {"hard_source": "planted", "counts": {"interactions": 6, "noise": 2}}
        told |= {"ci_top_loss": {"loss": [0.4, 0.6]}}
        (folder / "detection.json").write_text(json.dumps(told))
    return folder
