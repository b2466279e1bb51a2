"""A dataset folder written by hand: three users, three items, eight interactions."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

PARTS = {
    "train": [("ann", "i0"), ("ann", "i1"), ("bob", "i1"), ("bob", "i2"), ("cid", "i1")],
    "valid": [("ann", "i2"), ("bob", "i0")],
    "test": [("ann", "i0")],
}
COUNTS = {"n_users": 3, "n_items": 3, "n_train": 5, "n_valid": 2, "n_test": 1}


def write_dataset(workspace: Path, name: str = "films", **changes: object) -> Path:
    """Write a dataset with ratings and times in train, and genres of the items."""
    folder = workspace / "datasets" / name
    folder.mkdir(parents=True)
    users, items = ["ann", "bob", "cid"], ["i0", "i1", "i2"]
    for part, pairs in PARTS.items():
        table = pd.DataFrame(pairs, columns=["user_id", "item_id"])
        table["user"] = [users.index(user) for user in table["user_id"]]
        table["item"] = [items.index(item) for item in table["item_id"]]
        if part == "train":
            table["rating"] = [5.0, 3.0, 4.0, 1.0, None]
            table["timestamp"] = [100.0, 200.0, 300.0, 50.0, 400.0]
        table.to_parquet(folder / f"{part}.parquet")
    pd.DataFrame({"user_id": users, "text": ["", "", ""]}).to_parquet(folder / "users.parquet")
    described = {
        "item_id": items,
        "title": ["Alien", "**Casino** <b>", "Dune"],
        "text": ["In space.", "", "Sand and space."],
        "group": ["a", "a", "b"],
        "attribute:genres": [["Horror", "SF"], [], ["SF"]],
    }
    pd.DataFrame(described).to_parquet(folder / "items.parquet")
    report = {
        "source": "raw.csv",
        "split_rule": "as given",
        "n_raw_rows": 10,
        "left_out": [{"reason": "repeated pair", "n_rows": 2}],
        "n_items_without_text": 0,
        "n_planted": 0,
    }
    manifest = {"name": name, "fingerprint": "sha256:abc", "counts": COUNTS, "report": report}
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder
