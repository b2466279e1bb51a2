"""A run with many interactions and hostile titles, written at once: nothing is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.run_folder import write_run

HOSTILE = "<b>b</b><img src=x onerror=alert(1)> **bold** $x$ [a](http://evil.test)"
"""How titles begin: HTML, Markdown, a formula and a link; nothing of it may work."""
DATASET = "labels"
THRESHOLD = 0.5


def write_label_run(workspace: Path, n_users: int = 90, n_items: int = 80) -> pd.DataFrame:
    """Write run and dataset with three of four possible pairs; return the interactions.

    P(noisy) falls from 1 with the row, so that the order "most noisy first" is that of the rows;
    the first tenth is noisy, the next one hard, the rest clean.
    """
    draw = np.random.default_rng(0)
    place = draw.permutation(n_users * n_items)
    n = 3 * len(place) // 4
    table = _interactions(place[:n] // n_items, place[:n] % n_items, draw)
    counts = table["verdict"].value_counts().to_dict()
    sizes = {"n_users": n_users, "n_items": n_items, "n_interactions": n}
    changes = {"dataset": DATASET, "threshold": THRESHOLD, "verdicts": counts} | sizes
    folder = write_run(
        workspace, changes=changes, interactions={name: table[name] for name in table}
    )
    edges = table[["user", "item", "user_id", "item_id"]].assign(
        in_original=True, in_refined=True, origin="kept", weight=1.0, reason="As it was."
    )
    edges.to_parquet(folder / "edges.parquet")
    asked = pd.concat(
        [_judged(table.head(200), observed=True), _strangers(place[n : n + 12], n_items)]
    )
    asked.to_parquet(folder / "judgements.parquet")
    _write_texts(folder, workspace, table, n_users, n_items, draw)
    return table


def _interactions(users: np.ndarray, items: np.ndarray, draw: np.random.Generator) -> pd.DataFrame:
    n = len(users)
    p_noisy = np.linspace(1, 0, n, dtype=np.float32)
    rows = np.arange(n)
    judged = rows < n // 5
    table = pd.DataFrame({"row": rows, "user": users, "item": items})
    return table.assign(
        user_id=[f"u{user:03d}" for user in users],
        item_id=[f"i{item:03d}" for item in items],
        title=[f"{HOSTILE} {item}" for item in items],
        loss=draw.uniform(0, 4, n),
        loss_mean=1.0,
        loss_variability=0.1,
        score=draw.uniform(0, 1, n),
        semantic=draw.uniform(-1, 1, n),
        semantic_among_users=0.5,
        text_among_users=0.5,
        logical=np.where(judged, 1.0, np.nan),
        user_grade=np.where(judged, 1, -1).astype(np.int8),
        item_grade=np.where(judged, 1, -1).astype(np.int8),
        user_reason=np.where(judged, HOSTILE, ""),
        item_reason=np.where(judged, HOSTILE, ""),
        low_scored=False,
        from_language=p_noisy - 0.5,
        from_behaviour=draw.normal(0, 1, n),
        from_grades=0.0,
        p_noisy=p_noisy,
        verdict=np.where(rows < n // 10, "noisy", np.where(rows < n // 5, "hard", "clean")),
        explanation=HOSTILE,
    )


def _judged(table: pd.DataFrame, *, observed: bool) -> pd.DataFrame:
    return table[["user", "item", "user_id", "item_id", "title"]].assign(
        observed=observed,
        control=False,
        user_grade=np.int8(1),
        item_grade=np.int8(1),
        user_support=0.5,
        item_support=0.25,
        user_reason=HOSTILE,
        item_reason=HOSTILE,
        by_grades="",
    )


def _strangers(places: np.ndarray, n_items: int) -> pd.DataFrame:
    """Pairs that were never observed: every second one a hidden like."""
    pairs = pd.DataFrame({"user": places // n_items, "item": places % n_items})
    pairs["user_id"] = [f"u{user:03d}" for user in pairs["user"]]
    pairs["item_id"] = [f"i{item:03d}" for item in pairs["item"]]
    pairs["title"] = [f"{HOSTILE} {item}" for item in pairs["item"]]
    named = np.where(np.arange(len(pairs)) % 2, "hard negative", "hidden like")
    return _judged(pairs, observed=False).assign(by_grades=named)


def _write_texts(
    folder: Path,
    workspace: Path,
    table: pd.DataFrame,
    n_users: int,
    n_items: int,
    draw: np.random.Generator,
) -> None:
    n = n_users + n_items
    nodes = {
        "kind": ["user"] * n_users + ["item"] * n_items,
        "number": [*range(n_users), *range(n_items)],
        "text": [HOSTILE] * n_users + [""] * n_items,
        "raw": list(draw.normal(size=(n, 4)).astype(np.float32)),
    }
    pd.DataFrame(nodes).to_parquet(folder / "embeddings.parquet")
    dataset = workspace / "datasets" / DATASET
    dataset.mkdir(parents=True)
    users = pd.DataFrame({"user_id": [f"u{user:03d}" for user in range(n_users)], "text": ""})
    items = pd.DataFrame({"item_id": [f"i{item:03d}" for item in range(n_items)]})
    users.to_parquet(dataset / "users.parquet")
    items.assign(title=HOSTILE, text="").to_parquet(dataset / "items.parquet")
    table[["user", "item", "user_id", "item_id"]].to_parquet(dataset / "train.parquet")
    epochs = pd.DataFrame({"row": table["row"], "epoch": 1, "loss": 1.0, "loss_in_sample": 0.5})
    epochs.to_parquet(folder / "loss_history.parquet")
