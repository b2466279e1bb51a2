from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import loss_cut, store
from tests.loss_run import KINDS, write_loss_run
from tests.run_folder import INTERACTIONS


@pytest.fixture
def run(workspace):
    write_loss_run(workspace)
    return store.load_run(workspace, "run-1")


def test_values_are_the_losses_above_which_a_share_lies(run):
    values = loss_cut.values(run)
    assert len(values) == len(loss_cut.SHARES)
    assert values[0] == 4.0  # nothing lies above the highest
    assert values[loss_cut.SHARES.index(0.2)] == 3.5  # one of five
    assert values[loss_cut.SHARES.index(0.6)] == 1.0  # three of five


def test_a_cut_is_compared_with_as_many_of_the_highest_p_noisy(run):
    # Losses 0, 1 clean, 2, 3.5 hard, 4 and unknown noisy; noise 1, 3, 5; planted hard 2.
    table = loss_cut.tally(run, (0.5, 1.5, 4.0))
    now = loss_cut.outcomes(loss_cut.at(table, 1))
    assert (now.loss.dropped, now.p_noisy.dropped, now.verdict.dropped) == (3, 3, 2)
    assert now.loss.noise_removed == pytest.approx(1 / 3)  # row 3
    assert now.loss.genuine_lost == pytest.approx(2 / 3)  # rows 2 and 4
    assert now.loss.hard_lost == 1.0
    # The three highest p_noisy: rows 3 (0.95), 5 (0.8), both noise, and 4 (0.3), genuine.
    assert now.p_noisy.noise_removed == pytest.approx(2 / 3)
    assert now.p_noisy.genuine_lost == pytest.approx(1 / 3)
    assert now.p_noisy.hard_lost == 0.0
    assert now.verdict.noise_removed == pytest.approx(2 / 3)  # rows 3 and 5
    assert (now.verdict.genuine_lost, now.verdict.hard_lost) == (0.0, 0.0)


@pytest.mark.parametrize(("place", "n"), [(0, 4), (1, 3), (2, 1), (3, 0)])
def test_both_sides_drop_equally_many_at_every_cut(run, place, n):
    now = loss_cut.outcomes(loss_cut.at(loss_cut.tally(run, (0.5, 1.5, 3.5, 4.0)), place))
    assert (now.loss.dropped, now.p_noisy.dropped, now.verdict.dropped) == (n, n, 2)


def test_an_unknown_p_noisy_is_dropped_last_and_equal_ones_by_row(workspace):
    changed = {"p_noisy": [0.5, 0.5, float("nan"), 0.5, 0.9, float("nan")]}
    write_loss_run(workspace, interactions=INTERACTIONS | changed)
    run = store.load_run(workspace, "run-1")
    table = loss_cut.tally(run, (0.5, 1.5, 3.7))
    by_verdict = [
        loss_cut.at(table, place).groupby("verdict")["n_p_noisy"].sum().to_dict()
        for place in range(3)
    ]
    assert by_verdict == [
        {"clean": 2, "hard": 1, "noisy": 1},  # rows 4, 0, 1, 3
        {"clean": 2, "hard": 1, "noisy": 0},  # rows 4, 0, 1
        {"clean": 0, "hard": 1, "noisy": 0},  # row 4
    ]


def test_without_planted_kinds_only_the_verdicts_are_known(workspace):
    write_loss_run(workspace, kinds=None)
    run = store.load_run(workspace, "run-1")
    assert loss_cut.truth(run) == loss_cut.Truth(0, False)
    table = loss_cut.at(loss_cut.tally(run, (1.5,)), 0)
    assert table.groupby("verdict")["n_loss"].sum().to_dict() == {"clean": 0, "hard": 2, "noisy": 1}
    assert np.isnan(loss_cut.outcomes(table).loss.noise_removed)
    assert loss_cut.tradeoff(run).empty


def test_without_planted_hard_the_lowest_scored_genuine_fifth_stands_in(workspace):
    kinds = {name: [values[0], values[2], values[3]] for name, values in KINDS.items()}
    write_loss_run(workspace, kinds)
    run = store.load_run(workspace, "run-1")
    assert loss_cut.truth(run) == loss_cut.Truth(3, False)
    # Genuine scores: rows 0: 3, 2: 1, 4: 0.1. The lowest fifth is row 4, with loss 3.5.
    outcome = loss_cut.outcomes(loss_cut.at(loss_cut.tally(run, (3.0,)), 0)).loss
    assert outcome.hard_lost == 1.0
    outcome = loss_cut.outcomes(loss_cut.at(loss_cut.tally(run, (3.7,)), 0)).loss
    assert outcome.hard_lost == 0.0


def test_every_cut_is_a_point_of_the_curve(run):
    curves = loss_cut.tradeoff(run)
    loss = curves[curves["signal"] == "loss"]
    # By loss: 3 (noise), 4, 2 (hard), 1 (noise), 0, 5 (noise, unknown loss, last).
    assert loss["removed"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert loss["kept"].tolist() == [1.0, 0.0, 0.0]
    p_noisy = curves[curves["signal"] == "p_noisy"]
    # By p_noisy: 3, 5 (noise), 4, 2 (hard), 1 (noise), 0.
    assert p_noisy["removed"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert p_noisy["kept"].tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("pick", "rows"),
    [
        ("everything it drops", [2, 3, 4]),
        ("dropped, called hard", [2, 4]),
        ("dropped, not called noisy", [2, 4]),
        ("called noisy, not dropped", [5]),
        ("dropped, planted hard", [2]),
    ],
)
def test_parts_of_what_is_dropped_can_be_picked(run, pick, rows):
    assert loss_cut.picked(run, 1.5, pick).tolist() == rows


def test_a_review_list_is_counted(run, tmp_path):
    pd.DataFrame({"row": [0, 3, 5]}).to_parquet(tmp_path / "list.parquet")
    assert loss_cut.in_list(run, 1.5, str(tmp_path / "list.parquet")) == (3, 1)


def test_no_known_loss_gives_no_values(workspace):
    write_loss_run(workspace, interactions=INTERACTIONS | {"loss": [float("nan")] * 6})
    assert not len(loss_cut.values(store.load_run(workspace, "run-1")))


def test_what_a_label_decided_or_taught_is_compared_nowhere(workspace):
    """Row 3 was decided by a person, row 4 taught p_noisy, the label of row 0 only measures."""
    said = {
        "label": ["clean", "", "", "noisy", "hard", ""],
        "held_out": [True, False, False, False, False, False],
        "decided_by": ["model", "model", "model", "person", "model", "model"],
    }
    write_loss_run(workspace, interactions=INTERACTIONS | said)
    run = store.load_run(workspace, "run-1")
    assert loss_cut.values(run)[0] == 2.0  # of rows 0, 1, 2; row 5 has no loss
    now = loss_cut.at(loss_cut.tally(run, (0.5,)), 0)
    assert now["n"].sum() == 4
    found = loss_cut.outcomes(now)
    assert (found.loss.dropped, found.p_noisy.dropped, found.verdict.dropped) == (2, 2, 1)
    assert found.loss.noise_removed == pytest.approx(1 / 2)  # row 1 of rows 1 and 5
    assert loss_cut.picked(run, 0.5, "everything it drops").tolist() == [1, 2]
    assert loss_cut.picked(run, 0.5, "called noisy, not dropped").tolist() == [5]
    curves = loss_cut.tradeoff(run)
    assert curves[curves["signal"] == "loss"]["value"].max() <= 2.0
