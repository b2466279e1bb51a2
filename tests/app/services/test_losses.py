from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import losses, store
from core.errors import DataError
from tests.loss_run import write_loss_run


@pytest.fixture
def run(workspace):
    write_loss_run(workspace)
    return store.load_run(workspace, "run-1")


def bins(counts, totals=None, log=False, edges=None):
    counts = np.asarray(counts)
    edges = np.linspace(0.0, 1.0, counts.shape[2] + 1) if edges is None else edges
    totals = counts.sum(axis=2) if totals is None else np.asarray(totals)
    names = ("hard", "noisy", "clean")[: counts.shape[1]]
    return losses.Bins(np.arange(counts.shape[0]) + 1, names, edges, counts, totals, log)


def test_losses_are_counted_by_epoch_and_verdict(run):
    found = losses.bins(run, "loss", "verdict")
    assert found.epochs.tolist() == [1, 2]
    assert found.groups == ("clean", "hard", "noisy")
    assert found.totals.tolist() == [[2, 2, 1], [2, 2, 1]]  # row 5 has no loss
    # Epoch 2: clean 0 and 1, hard 2 and 3.5, noisy 4, on an axis from 0 to 4.
    middles = (found.losses[:-1] + found.losses[1:]) / 2
    for group, expected in enumerate([[0, 1], [2, 3.5], [4]]):
        there = middles[found.counts[1, group] > 0]
        assert there == pytest.approx(expected, abs=0.001)


def test_losses_are_counted_by_planted_kind_hard_ones_first(run):
    found = losses.bins(run, "loss_in_sample", "kind")
    assert losses.planted(run) == {"minority": "hard", "position": "noise", "uniform": "noise"}
    assert found.groups == (losses.GENUINE, "minority", "position", "uniform")
    assert found.totals[1].tolist() == [2, 1, 1, 2]


def test_a_review_list_is_one_more_group(run, tmp_path):
    pd.DataFrame({"row": [2, 3, 5]}).to_parquet(tmp_path / "list.parquet")
    found = losses.bins(run, "loss", "verdict", list_path=str(tmp_path / "list.parquet"))
    assert found.groups[-1] == losses.LISTED
    assert found.totals[:, -1].tolist() == [2, 2]
    assert found.totals[1, :3].tolist() == [2, 2, 1]  # the others are as before


def test_the_final_loss_has_no_epochs(run):
    assert losses.bins(run, losses.FINAL, "verdict").epochs.tolist() == [0]


def test_a_logarithmic_axis_has_bins_of_equal_ratio_and_loses_nothing(run):
    found = losses.bins(run, "loss", "verdict", log=True)
    ratios = found.losses[1:] / found.losses[:-1]
    assert ratios == pytest.approx(ratios[0])
    assert found.counts.sum(axis=2).tolist() == found.totals.tolist()


def test_another_column_is_refused(run):
    with pytest.raises(ValueError, match="known: loss, loss_in_sample, final"):
        losses.bins(run, "loss; DROP TABLE", "verdict")


def test_a_run_without_history_says_what_to_do(run):
    (run.folder / "loss_history.parquet").unlink()
    with pytest.raises(DataError, match="run it again"):
        losses.bins(run, "loss", "verdict")


def test_wider_bins_hold_the_same_shares():
    edges, y = losses.histogram(bins([[[1, 0, 2, 1]]]), n_bars=2)
    assert edges.tolist() == [0.0, 0.5, 1.0]
    assert y.tolist() == [[[0.25, 0.75]]]


def test_a_density_has_the_area_of_its_bins_and_its_peak_where_they_are():
    counts = np.zeros((1, 1, 1000), int)
    counts[0, 0, 250] = 8
    x, y, sigma = losses.density(bins(counts), n_points=1000)
    assert y.sum() / 1000 == pytest.approx(1.0)
    assert x[y[0, 0].argmax()] == pytest.approx(0.25, abs=0.001)
    assert y.max() == pytest.approx(1 / (sigma * np.sqrt(2 * np.pi)), rel=0.01)


def test_smoothing_keeps_what_lies_at_the_edge():
    counts = np.zeros((1, 1, 500), int)
    counts[0, 0, 0] = 3
    _, y, _ = losses.density(bins(counts), n_points=500)
    assert y.sum() / 500 == pytest.approx(1.0)


def test_cumulative_shares_count_the_losses_beyond_the_axis():
    x, y = losses.cumulative(bins([[[1, 0, 2, 0]]], totals=[[4]]))
    assert x.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert y.tolist() == [[[0.25, 0.25, 0.75, 0.75]]]


def test_shared_area_is_one_for_equal_and_nothing_for_distant_groups():
    counts = np.zeros((2, 2, 1000), int)
    counts[0, :, 500] = (2, 20)  # epoch 1: both at the same place
    counts[1, 0, 100], counts[1, 1, 900] = 2, 20
    area = losses.shared_area(bins(counts), ["hard"], ["noisy"])
    assert area == pytest.approx([1.0, 0.0], abs=1e-6)


def test_shared_area_with_an_empty_group_is_not_known():
    counts = np.zeros((1, 2, 100), int)
    counts[0, 0, 5] = 1
    assert np.isnan(losses.shared_area(bins(counts), ["hard"], ["noisy"])).all()


def test_quantiles_are_edges_of_the_bins():
    found = bins([[[2, 4, 2, 2], [0, 0, 0, 0]]])
    values = losses.quantiles(found, (0.1, 0.5, 0.9))
    assert values[0, 0].tolist() == [0.25, 0.5, 1.0]
    assert np.isnan(values[0, 1]).all()
