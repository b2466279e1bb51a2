"""Profiles, nearest items and places of signals, over a run whose texts are four directions."""

from __future__ import annotations

import numpy as np
import pytest

from app.services import label_details, store
from app.services.flagged import Filters
from tests.review_run import HOSTILE, write_review_run


@pytest.fixture
def run(workspace):
    write_review_run(workspace)
    return store.load_run(workspace, "run-1")


def test_the_nearest_other_items_of_the_user_come_first(run):
    # Texts of the items: (1, 0), (3, 4), (0, 1), (1, 1); user 0 has items 0 and 1.
    found = label_details.describe(run, (0, 1, 0), (0, 3, 2))
    assert found["near"][0] == [(pytest.approx(0.6), "<b>Bambi</b>")]
    assert found["near"][1] == [(pytest.approx(0.5**0.5), "**Casino**")]
    # Item 2 was never chosen by user 0: both items of the history are compared with it.
    assert [title for _, title in found["near"][2]] == ["<b>Bambi</b>", "Alien"]
    assert [cosine for cosine, _ in found["near"][2]] == pytest.approx([0.8, 0.0])
    assert found["n_history"].tolist() == [1, 1, 2]
    assert found["score"][0] == 3.0
    assert np.isnan(found["score"][2])
    assert found["profile"].tolist() == [HOSTILE, "", HOSTILE]
    assert found["text"].tolist() == ["", "Casino. Cards.", ""]


def test_no_more_are_told_than_asked_for(run):
    assert len(label_details.describe(run, (0,), (2,), n=1)["near"][0]) == 1


def test_no_pairs_have_no_details(run):
    assert label_details.describe(run, (), ()).empty


def test_a_place_counts_half_of_the_equal_ones(run):
    steps = label_details.quantiles(run)
    assert steps["loss"][[0, 100, 200]].tolist() == [0.0, 2.0, 4.0]  # of 0, 1, 2, 3.5, 4
    assert label_details.below(steps["loss"], 2.0) == pytest.approx(0.5)
    assert label_details.below(steps["loss"], -1.0) == 0.0
    assert label_details.below(steps["loss"], 9.0) == 1.0
    assert label_details.below(np.array([0.0, 0.0, 1.0, 1.0]), 0.0) == pytest.approx(0.25)


def test_a_bulk_gets_the_pairs_that_the_filters_leave(run):
    found = label_details.pairs(run, Filters(verdicts=("noisy",)))
    assert found[["user_id", "item_id", "verdict"]].to_numpy().tolist() == [
        ["bob", "i3", "noisy"],
        ["cid", "i1", "noisy"],
    ]
    assert found["observed"].tolist() == [True, True]
    assert found["p_noisy"].tolist() == pytest.approx([0.95, 0.8])
