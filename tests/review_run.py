"""A hand-made run with every table that the review list and the card read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.run_folder import INTERACTIONS, write_run

MORE = {
    "low_scored": [False, False, True, True, True, True],
    "semantic_among_users": [0.5] * 6,
    "text_among_users": [0.9, 0.8, 0.7, 0.1, 0.8, 0.2],
    "from_language": [-1.0, -0.5, -0.8, 1.0, -0.1, 0.5],
    "from_behaviour": [-1.0, -0.5, 0.6, 1.5, 0.3, 0.4],
    "from_grades": [0.0] * 6,
}
HOSTILE = "<img src=x onerror=alert(1)> **bold** $x$"


def write_review_run(workspace: Path, planted: bool = True) -> Path:
    """Write run and dataset; row 4 has a hostile title and hostile reasons."""
    columns = INTERACTIONS | MORE
    columns["title"] = [*INTERACTIONS["title"][:4], HOSTILE, "Brazil"]
    columns["user_reason"] = [*INTERACTIONS["user_reason"][:4], HOSTILE, "Unsure"]
    folder = write_run(workspace, changes={"threshold": 0.5}, interactions=columns)
    rows = pd.DataFrame(columns)
    edges = rows[["user", "item", "user_id", "item_id"]].assign(
        in_original=True,
        in_refined=[True, True, True, False, True, True],
        origin=["kept", "kept", "kept", "dropped", "kept", "kept"],
        weight=[1.0, 1.0, 1.0, 0.0, 1.0, 0.25],
        reason=HOSTILE,
    )
    edges.to_parquet(folder / "edges.parquet")
    judged = rows[rows["user_grade"] >= 0][["user", "item"]]
    judged.assign(user_support=0.5, item_support=0.25).to_parquet(folder / "judgements.parquet")
    if planted:
        kinds = {"row": [3, 2], "kind": ["uniform", "tail"], "noise": [True, False]}
        pd.DataFrame(kinds | {"hard": [False, True]}).to_parquet(folder / "kinds.parquet")
    _write_nodes(folder, workspace)
    epochs = [(row, epoch, 1.0 / epoch, 0.5 / epoch) for epoch in (1, 2) for row in range(6)]
    history = pd.DataFrame(epochs, columns=["row", "epoch", "loss", "loss_in_sample"])
    history.to_parquet(folder / "loss_history.parquet")
    return folder


def _write_nodes(folder: Path, workspace: Path) -> None:
    # Item 0 and item 1 point almost the same way.
    raw = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [3.0, 4.0], [0.0, 1.0], [1.0, 1.0]]
    nodes = pd.DataFrame(
        {
            "kind": ["user"] * 3 + ["item"] * 4,
            "number": [0, 1, 2, 0, 1, 2, 3],
            "text": [HOSTILE, "", "Often: space.", "", "", "", "Casino. Cards."],
            "raw": raw,
        }
    )
    nodes.to_parquet(folder / "embeddings.parquet")
    dataset = workspace / "datasets" / "six rows"
    dataset.mkdir(parents=True)
    items = {
        "item_id": ["i0", "i1", "i2", "i3"],
        "text": [HOSTILE, "Deer", "Cards", "Sand"],
        "attribute:genres": [["Horror", HOSTILE], ["Family"], [], ["War"]],
    }
    pd.DataFrame(items).to_parquet(dataset / "items.parquet")
