"""The graph of the hand-made run: six observed edges of which three change, and two new ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.run_folder import MANIFEST, write_projection

EDGES = pd.DataFrame(
    [
        (0, 0, "kept", 1.0, "not touched"),
        (0, 1, "kept", 0.5, "perhaps noise"),
        (1, 2, "kept", 1.0, "both High"),
        (1, 3, "dropped", 0.0, "**noise**"),
        (2, 0, "kept", 1.0, "both High"),
        (2, 1, "dropped", 0.0, "**noise**"),
        (0, 2, "added", 1.0, "hidden like"),
        (1, 0, "added", 0.5, "hidden like"),
    ],
    columns=["user", "item", "origin", "weight", "reason"],
)
VECTORS = [[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.5, 0.0], [0.2, 0.9], [0.4, 0.1]]
"""Of users ann, bob, cid and items i0 to i3."""
ALIGNED = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [3.0, 0.0]]


def write_graph(folder: Path) -> None:
    """Write the tables that the graph page reads into a run folder, and the test set."""
    write_projection(folder)
    EDGES.assign(
        user_id=EDGES["user"].map(dict(enumerate(("ann", "bob", "cid")))),
        item_id=EDGES["item"].map("i{}".format),
        in_original=EDGES["origin"] != "added",
        in_refined=EDGES["origin"] != "dropped",
    ).to_parquet(folder / "edges.parquet")
    nodes = pd.read_parquet(folder / "embeddings.parquet")
    nodes.assign(raw=ALIGNED, aligned=ALIGNED).to_parquet(folder / "embeddings.parquet")
    refined = [[0.0, 1.0], *VECTORS[1:]]  # ann alone learns another taste
    nodes[["kind", "number"]].assign(plain=VECTORS, refined=refined).to_parquet(
        folder / "vectors.parquet"
    )
    pd.DataFrame(
        {"row": [2, 3], "kind": ["tail", "uniform"], "noise": [False, True], "hard": [True, False]}
    ).to_parquet(folder / "kinds.parquet")
    pd.DataFrame(
        {
            "user": [1, 0],
            "item": [3, 2],
            "user_reason": ["Avoids <b>deserts</b>", "Likes gambling"],
            "item_reason": ["Nothing alike", "Close to Heat"],
        }
    ).to_parquet(folder / "judgements.parquet")
    dataset = folder.parents[1] / "datasets" / str(MANIFEST["dataset"])
    dataset.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"user": [0, 1], "item": [3, 1]}).to_parquet(dataset / "test.parquet")
