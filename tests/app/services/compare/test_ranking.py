from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services.compare import ranking, users
from core.metrics import rank_metrics
from core.types import Interactions


def test_quality_of_each_user_by_hand(both):
    found = ranking.per_user(both[0], "test").set_index("user")
    # ann turns to the second axis: Casino 0.9, Dune 0.1; Dune is wanted and comes second.
    assert found.loc[0, "recall20"] == 1.0
    assert found.loc[0, "ndcg20"] == pytest.approx(1 / np.log2(3))
    # bob has Casino and Dune; Alien 1.0 comes before Bambi 0.5, which is wanted.
    assert found.loc[1, "ndcg20"] == pytest.approx(1 / np.log2(3))
    assert list(found.index) == [0, 1]  # nothing of cid is held out for testing
    assert found["n_held_out"].tolist() == [1, 1]


def test_both_runs_are_tested_over_the_same_users(both):
    found = ranking.tests(both[0], both[1].id, "test")["ndcg20"]
    # In the child ann looks along the first axis: Dune 0.4 before Casino 0.2.
    assert found.n == 2
    assert found.difference == pytest.approx((1 - 1 / np.log2(3)) / 2)
    assert (found.gained, found.lost) == (1, 0)


def test_users_that_changed_most(both):
    found = users.extremes(both[0], both[1].id, "test", "ndcg20")
    assert found["user_id"].tolist() == ["ann"]
    assert found["change"].tolist() == pytest.approx([1 - 1 / np.log2(3)])


def test_ties_and_blocks_rank_as_the_method_ranks(monkeypatch):
    rng = np.random.default_rng(0)
    n_users, n_items = 40, 60
    user_rep = rng.integers(0, 3, (n_users, 3)).astype(np.float32)
    item_rep = rng.integers(0, 3, (n_items, 3)).astype(np.float32)
    pairs = np.unique(rng.integers(0, [n_users, n_items], (600, 2)), axis=0)
    is_train = rng.random(len(pairs)) < 0.7
    train, wanted = pairs[is_train].T, pairs[~is_train].T
    monkeypatch.setattr(ranking, "AT_ONCE", 7 * n_items)
    found = ranking.measure(user_rep, item_rep, (train[0], train[1]), (wanted[0], wanted[1]), 5)
    theirs = rank_metrics(
        user_rep,
        item_rep,
        Interactions(train[0], train[1], n_users, n_items),
        Interactions(wanted[0], wanted[1], n_users, n_items),
        (5,),
    )
    assert found["user"].tolist() == theirs.user.tolist()
    assert found["recall20"].to_numpy() == pytest.approx(theirs.user_recall[5])
    assert found["ndcg20"].to_numpy() == pytest.approx(theirs.user_ndcg[5])


def test_what_the_run_wrote_comes_first(both):
    pd.DataFrame(
        {
            "user": [2, 0, 1],
            "split": ["valid", "valid", "test"],
            "n_held_out": [1, 0, 1],
            "recall20": [0.5, 0.0, 0.25],
            "ndcg20": [0.4, 0.0, 0.2],
        }
    ).to_parquet(both[0].folder / "ranking.parquet")
    found = ranking.per_user(both[0], "valid")
    assert found.to_dict("list") == {
        "user": [2],
        "n_held_out": [1],
        "recall20": [0.5],
        "ndcg20": [0.4],
    }


def test_says_why_users_are_not_known(both):
    (both[1].folder / "vectors.parquet").unlink()
    assert "vectors.parquet" in ranking.why_not(*both, "test")
    other = both[1].manifest.model_copy(update={"dataset_fingerprint": "another"})
    moved = type(both[1])(both[1].id, both[1].folder, other)
    assert "different states" in ranking.why_not(both[0], moved, "test")
