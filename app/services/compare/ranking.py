"""Quality of the recommendations of each user, in one run and in two.

A run that wrote ``ranking.parquet`` says it itself. For others it is measured here from the
embeddings: all items ranked by dot product, those of training taken out, as the run does it.

Shape letters: U users, I items, D size of an embedding, V users with held-out items.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.services import query
from app.services.compare import pair, paired
from app.services.recommendations import matrices
from app.services.store import Run

K: Final = 20
SPLITS: Final = {"valid": "validation", "test": "test"}
MEASURES: Final = {"recall20": "Recall@20", "ndcg20": "NDCG@20"}
AT_ONCE: Final = 2**22
"""Scores held at a time (16 MB)."""
MUCH: Final = 10**8
"""Scores (users times items) beyond which measuring takes longer than a person wants to wait."""


def missing(run: Run, split: str) -> str:
    """Why nothing is known about the users of a split; empty where it is."""
    if _written(run):
        return ""
    if not query.has(run, "vectors"):
        return f"Run {run.id} kept neither ranking.parquet nor vectors.parquet."
    folder = query.own_dataset(run)
    if folder is None or not (folder / f"{split}.parquet").is_file():
        return f"The dataset of run {run.id} is gone or another by now: nothing held out is known."
    return ""


def is_slow(run: Run) -> bool:
    """Whether it must be measured, and that takes more than some seconds."""
    return not _written(run) and run.manifest.n_users * run.manifest.n_items > MUCH


def per_user(run: Run, split: str) -> pd.DataFrame:
    """Quality of each user's recommendations by LLMHNI.

    Args:
        run: Which run; :func:`missing` must be empty.
        split: ``valid`` or ``test``.

    Returns:
        Columns ``user``, ``n_held_out``, ``recall20``, ``ndcg20``; users with held-out items only,
        ascending.
    """
    if _written(run):
        return query.ask(
            run,
            'SELECT "user", n_held_out, recall20::DOUBLE AS recall20, ndcg20::DOUBLE AS ndcg20 '
            "FROM measured WHERE split = $split AND n_held_out > 0 ORDER BY 1",
            {"split": split},
            {"measured": pair.table(run, "ranking")},
        )
    folder = query.own_dataset(run)
    if folder is None:
        raise ValueError(f"the dataset of {run.id} is not there")
    wanted = query.ask(
        run,
        'SELECT DISTINCT "user", item FROM wanted ORDER BY 1, 2',
        tables={"wanted": folder / f"{split}.parquet"},
    )
    train = query.ask_columns(run, 'SELECT "user", item FROM interactions ORDER BY 1, 2')
    users, items = matrices(run, "vectors", "refined")
    return measure(
        users,
        items,
        (train["user"].astype(np.int64), train["item"].astype(np.int64)),
        (wanted["user"].to_numpy(np.int64), wanted["item"].to_numpy(np.int64)),
    )


def measure(
    users: npt.NDArray[np.float32],
    items: npt.NDArray[np.float32],
    train: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    wanted: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    k: int = K,
) -> pd.DataFrame:
    """Recall and NDCG of the first ``k`` items of each user with held-out items.

    Args:
        users: ``(U, D)``.
        items: ``(I, D)``.
        train: Users and items of training, sorted by user; taken out of the ranking.
        wanted: Users and items held out, sorted by user, without repeats.
        k: Cut-off. The ideal ranking has min(held-out items, k) hits.

    Returns:
        As :func:`per_user`. Equal scores rank by item number, lower first.
    """
    who, n_wanted = np.unique(wanted[0], return_counts=True)
    keys = wanted[0] * len(items) + wanted[1]  # sorted as the pairs are
    gains = 1 / np.log2(np.arange(2, k + 2))
    recall, ndcg = np.zeros(len(who)), np.zeros(len(who))
    block = max(1, AT_ONCE // max(1, len(items)))
    for start in range(0, len(who), block):
        rows = slice(start, start + block)
        top, valid = _top(users[who[rows]] @ items.T, who[rows], train, k)
        hit = np.isin(who[rows, None] * len(items) + top, keys) & valid
        recall[rows] = hit.sum(axis=1) / n_wanted[rows]
        ideal = np.cumsum(gains)[np.minimum(n_wanted[rows], k) - 1]
        ndcg[rows] = (hit * gains[: hit.shape[1]]).sum(axis=1) / ideal
    return pd.DataFrame({"user": who, "n_held_out": n_wanted, "recall20": recall, "ndcg20": ndcg})


def _top(
    scores: npt.NDArray[np.float32],
    who: npt.NDArray[np.int64],
    train: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    k: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """First ``k`` items of each user, and which of these places are taken; ``(b, k)`` each."""
    first, last = np.searchsorted(train[0], who), np.searchsorted(train[0], who, side="right")
    for row, (begin, end) in enumerate(zip(first, last, strict=True)):
        scores[row, train[1][begin:end]] = -np.inf
    n_items = scores.shape[1]
    if n_items > k + 1:
        found = np.argpartition(-scores, k, axis=1)[:, : k + 1]
        found.sort(axis=1)  # a stable sort of the values then leaves equal ones by item number
        order = np.argsort(-np.take_along_axis(scores, found, axis=1), axis=1, kind="stable")
        top = np.take_along_axis(found, order, axis=1)
        value = np.take_along_axis(scores, top, axis=1)
        for tied in np.flatnonzero(value[:, k - 1] == value[:, k]):  # a tie across the cut-off
            top[tied, :k] = np.argsort(-scores[tied], kind="stable")[:k]
        top = top[:, :k]
    else:
        top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return top, np.take_along_axis(scores, top, axis=1) > -np.inf


def both(run: Run, other: str, split: str) -> pd.DataFrame:
    """Users of two runs on the same data.

    Returns:
        Columns ``user``, ``n_held_out``, ``recall20_a``, ``ndcg20_a``, ``recall20_b``,
        ``ndcg20_b``.
    """
    mine, theirs = per_user(run, split), per_user(pair.other(run, other), split)
    return mine.merge(
        theirs.drop(columns="n_held_out"), on="user", suffixes=("_a", "_b"), validate="1:1"
    )


def tests(run: Run, other: str, split: str) -> dict[str, paired.Paired]:
    """Each of :data:`MEASURES` in two runs on the same data, over users with held-out items."""
    found = both(run, other, split)
    return {
        name: paired.compare(found[f"{name}_a"].to_numpy(), found[f"{name}_b"].to_numpy())
        for name in MEASURES
    }


def why_not(run: Run, other: Run, split: str) -> str:
    """Why two runs cannot be compared user by user; empty where they can."""
    if not pair.same_data(run, other):
        return "The runs read different states of the data: what was held out differs as well."
    return missing(run, split) or missing(other, split)


def _written(run: Run) -> bool:
    return pair.table(run, "ranking").is_file()
