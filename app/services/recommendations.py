"""First ten recommendations of a user, by the plain backbone and by LLMHNI.

Both rank the items that the user has not met in training, by the dot product of the final
embeddings. The reasons are circumstances, not parts of the score: a graph network cannot be taken
apart edge by edge.

Shape letters: U users, I items, D size of an embedding, H items of the user's history.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from app.services import whole_file
from app.services.graph_diff import EDGE, TITLES, WEAKENED
from app.services.query import ask, has
from app.services.store import Run
from core.errors import DataError

K: Final = 10
Floats = npt.NDArray[np.float32]


def known(run: Run) -> bool:
    """Whether the run kept what is needed: runs of earlier versions did not."""
    return has(run, "vectors")


def top(run: Run, user: int, k: int = K) -> pd.DataFrame:
    """Items among a user's first ``k`` before or after, and what speaks for the move.

    Returns:
        Columns ``item``, ``item_id``, ``title``, ``before`` and ``after`` (places from 1 among
        the items the user has not met in training), ``hit`` (the pair is in the test set; NA
        where there is none), ``edge_added`` (the refined graph has an edge to it),
        ``item_added``, ``item_dropped`` (edges of the item that were added, dropped or weakened,
        any user), ``near_title`` and ``near_decision`` (nearest item of the history by text, and
        what became of that edge), ``near`` (cosine). In the order of ``after``.

    Raises:
        DataError: If ``vectors.parquet`` is missing or damaged.
    """
    history = _history(run, user)
    places = _places(run, user, history["item"].to_numpy(np.int64))
    listed = np.flatnonzero((places <= k).any(axis=0))  # at most 2 k items
    found = pd.DataFrame({"item": listed, "before": places[0, listed], "after": places[1, listed]})
    found = found.sort_values(["after", "before"], ignore_index=True)
    found = found.merge(_about(run, user, tuple(map(int, listed))), on="item", how="left")
    found = found.merge(_hits(run, user), on="item", how="left")
    found["hit"] = found["hit"].fillna(False) if has(run, "test") else None
    return pd.concat([found, _nearest(run, found["item"].to_numpy(), history)], axis=1)


def _places(run: Run, user: int, history: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Place of every item before and after, from 1; history last. ``(2, I)``."""
    found = []
    for name in ("plain", "refined"):
        users, items = matrices(run, "vectors", name)
        scores = items @ users[user]  # (I, D) @ (D,) -> (I,)
        scores[history] = -np.inf
        place = np.empty(len(items), np.int64)
        place[np.argsort(-scores, kind="stable")] = np.arange(1, len(items) + 1)
        place[history] = np.iinfo(np.int64).max
        found.append(place)
    return np.stack(found)


def _history(run: Run, user: int) -> pd.DataFrame:
    """Train items of a user: ``item``, ``title``, ``decision``."""
    return ask(
        run,
        f"""
        WITH {EDGE}, {TITLES}
        SELECT item, title, decision FROM edge LEFT JOIN titles USING (item)
        WHERE "user" = $user AND in_original ORDER BY item
        """,
        {"user": user},
    )


def _about(run: Run, user: int, items: tuple[int, ...]) -> pd.DataFrame:
    """Id and title of items, and what the refined graph changed about them."""
    return ask(
        run,
        f"""
        WITH changed AS (
            SELECT item, bool_or("user" = $user AND origin = 'added') AS edge_added,
                   count(*) FILTER (origin = 'added') AS item_added,
                   count(*) FILTER (origin = 'dropped' OR {WEAKENED}) AS item_dropped
            FROM edges WHERE list_contains($listed, item) GROUP BY item
        )
        SELECT p.number AS item, p.id AS item_id, p.title,
               coalesce(edge_added, false) AS edge_added,
               coalesce(item_added, 0)::BIGINT AS item_added,
               coalesce(item_dropped, 0)::BIGINT AS item_dropped
        FROM projection p LEFT JOIN changed ON changed.item = p.number
        WHERE p.kind = 'item' AND list_contains($listed, p.number)
        """,
        {"user": user, "listed": list(items)},
    )


def _hits(run: Run, user: int) -> pd.DataFrame:
    """Test items of a user: ``item``, ``hit``."""
    if not has(run, "test"):
        return pd.DataFrame({"item": pd.Series(dtype="int64"), "hit": pd.Series(dtype="boolean")})
    found = ask(
        run,
        'SELECT DISTINCT item, true AS hit FROM test WHERE "user" = $user',
        {"user": user},
    )
    return found.astype({"hit": "boolean"})


def n_test(run: Run, user: int) -> int | None:
    """Number of test items of a user; None where the dataset of the run is gone or another."""
    return len(_hits(run, user)) if has(run, "test") else None


def _nearest(run: Run, items: npt.NDArray[np.int64], history: pd.DataFrame) -> pd.DataFrame:
    """Nearest item of the history in the aligned text space, row by row of ``items``."""
    columns = ["near_title", "near_decision", "near"]
    if history.empty or not len(items):
        return pd.DataFrame(index=range(len(items)), columns=columns)
    texts = _unit(matrices(run, "embeddings", "aligned")[1])
    cosine = texts[items] @ texts[history["item"].to_numpy()].T  # (n, D) @ (D, H) -> (n, H)
    cosine = np.where(np.isfinite(cosine), cosine, -np.inf)  # argmax takes NaN for the highest
    best = cosine.argmax(axis=1)
    nearness = cosine[np.arange(len(items)), best].astype(np.float64)
    is_known = np.isfinite(nearness)
    near = history.iloc[best].reset_index(drop=True)
    return pd.DataFrame(
        {
            "near_title": near["title"].where(is_known),
            "near_decision": near["decision"].where(is_known),
            "near": np.where(is_known, nearness, np.nan),
        }
    )


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)


def matrices(run: Run, table: str, column: str) -> tuple[Floats, Floats]:
    """Vectors of users ``(U, D)`` and items ``(I, D)``; users come first in the file."""
    path = run.folder / f"{table}.parquet"
    try:
        vectors = _read(whole_file.stamp(path), column)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DataError(
            f"Run {run.id} is damaged: {path.name} cannot be read. Delete its folder, or run it "
            "again."
        ) from error
    return vectors[: run.manifest.n_users], vectors[run.manifest.n_users :]


@lru_cache(maxsize=6)  # three columns of two runs: 25 MB each at 100,000 nodes of size 64
def _read(stamp: tuple[str, int, int], column: str) -> Floats:
    lists = pq.read_table(stamp[0], columns=[column])[column].combine_chunks()
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(lists), -1)
