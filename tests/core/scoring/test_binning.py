"""Bins by weighted quantiles, by hand and against the binning of scikit-learn."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from core.scoring.binning import weighted_bins

ALL = np.ones(6, dtype=bool)


def column(*values):
    return np.array(values, dtype=np.float32)[:, None]


def test_few_values_are_numbered_in_their_order():
    found = weighted_bins(column(5, 1, 5, 9, 1, 1), np.ones(6), ALL, 4)
    assert found[:, 0].tolist() == [1, 0, 1, 2, 0, 0]


def test_bins_hold_the_same_weight_and_not_the_same_number_of_rows():
    # Weights 1 1 1 1 4 4: half of the weight, 6, is reached within the fifth value.
    found = weighted_bins(column(1, 2, 3, 4, 5, 6), np.array([1, 1, 1, 1, 4, 4.0]), ALL, 2)
    assert found[:, 0].tolist() == [0, 0, 0, 0, 0, 1]
    even = weighted_bins(column(1, 2, 3, 4, 5, 6), np.ones(6), ALL, 2)
    assert even[:, 0].tolist() == [0, 0, 0, 1, 1, 1]


def test_rows_that_are_not_fitted_or_weigh_nothing_move_no_edge():
    fit = np.array([True, True, True, True, False, True])
    weight = np.array([1, 1, 1, 1, 1, 0.0])
    found = weighted_bins(column(1, 2, 3, 4, 50, 60), weight, fit, 2)
    assert found[:, 0].tolist() == [0, 0, 1, 1, 1, 1]


def test_what_is_not_known_stays_so():
    found = weighted_bins(column(1, np.nan, 2, 2, 1, np.nan), np.ones(6), ALL, 3)
    assert np.isnan(found[:, 0]).tolist() == [False, True, False, False, False, True]


@pytest.mark.parametrize("n_bins", [16, 128])
def test_trees_are_those_that_scikit_learn_grows_from_the_values(n_bins):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3000, 3)).astype(np.float32)
    features[rng.random(3000) < 0.1, 1] = np.nan
    target = features[:, 0] + rng.normal(size=3000) > 0
    weight, fit = rng.random(3000) + 0.1, rng.random(3000) < 0.8
    said = []
    for given in (features, weighted_bins(features, weight, fit, n_bins)):
        model = HistGradientBoostingClassifier(
            max_iter=20, max_bins=n_bins, early_stopping=False, random_state=0
        )
        model.fit(given[fit], target[fit], sample_weight=weight[fit])
        said.append(model.decision_function(given))
    np.testing.assert_allclose(said[1], said[0], atol=1e-6)
