"""What a person who labels looks at besides the signals: the user's profile and nearest items.

For many pairs at once, because the queue fetches ahead.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from app.services import flagged, query
from app.services.flagged import Filters
from app.services.store import Run

SIGNALS: Final = ("loss", "score", "semantic", "logical", "p_noisy")
N_STEPS: Final = 200
"""Quantiles per signal: places are known to half a per cent."""
PROFILE_LETTERS: Final = 360


def describe(run: Run, users: tuple[int, ...], items: tuple[int, ...], n: int = 4) -> pd.DataFrame:
    """Texts of both sides of each pair, and those of the user's items that are most like the item.

    Similarity is the cosine of the text embeddings before alignment.

    Args:
        run: Whose pairs.
        users: Numbers of the users, P of them.
        items: Numbers of the items, likewise.
        n: How many similar items at most.

    Returns:
        Columns ``score`` (NaN where not known), ``profile`` of the user and ``text`` of the item
        (cut, empty where there is none), ``n_history`` (other items of the user), ``near`` (list
        of ``(cosine or NaN, title)``, the nearest first); P rows in the order of the pairs.
    """
    pairs = pd.DataFrame({"user": users, "item": items}, dtype="int64")
    if pairs.empty:
        return pairs.assign(score=0.0, profile="", text="", n_history=0, near=None)
    theirs = sorted(set(users))
    history = query.ask(
        run,
        'SELECT "user", item, title, score FROM interactions WHERE "user" IN $theirs '
        'ORDER BY "user", item',
        {"theirs": theirs},
    )
    of_user, of_item = _texts(run, "user", theirs), _texts(run, "item", sorted(set(items)))
    vectors = _vectors(run, sorted({*history["item"].tolist(), *items}))
    groups = {int(str(user)): table for user, table in history.groupby("user")}
    rows = [_pair(groups.get(u), vectors, i, n) for u, i in zip(users, items, strict=True)]
    found = pd.DataFrame(rows, columns=["score", "n_history", "near"])
    return pairs.join(found).assign(
        profile=[of_user.get(user, "")[:PROFILE_LETTERS] for user in users],
        text=[of_item.get(item, "")[:PROFILE_LETTERS] for item in items],
    )


def quantiles(run: Run) -> dict[str, np.ndarray]:
    """Values of each signal at equal shares of the train interactions that have it.

    Returns:
        Signal -> ``(N_STEPS + 1,)``, ascending; signals that no interaction has are left out.
    """
    shares = np.linspace(0, 1, N_STEPS + 1).tolist()
    columns = ", ".join(
        f"quantile_cont({name}::DOUBLE, $shares) FILTER (isfinite({name})) AS {name}"
        for name in SIGNALS
    )
    found = query.ask(run, f"SELECT {columns} FROM interactions", {"shares": shares}).iloc[0]
    return {
        name: np.asarray(found[name], np.float64)
        for name in SIGNALS
        if isinstance(found[name], np.ndarray | list)
    }


def below(steps: np.ndarray, value: float) -> float:
    """Share of interactions with a lower value, counting half of the equal ones, 0..1.

    Args:
        steps: From :func:`quantiles`.
        value: Of the signal.
    """
    low, high = np.searchsorted(steps, value, "left"), np.searchsorted(steps, value, "right")
    return float(low + high) / (2 * len(steps))


def _texts(run: Run, kind: str, numbers: list[int]) -> dict[int, str]:
    """Texts of some users or items by number, as they were embedded."""
    found = query.ask(
        run,
        "SELECT number, text FROM embeddings WHERE kind = $kind AND number IN $numbers",
        {"kind": kind, "numbers": numbers},
    )
    return {int(number): str(text or "") for number, text in found.itertuples(index=False)}


def _vectors(run: Run, numbers: list[int]) -> dict[int, np.ndarray]:
    """Text embeddings of items, of length 1; items without one are left out."""
    found = query.ask(
        run,
        "SELECT number, raw FROM embeddings WHERE kind = 'item' AND number BETWEEN $low AND $high "
        "AND number IN $numbers",
        {"numbers": numbers, "low": min(numbers), "high": max(numbers)},
    )
    vectors = {}
    for number, raw in found.itertuples(index=False):
        vector = np.asarray(raw, np.float32) if raw is not None else np.zeros(0, np.float32)
        length = float(np.linalg.norm(vector))
        if np.isfinite(length) and length > 0:
            vectors[int(number)] = vector / length
    return vectors


def _pair(
    history: pd.DataFrame | None, vectors: dict[int, np.ndarray], item: int, n: int
) -> tuple[float, int, list[tuple[float, str]]]:
    """Score, size of the history and nearest items of one pair."""
    if history is None:
        return float("nan"), 0, []
    this = history["item"] == item
    score = float(history.loc[this, "score"].iloc[0]) if this.any() else float("nan")
    others = history[~this]
    near = _nearest(others, vectors, item)[:n]
    return score, len(others), near


def _nearest(
    others: pd.DataFrame, vectors: dict[int, np.ndarray], item: int
) -> list[tuple[float, str]]:
    numbers: list[Any] = others["item"].tolist()
    titles = [str(title or "") for title in others["title"]]
    known = [place for place, number in enumerate(numbers) if number in vectors]
    if item not in vectors or not known:
        return [(float("nan"), title) for title in titles]
    cosine = np.stack([vectors[numbers[place]] for place in known]) @ vectors[item]
    order = np.argsort(-cosine, kind="stable")
    return [(float(cosine[place]), titles[known[place]]) for place in order]


def pairs(run: Run, filters: Filters) -> pd.DataFrame:
    """All interactions that filters leave, for a bulk label.

    Returns:
        Columns ``user_id, item_id, observed`` (True), ``p_noisy, verdict``; by ``row``.
    """
    picked = pd.DataFrame({"row": flagged.rows(run, filters)})
    return query.ask(
        run,
        "SELECT user_id, item_id, true AS observed, p_noisy, verdict FROM interactions "
        'WHERE "row" IN (SELECT "row" FROM picked) ORDER BY "row"',
        tables={"picked": picked},
    )
