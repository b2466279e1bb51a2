"""A stand-in for ``core.pipeline``: writes its tables at once, or stops where it is told to."""

from __future__ import annotations

import types

import numpy as np
import pandas as pd

from core.errors import ConfigError
from core.types import InteractionScores, Progress, RunOutcome

STAGES = (("pretrain", 3.0), ("judge", 1.0))


def outcome(n_rows):
    """Scores in which the last row of every five is called noisy."""
    place = np.arange(n_rows)
    unknown = np.full(n_rows, -1, dtype=np.int8)
    loss = (place % 5).astype(np.float32)
    scores = InteractionScores(
        loss=loss,
        loss_mean=loss,
        loss_variability=loss,
        score=1 - loss / 5,
        semantic=-loss,
        user_grade=unknown,
        item_grade=unknown,
        logical=np.full(n_rows, np.nan, dtype=np.float32),
        p_noisy=loss / 5,
        verdict=np.where(place % 5 == 4, 2, 0).astype(np.int8),
    )
    ranking = {"recall20": 0.3, "ndcg20": 0.2, "bpr_recall20": 0.25, "bpr_ndcg20": 0.16}
    return RunOutcome(scores, "fake judge", 7, 0.2, 0.5, "soft", ranking, {"pretrain": 1.5})


def table(dataset, scores):
    train, names = dataset.train, np.array(["clean", "hard", "noisy"])
    return pd.DataFrame(
        {
            "row": np.arange(len(train)),
            "user": train.user,
            "item": train.item,
            "user_id": np.array(dataset.users.id)[train.user],
            "item_id": np.array(dataset.items.id)[train.item],
            "title": "a [red]title[/] with \x1b[2J steering \u202e",
            "loss": scores.loss,
            "loss_mean": scores.loss_mean,
            "loss_variability": scores.loss_variability,
            "score": scores.score,
            "semantic": scores.semantic,
            "logical": scores.logical,
            "user_grade": scores.user_grade,
            "item_grade": scores.item_grade,
            "user_reason": "",
            "item_reason": "",
            "p_noisy": scores.p_noisy,
            "verdict": names[scores.verdict],
            "explanation": "It says so.",
        }
    )


def edges(dataset):
    """The judge drops the first interaction; nothing is added."""
    train = dataset.train
    first = np.arange(len(train)) == 0
    return pd.DataFrame(
        {
            "user": train.user,
            "item": train.item,
            "origin": np.where(first, "dropped", "kept"),
            "decided_by": np.where(first, "judge", "model"),
        }
    )


class FakePipeline(types.ModuleType):
    """Module with ``STAGES`` and ``run_pipeline``."""

    def __init__(self):
        super().__init__("core.pipeline")
        self.STAGES = STAGES
        self.stop_with = None
        """Raised in the middle of the first stage."""
        self.during = lambda _: None
        """Called in the middle of the first stage."""
        self.configs = []
        self.given = []
        """Labels and parent of each call."""

    def run_pipeline(self, dataset, config, folder, cache, on_progress, **given):  # noqa: ARG002
        self.configs.append(config)
        self.given.append(given)
        on_progress(Progress("pretrain", 0.5))
        self.during(folder)
        on_progress(Progress("judge", 0.0))
        if self.stop_with is not None:
            raise self.stop_with
        found = outcome(len(dataset.train))
        table(dataset, found.scores).to_parquet(folder / "interactions.parquet")
        edges(dataset).to_parquet(folder / "edges.parquet")
        on_progress(Progress("judge", 1.0))
        return found


def refuse():
    return ConfigError("these settings cannot be used")
