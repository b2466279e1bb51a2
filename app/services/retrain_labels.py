"""What labels do to the graph of a run, and which of them a run does not use at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from app.services import query
from app.services.store import Run
from core.config import RunConfig
from core.labels import OF_TRAIN

GIVEN: Final = "labels.parquet"
"""File of a run folder with the labels it was given."""
CONFLICT: Final = "conflict"
UNSURE: Final = "unsure"
UNKNOWN, RESERVED, MISPLACED = "unknown", "reserved", "misplaced"
LEFT_OUT: Final[Mapping[str, str]] = {
    CONFLICT: "in conflict",
    UNSURE: "unsure",
    UNKNOWN: "not in the dataset",
    RESERVED: "on pairs of validation or test",
    MISPLACED: "of the wrong sort",
}
"""Why a label is not used, in short."""


@dataclass(frozen=True)
class Edges:
    """Edges of the refined graph that labels decide."""

    forced: int
    """Train interactions called clean or hard, and unobserved pairs called liked."""
    n_new: int
    """Of these, not in the refined graph of the run."""
    dropped: int
    """Train interactions called noisy."""
    n_gone: int
    """Of these, in the refined graph of the run."""
    forbidden: int
    """Unobserved pairs called not liked."""
    n_forbidden_there: int
    """Of these, in the refined graph of the run."""


def unfit(run: Run, said: pd.DataFrame) -> np.ndarray:
    """Why a run would not use each label, a key of :data:`LEFT_OUT` or empty, ``(L,)``."""
    folder = query.own_dataset(run)
    if folder is None or said.empty:  # without its dataset nothing can be retrained
        return np.full(len(said), "", dtype=object)
    names = ("users", "items", "train", "valid", "test")
    answer = query.ask(
        run,
        f"""
        SELECT CASE
            WHEN user_id NOT IN (SELECT user_id FROM users)
                OR item_id NOT IN (SELECT item_id FROM items) THEN '{UNKNOWN}'
            WHEN (user_id, item_id) IN (
                SELECT (user_id, item_id) FROM valid UNION ALL SELECT (user_id, item_id) FROM test
            ) THEN '{RESERVED}'
            WHEN list_contains($of_train, label)
                <> ((user_id, item_id) IN (SELECT (user_id, item_id) FROM train))
                THEN '{MISPLACED}'
            ELSE '' END AS why
        FROM said ORDER BY place
        """,
        {"of_train": list(OF_TRAIN)},
        {name: folder / f"{name}.parquet" for name in names}
        | {"said": said[["user_id", "item_id", "label"]].assign(place=np.arange(len(said)))},
    )
    return answer["why"].to_numpy(dtype=object)


def no_edges(config: RunConfig) -> str:
    """Which setting keeps labels from deciding edges; empty if none does."""
    if not config.train.interaction_denoising:
        return "train.interaction_denoising is off: the graph stays as it is."
    if not config.labels.override:
        return "labels.override is off: labels decide no verdict and no edge."
    return ""


def correction(fitting: pd.DataFrame, config: RunConfig) -> str:
    """Whether labels may correct P(noisy), as a sentence.

    Args:
        fitting: Labels in use that were given to their very pair.
        config: Whether to, and how many it takes.
    """
    n_noisy = int((fitting["label"] == "noisy").sum())
    n_genuine = int(fitting["label"].isin(["clean", "hard"]).sum())
    if not config.labels.calibrate:
        return "Labels will not correct P(noisy): labels.calibrate is off."
    there = f"{n_noisy:,} noisy and {n_genuine:,} clean or hard ones count here"
    if min(n_noisy, n_genuine) < config.labels.least:
        return (
            f"Labels will not correct P(noisy): {there}, {config.labels.least} of either kind are "
            "needed."
        )
    return f"Labels will correct P(noisy) if that holds in cross-validation: {there}."


def n_forgotten(run: Run, said: pd.DataFrame) -> int:
    """Labels that a run was given, from a file perhaps, and that are not among those of now."""
    given = run.folder / GIVEN
    if not given.is_file():
        return 0
    answer = query.ask(
        run,
        "SELECT count(*) AS n FROM given ANTI JOIN said USING (user_id, item_id)",
        tables={"given": given, "said": said[["user_id", "item_id"]]},
    )
    return int(answer["n"].iloc[0])


def edges(run: Run, used: pd.DataFrame) -> Edges:
    """Edges that the labels decide, and how many of them that changes."""
    there = _in_refined(run, used)
    label = used["label"]
    forced = label.isin(["clean", "hard", "like"]).to_numpy()
    dropped, forbidden = (label == "noisy").to_numpy(), (label == "not").to_numpy()
    return Edges(
        int(forced.sum()),
        int((forced & ~there).sum()),
        int(dropped.sum()),
        int((dropped & there).sum()),
        int(forbidden.sum()),
        int((forbidden & there).sum()),
    )


def _in_refined(run: Run, pairs: pd.DataFrame) -> np.ndarray:
    """Whether each pair is an edge of the refined graph, ``(L,)``."""
    said = pairs[["user_id", "item_id"]].assign(place=np.arange(len(pairs)))
    answer = query.ask(
        run,
        """
        SELECT s.place FROM said s
        JOIN edges e ON e.user_id = s.user_id AND e.item_id = s.item_id
        WHERE e.in_refined AND e.weight > 0
        """,
        tables={"said": said},
    )
    there = np.zeros(len(pairs), dtype=bool)
    there[answer["place"].to_numpy(dtype=np.int64)] = True
    return there
