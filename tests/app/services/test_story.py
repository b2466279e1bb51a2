"""What the first page tells, on six interactions worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import store, story
from tests.run_folder import INTERACTIONS, write_run

KINDS = {
    "row": [1, 2, 3, 4],
    "kind": ["minority", "tail", "uniform", "position"],
    "noise": [False, False, True, True],
    "hard": [True, True, False, False],
}


@pytest.fixture
def run(workspace, finished_run):
    return store.load_run(workspace, finished_run.name)


def test_the_cut_drops_as_many_as_the_verdict_with_a_known_loss(run):
    """Row 5 is noisy without a known loss, so both drop one: 3 by verdict, 3 (loss 4.0) by loss."""
    cuts = story.price_of_a_cut(run)
    assert cuts["verdict"].n_dropped == cuts["loss"].n_dropped == 1
    assert cuts["verdict"].noise is None
    assert cuts["loss"].genuine is None


def test_with_truth_the_cut_is_counted_against_it(run):
    pd.DataFrame(KINDS).to_parquet(run.folder / "kinds.parquet")
    table = INTERACTIONS | {
        "loss": [0.0, 5.0, 4.0, 3.0, 2.0, 1.0],
        "verdict": ["clean", "clean", "hard", "noisy", "noisy", "clean"],
    }
    pd.DataFrame(table).to_parquet(run.folder / "interactions.parquet")
    cuts = story.price_of_a_cut(run)
    # The verdict drops rows 3 and 4, both noise; the two highest losses are 1 and 2, both hard.
    assert cuts["verdict"] == story.Cut(2, accepted=1, noise=2, genuine=0, hard=0)
    assert cuts["loss"] == story.Cut(2, accepted=1, noise=0, genuine=2, hard=2)


def test_signals_are_spread_over_the_highest_losses_alone(run):
    spread = story.among_highest_loss(run, n_bins=4)
    # Of the five known losses the 0.8 quantile is 3.6, so row 3 (noisy) alone is above it.
    assert spread.groupby("side")["n"].sum().to_dict() == {"noisy": 5, "other": 0}
    assert set(spread["signal"]) == set(story.SIGNALS)
    assert len(spread) == 5 * 2 * 4


def test_with_truth_the_sides_are_noise_and_genuine(run):
    pd.DataFrame(KINDS).to_parquet(run.folder / "kinds.parquet")
    table = INTERACTIONS | {"loss": [9.0] * 6}  # all are among the highest
    pd.DataFrame(table).to_parquet(run.folder / "interactions.parquet")
    spread = story.among_highest_loss(run)
    assert spread[spread["signal"] == "p_noisy"].groupby("side")["n"].sum().to_dict() == {
        "noisy": 2,
        "other": 4,
    }
    logical = spread[spread["signal"] == "logical"]
    assert logical.groupby("side")["n"].sum().to_dict() == {"noisy": 2, "other": 2}  # two unasked


@pytest.mark.parametrize(
    ("other", "shared"), [([0.5, 0.5, 0.0], 1.0), ([0.0, 0.0, 1.0], 0.0), ([0.0, 0.5, 0.5], 0.5)]
)
def test_overlap_is_the_shared_area(other, shared):
    spread = pd.DataFrame(
        {
            "signal": ["loss"] * 6,
            "side": ["noisy"] * 3 + ["other"] * 3,
            "bin": [0, 1, 2] * 2,
            "share": [0.5, 0.5, 0.0, *other],
        }
    )
    assert story.overlap(spread) == {"loss": pytest.approx(shared)}


def test_overlap_with_an_empty_side_is_not_known(run):
    found = story.overlap(story.among_highest_loss(run))
    assert all(np.isnan(value) for value in found.values())


def test_the_validation_curve_has_both_trainings_in_order(run):
    pd.DataFrame(
        {
            "stage": ["train", "train", "pretrain", "train"],
            "epoch": [10, 5, 5, 5],
            "name": ["recall@20", "recall@20", "recall@20", "loss"],
            "value": [0.4, 0.3, 0.2, 9.0],
        }
    ).to_parquet(run.folder / "metrics.parquet")
    curve = story.validation_curve(run)
    assert curve["stage"].tolist() == ["pretrain", "train", "train"]
    assert curve["value"].tolist() == [0.2, 0.3, 0.4]


def test_what_is_planted_behind_each_verdict_is_counted(run):
    pd.DataFrame(KINDS).to_parquet(run.folder / "kinds.parquet")
    found = story.truth_by_verdict(run).set_index("verdict")
    # Rows 0, 1 clean; 2, 4 hard; 3, 5 noisy. Row 1 and 2 are planted hard, 3 and 4 planted noise.
    assert found.loc["clean"].tolist() == [2, 0, 1]
    assert found.loc["hard"].tolist() == [2, 1, 1]
    assert found.loc["noisy"].tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    "change", [{"verdict": ["clean"] * 6}, {"loss": [float("nan")] * 6}], ids=["noise", "losses"]
)
@pytest.mark.parametrize("truth", [True, False])
def test_where_nothing_is_dropped_the_price_is_nothing(run, change, truth):
    if truth:
        pd.DataFrame(KINDS).to_parquet(run.folder / "kinds.parquet")
    pd.DataFrame(INTERACTIONS | change).to_parquet(run.folder / "interactions.parquet")
    nothing = 0 if truth else None
    cut = story.Cut(0, accepted=0, noise=nothing, genuine=nothing, hard=nothing)
    assert story.price_of_a_cut(run) == {"verdict": cut, "loss": cut}


@pytest.fixture
def told(run):
    """A person called rows 2 and 3 noisy, p_noisy learned from row 4, and row 1 measures."""
    pd.DataFrame(KINDS).to_parquet(run.folder / "kinds.parquet")
    said = {
        "label": ["", "hard", "noisy", "noisy", "clean", ""],
        "held_out": [False, True, False, False, False, False],
        "decided_by": ["model", "model", "person", "person", "model", "model"],
        "verdict": ["clean", "clean", "noisy", "noisy", "hard", "noisy"],
    }
    pd.DataFrame(INTERACTIONS | said).to_parquet(run.folder / "interactions.parquet")
    return run


def test_what_people_decided_is_left_out_of_the_price_of_a_cut(told):
    # With a known loss only rows 0 and 1 are left, and neither is called noisy.
    assert {cut.n_dropped for cut in story.price_of_a_cut(told).values()} == {0}


def test_what_people_decided_is_not_behind_the_verdicts(told):
    assert story.truth_by_verdict(told).set_index("verdict")["n"].to_dict() == {
        **{"clean": 2, "noisy": 1}
    }


def test_what_people_decided_is_not_among_the_highest_losses(told):
    spread = story.among_highest_loss(told)
    assert spread[spread["signal"] == "loss"]["n"].sum() == 1  # row 1, of rows 0 and 1


@pytest.mark.parametrize(("accept", "n"), [("high", 1), ("mid", 2)])
def test_the_price_is_told_by_the_grades_that_the_run_accepts(workspace, accept, n):
    """The two highest losses have grades (2, 1) and (2, 2): one of them is High and High."""
    grades = {"user_grade": [0, 0, 0, 2, 2, -1], "item_grade": [0, 0, 0, 1, 2, -1]}
    losses = {"loss": [0.1, 0.2, 0.3, 0.9, 0.8, 0.4]}
    settings = {"settings": {"refine": {"accept": accept}}}
    write_run(workspace, changes=settings, interactions=INTERACTIONS | grades | losses)
    cut = story.price_of_a_cut(store.load_run(workspace, "run-1"))["loss"]
    assert (cut.n_dropped, cut.accepted) == (2, n)


def test_a_signal_of_one_value_has_an_axis_that_can_be_read(run):
    """As the logical relevance where a judge graded everything High: no 2.0000000002."""
    change = {"loss": [9.0] * 6, "logical": [2.0] * 6}
    pd.DataFrame(INTERACTIONS | change).to_parquet(run.folder / "interactions.parquet")
    spread = story.among_highest_loss(run, n_bins=4)
    rows = spread[(spread["signal"] == "logical") & (spread["side"] == "noisy")]
    assert rows["left"].tolist() == [1.5, 1.75, 2.0, 2.25]
    assert rows["width"].tolist() == [0.25] * 4
    assert rows["n"].tolist() == [0, 0, 2, 0]
