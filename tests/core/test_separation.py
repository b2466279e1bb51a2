"""Measures of separation against examples worked by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.separation import _one_to_one, auc, average_precision, kept_at

NAN = float("nan")


def test_auc_by_hand():
    noise = np.array([True, False, True, False])
    assert auc(np.array([4.0, 1.0, 3.0, 2.0]), noise) == 1.0
    assert auc(-np.array([4.0, 1.0, 3.0, 2.0]), noise) == 0.0
    assert auc(np.array([2.0, 1.0, 2.0, 3.0]), noise) == 0.5
    assert auc(np.zeros(4), noise) == 0.5
    assert auc(np.array([2.0, 2.0, 3.0, 1.0]), noise) == pytest.approx(3.5 / 4)


def test_average_precision_by_hand():
    noise = np.array([True, False, True, False])
    assert average_precision(np.array([4.0, 3.0, 2.0, 1.0]), noise) == pytest.approx(
        (1 + 2 / 3) / 2
    )
    assert average_precision(np.zeros(4), noise) == pytest.approx(0.5)


def test_detection_metrics_agree_with_scikit_learn_on_tied_signals():
    source = np.random.default_rng(0)
    noise = source.random(400) < 0.2
    signal = np.round(source.normal(size=400) + noise, 1)
    assert auc(signal, noise) == pytest.approx(roc_auc_score(noise, signal))
    assert average_precision(signal, noise) == pytest.approx(average_precision_score(noise, signal))


def test_rows_that_are_not_known_are_left_out():
    signal = np.array([3.0, np.nan, 1.0, np.nan])
    noise = np.array([True, False, False, True])
    assert auc(signal, noise) == 1.0
    assert average_precision(signal, noise) == 1.0


@pytest.mark.parametrize("noise", [[True, True], [False, False]])
def test_auc_of_one_kind_alone_is_not_known(noise):
    assert math.isnan(auc(np.array([1.0, 2.0]), np.array(noise)))


def test_detection_needs_some_noise_and_matching_shapes():
    assert math.isnan(average_precision(np.array([1.0]), np.array([False])))
    with pytest.raises(ValueError, match="shape"):
        auc(np.zeros(3), np.zeros(2, dtype=bool))


def test_ties_at_the_cut_are_thrown_out_by_the_share_that_is_needed():
    noise = np.array([True, True, False, False])
    hard = ~noise
    assert kept_at(np.ones(4), noise, hard, 1) == 0.5
    assert kept_at(np.ones(4), noise, hard, 2) == 0.0
    assert kept_at(np.array([2.0, NAN, 1.0, NAN]), noise, hard, 1) == 1.0
    assert kept_at(np.array([2.0, NAN, 1.0, NAN]), noise, hard, 2) == 0.0
    assert kept_at(np.ones(4), noise, hard, 0) == 1.0


def test_as_many_rows_of_either_kind_as_there_are_of_the_rarer_one_in_each_bin():
    bins = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    noise = np.array([1, 1, 1, 0, 1, 0, 0, 1, 1], dtype=bool)
    for seed in range(20):
        chosen = _one_to_one(noise, bins, np.random.default_rng(seed))
        assert np.bincount(bins[chosen & noise], minlength=3).tolist() == [1, 1, 0]
        assert np.bincount(bins[chosen & ~noise], minlength=3).tolist() == [1, 1, 0]
