"""Hand-made scores and datasets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.dataset import fingerprint, save_dataset
from core.types import Dataset, Interactions, InteractionScores, Items, Users

DEFAULTS = {
    "loss": np.nan,
    "loss_mean": np.nan,
    "loss_variability": np.nan,
    "score": 0.5,
    "semantic": 0.0,
    "user_grade": -1,
    "item_grade": -1,
    "logical": np.nan,
    "p_noisy": 0.5,
    "verdict": 0,
}
GRADES = ("user_grade", "item_grade", "verdict")


@pytest.fixture
def make_scores():
    """Scores from the columns that matter; the others say nothing."""

    def make(**columns):
        n_rows = len(next(iter(columns.values())))
        return InteractionScores(
            **{
                name: np.array(
                    columns.get(name, [default] * n_rows),
                    dtype=np.int8 if name in GRADES else np.float32,
                )
                for name, default in DEFAULTS.items()
            },
            by_person=columns.get("by_person", np.zeros(n_rows, dtype=np.bool_)),
        )

    return make


@pytest.fixture
def dataset():
    """Two users, three items, train rows ann-a, ann-b, bob-b, bob-c."""
    pairs = [
        Interactions(np.array(u), np.array(i), 2, 3)
        for u, i in (([0, 0, 1, 1], [0, 1, 1, 2]), ([0], [2]), ([1], [0]))
    ]
    users, items = Users(("ann", "bob"), ("", "")), Items(("a", "b", "c"), ("", "", ""), ("",) * 3)
    made = Dataset("tiny", *pairs, users, items, "")
    return replace(made, fingerprint=fingerprint(made))


@pytest.fixture
def dataset_folder(dataset, tmp_path):
    """The dataset on disk, without any truth."""
    save_dataset(dataset, tmp_path / "tiny", {})
    return tmp_path / "tiny"
