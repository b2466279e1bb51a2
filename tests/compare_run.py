"""Two hand-made runs on the same six interactions; the second was retrained from the first."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from tests.graph_run import EDGES, write_graph
from tests.run_folder import INTERACTIONS, MANIFEST, write_run

MARK = "same-data"
PARENT, CHILD = "run-1", "run-2"
BEFORE = INTERACTIONS | {
    "low_scored": [False, False, True, True, True, True],
    "from_language": [-2.0, -1.0, 0.5, 1.0, 0.5, 1.0],
    "from_behaviour": [-2.0, -1.0, 0.5, 2.0, 0.5, 1.0],
    "from_grades": [0.0, 0.0, -1.0, 1.0, -1.0, 0.0],
}
AFTER = BEFORE | {
    "from_language": [-2.0, -1.0, 0.5, 1.0, 0.7, 1.0],
    "from_behaviour": [-2.0, -1.0, 0.5, 2.0, 1.5, 1.0],
    "user_grade": [-1, -1, 1, 0, 2, 1],
    "p_noisy": [0.01, 0.9, 0.2, 0.95, 0.6, 0.75],
    "p_noisy_model": [0.01, 0.03, 0.2, 0.95, 0.6, 0.75],
    "verdict": ["clean", "noisy", "clean", "noisy", "noisy", "clean"],
    "label": ["clean", "noisy", "", "noisy", "hard", ""],
    "held_out": [True, False, False, True, True, False],
    "decided_by": ["model", "person", "model", "model", "model", "model"],
}
"""Of the four verdicts that differ, row 1 was decided by a person, 2 was graded otherwise, 4 was
moved by behaviour (+1.0, texts +0.2), and 5 stayed above 0.5 while the threshold went to 0.78."""
JUDGED = pd.DataFrame(
    [
        (1, 2, True, False, 2, 2, "", ""),
        (1, 3, True, False, 0, 0, "Avoids <b>deserts</b>", "Nothing alike"),
        (2, 0, True, False, 2, 2, "", ""),
        (2, 1, True, False, 1, 1, "", ""),
        (0, 2, False, False, 2, 2, "Likes gambling", "Close to Heat"),
        (1, 0, False, False, 1, 2, "", ""),
        (2, 3, False, True, 2, 2, "", ""),
    ],
    columns=[
        *("user", "item", "observed", "control", "user_grade", "item_grade"),
        *("user_reason", "item_reason"),
    ],
)


def write_runs(workspace: Path) -> tuple[Path, Path]:
    """Write the parent and its child; return their folders."""
    common = {"dataset_fingerprint": MARK, "threshold": 0.5, "noise_rate": 0.4, "preset": "paper"}
    settings = {"scoring": {"caution": 0.5, "rule": "posterior"}, "train": {"pool": 64}}
    first = write_run(workspace, PARENT, common | {"settings": settings}, BEFORE)
    changes = {
        **common,
        "created": "2030-01-03T03:04:05+00:00",
        "threshold": 0.78,
        "parent": PARENT,
        "message": "**twelve** labels",
        "verdicts": {"clean": 3, "hard": 0, "noisy": 3},
        "settings": settings | {"train": {"pool": 32}},
        "labels": {"n": 4, "n_used": 1, "n_held_out": 3, "calibrated": False},
    }
    second = write_run(workspace, CHILD, changes, AFTER)
    for folder in (first, second):
        write_graph(folder)
        JUDGED.to_parquet(folder / "judgements.parquet")
    edges = pd.read_parquet(second / "edges.parquet")
    edges.loc[3, ["origin", "weight", "reason", "in_refined"]] = ["kept", 1.0, "a person", True]
    edges.loc[0, "weight"] = 0.9
    edges.drop(index=7).to_parquet(second / "edges.parquet")  # bob never gets Alien
    nodes = pd.read_parquet(second / "vectors.parquet")
    nodes["refined"] = nodes["plain"]  # ann likes what she likes again
    nodes.to_parquet(second / "vectors.parquet")
    write_dataset(workspace)
    return first, second


def write_dataset(workspace: Path) -> Path:
    """Write what the export takes from the dataset of the runs."""
    folder = workspace / "datasets" / str(MANIFEST["dataset"])
    folder.mkdir(parents=True, exist_ok=True)
    pairs = {"valid": [(2, 3)], "test": [(0, 3), (1, 1)]}
    users, items = ("ann", "bob", "cid"), ("i0", "i1", "i2", "i3")
    for name, rows in pairs.items():
        frame = pd.DataFrame(rows, columns=["user", "item"])
        frame.insert(0, "user_id", [users[user] for user in frame["user"]])
        frame.insert(1, "item_id", [items[item] for item in frame["item"]])
        frame.to_parquet(folder / f"{name}.parquet")
    pd.DataFrame(
        {
            "item_id": items,
            "title": ["Alien", "Bambi, the fawn", 'The "Casino"', "Dune"],
            "text": ["", "Fawn", "", "Sand"],
            "attribute:genre": [["space", "horror"], [], ["old crime"], ["sand"]],
        }
    ).to_parquet(folder / "items.parquet")
    pd.DataFrame({"user_id": users, "text": ["", "", ""]}).to_parquet(folder / "users.parquet")
    (folder / "manifest.json").write_text(json.dumps({"fingerprint": MARK}))
    return folder


__all__ = ["AFTER", "BEFORE", "CHILD", "EDGES", "PARENT", "write_dataset", "write_runs"]
