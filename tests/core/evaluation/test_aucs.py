import numpy as np
import pytest

from core.evaluation.aucs import aucs_of, bootstrap, kind_aucs, matched_aucs
from core.evaluation.truth import NOISE_KINDS, Truth


def rng():
    return np.random.default_rng(0)


def test_only_the_given_rows_count():
    noise = np.array([True, False, False, True])
    signals = {"up": np.array([4.0, 3.0, 2.0, 1.0])}
    assert aucs_of(signals, noise, np.array([True, True, True, False])) == {"up": 1.0}
    assert aucs_of(signals, noise, np.ones(4, dtype=bool)) == {"up": 0.5}
    assert aucs_of(signals, noise, noise) == {"up": None}


def test_a_kind_of_noise_meets_genuine_interactions_and_no_other_kind():
    first, second = NOISE_KINDS[:2]
    truth = Truth((first, second, "", ""))
    assert kind_aucs(np.array([0.9, 0.1, 0.5, 0.2]), truth) == {first: 1.0, second: 0.0}


def test_nothing_can_be_matched_where_no_score_is_known():
    found = matched_aucs(
        {"loss": np.ones(3)}, np.array([True, False, True]), np.full(3, np.nan), rng()
    )
    assert found == {"loss": None}


def test_ties_are_half_won_in_the_interval_too():
    assert bootstrap(np.ones(6), np.arange(6) < 2, rng()) == (0.5, 0.5)


def test_the_interval_has_the_width_that_theory_gives():
    draw = np.random.default_rng(3)
    noise = np.arange(4000) < 2000
    low, high = bootstrap(draw.random(4000), noise, rng(), n_resamples=1000)
    # Blind signal: standard error sqrt((m + n + 1) / (12 m n)) = 0.00913.
    assert high - low == pytest.approx(2 * 1.96 * 0.00913, rel=0.15)
    assert low - 0.04 < 0.5 < high + 0.04


def test_a_perfect_signal_has_an_interval_of_one_point():
    assert bootstrap(np.array([2.0, 2.0, 1.0]), np.array([True, True, False]), rng()) == (1.0, 1.0)
